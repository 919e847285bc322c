// Batch norm of training over all axes but the last, with what follows it (an added map, ReLU) in the same pass.
//
// Maps are read as rows of channels. Rows are taken in groups whose numbers fill whole vector registers, so that any
// number of channels runs at full width; per-channel values are laid out as often as a group has rows. Sums are taken
// over blocks of a fixed size and joined in double precision: they do not depend on the number of threads.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "kernel-support.h"

namespace fsx {
namespace {

constexpr int64_t kVectorWidth = 16;
constexpr int64_t kBlockNumbers = 8192;
// Work for one thread before it looks for more: about half a megabyte of a map.
constexpr int64_t kGrainBlocks = 16;

// How the rows of a map are worked through.
struct Plan {
  Plan(int64_t rows, int64_t channels) : rows(rows), channels(channels) {
    groupRows = kVectorWidth / std::gcd(kVectorWidth, channels);
    width = groupRows * channels;
    blockRows = std::max<int64_t>(1, kBlockNumbers / width) * groupRows;
    blocks = (rows + blockRows - 1) / blockRows;
  }

  int64_t rowsOf(int64_t block) const { return std::min(blockRows, rows - block * blockRows); }

  // Per-channel values, once for every row of a group.
  template <typename Value>
  std::vector<float> spread(Value valueOf) const {
    std::vector<float> values(width);
    for (int64_t i = 0; i < width; i++) values[i] = valueOf(i % channels);
    return values;
  }

  // A lane of a group belongs to a channel: the sums of the lanes, by channel.
  void fold(const std::vector<float>& lanes, double* sums) const {
    for (int64_t i = 0; i < width; i++) sums[i % channels] += lanes[i];
  }

  int64_t rows, channels, groupRows, width, blockRows, blocks;
};

// What a map is normalized by, spread: `(x - mean) factor + offset`.
struct Normalization {
  Normalization(const Plan& plan, const float* means, const float* inverses, const float* scales, const float* offsets)
      : mean(plan.spread([&](int64_t c) { return means[c]; })),
        factor(plan.spread([&](int64_t c) { return scales[c] * inverses[c]; })),
        offset(plan.spread([&](int64_t c) { return offsets[c]; })) {}

  std::vector<float> mean, factor, offset;
};

FSX_VECTORIZED void addLanes(const float* x, int64_t numbers, int64_t width, float* __restrict sums) {
  for (int64_t start = 0; start < numbers; start += width) {
    const int64_t lanes = std::min(width, numbers - start);
    for (int64_t i = 0; i < lanes; i++) sums[i] += x[start + i];
  }
}

FSX_VECTORIZED void addSquares(const float* x, int64_t numbers, int64_t width, const float* mean,
                               float* __restrict sums) {
  for (int64_t start = 0; start < numbers; start += width) {
    const int64_t lanes = std::min(width, numbers - start);
    for (int64_t i = 0; i < lanes; i++) {
      const float centered = x[start + i] - mean[i];
      sums[i] += centered * centered;
    }
  }
}

template <bool kRelu, bool kAdd>
FSX_INLINE void normalizeLanes(const float* x, const float* addend, int64_t numbers, int64_t width, const float* mean,
                           const float* factor, const float* offset, float* __restrict y) {
  for (int64_t start = 0; start < numbers; start += width) {
    const int64_t lanes = std::min(width, numbers - start);
    for (int64_t i = 0; i < lanes; i++) {
      float value = (x[start + i] - mean[i]) * factor[i] + offset[i];
      if (kAdd) value += addend[start + i];
      y[start + i] = kRelu ? std::max(value, 0.0f) : value;
    }
  }
}

FSX_VECTORIZED void normalize(const float* x, const float* addend, bool relu, int64_t numbers, int64_t width,
                              const float* mean, const float* factor, const float* offset, float* __restrict y) {
  if (addend != nullptr && relu) {
    normalizeLanes<true, true>(x, addend, numbers, width, mean, factor, offset, y);
  } else if (addend != nullptr) {
    normalizeLanes<false, true>(x, addend, numbers, width, mean, factor, offset, y);
  } else if (relu) {
    normalizeLanes<true, false>(x, addend, numbers, width, mean, factor, offset, y);
  } else {
    normalizeLanes<false, false>(x, addend, numbers, width, mean, factor, offset, y);
  }
}

// The gradient that reaches the normalized map: none where ReLU cut it off.
template <bool kRelu>
FSX_INLINE float passed(float dy, float centered, float factor, float offset) {
  return !kRelu || centered * factor + offset > 0.0f ? dy : 0.0f;
}

template <bool kRelu>
FSX_INLINE void addGradientLanes(const float* dy, const float* x, int64_t numbers, int64_t width, const float* mean,
                             const float* factor, const float* offset, float* __restrict sums,
                             float* __restrict products) {
  for (int64_t start = 0; start < numbers; start += width) {
    const int64_t lanes = std::min(width, numbers - start);
    for (int64_t i = 0; i < lanes; i++) {
      const float centered = x[start + i] - mean[i];
      const float gradient = passed<kRelu>(dy[start + i], centered, factor[i], offset[i]);
      sums[i] += gradient;
      products[i] += gradient * centered;
    }
  }
}

FSX_VECTORIZED void addGradients(bool relu, const float* dy, const float* x, int64_t numbers, int64_t width,
                                 const float* mean, const float* factor, const float* offset, float* __restrict sums,
                                 float* __restrict products) {
  if (relu) {
    addGradientLanes<true>(dy, x, numbers, width, mean, factor, offset, sums, products);
  } else {
    addGradientLanes<false>(dy, x, numbers, width, mean, factor, offset, sums, products);
  }
}

template <bool kRelu>
FSX_INLINE void backLanes(const float* dy, const float* x, int64_t numbers, int64_t width, const float* mean,
                      const float* factor, const float* offset, const float* meanGradient, const float* slope,
                      float* dx) {
  for (int64_t start = 0; start < numbers; start += width) {
    const int64_t lanes = std::min(width, numbers - start);
    for (int64_t i = 0; i < lanes; i++) {
      const float centered = x[start + i] - mean[i];
      const float gradient = passed<kRelu>(dy[start + i], centered, factor[i], offset[i]);
      dx[start + i] = factor[i] * (gradient - meanGradient[i] - centered * slope[i]);
    }
  }
}

FSX_VECTORIZED void back(bool relu, const float* dy, const float* x, int64_t numbers, int64_t width,
                         const float* mean, const float* factor, const float* offset, const float* meanGradient,
                         const float* slope, float* dx) {
  if (relu) {
    backLanes<true>(dy, x, numbers, width, mean, factor, offset, meanGradient, slope, dx);
  } else {
    backLanes<false>(dy, x, numbers, width, mean, factor, offset, meanGradient, slope, dx);
  }
}

// Calls `work(first row, rows, block)` for every block.
template <typename Work>
void forBlocks(OpKernelContext* context, const Plan& plan, Work work) {
  parallelFor(context, plan.blocks, kGrainBlocks, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) work(block * plan.blockRows, plan.rowsOf(block), block);
  });
}

struct Moments {
  std::vector<double> mean, squares;
};

// Means, and sums of squared differences from them; blocks are joined as by Chan et al. (1979).
Moments momentsOf(OpKernelContext* context, const Plan& plan, const Reader& maps) {
  const int64_t channels = plan.channels;
  std::vector<double> means(plan.blocks * channels), squares(plan.blocks * channels);
  forBlocks(context, plan, [&](int64_t row, int64_t rows, int64_t block) {
    double* mean = &means[block * channels];
    std::vector<float> lanes(plan.width, 0.0f);
    Scratch scratch;
    const float* x = maps.at(row * channels, rows * channels, scratch);
    addLanes(x, rows * channels, plan.width, lanes.data());
    plan.fold(lanes, mean);
    for (int64_t c = 0; c < channels; c++) mean[c] /= rows;
    const auto center = plan.spread([&](int64_t c) { return static_cast<float>(mean[c]); });
    std::fill(lanes.begin(), lanes.end(), 0.0f);
    addSquares(x, rows * channels, plan.width, center.data(), lanes.data());
    plan.fold(lanes, &squares[block * channels]);
  });
  Moments all{std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
  int64_t seen = 0;
  for (int64_t block = 0; block < plan.blocks; block++) {
    const double rows = plan.rowsOf(block), total = seen + rows;
    for (int64_t c = 0; c < channels; c++) {
      const double apart = means[block * channels + c] - all.mean[c];
      all.mean[c] += apart * rows / total;
      all.squares[c] += squares[block * channels + c] + apart * apart * seen * rows / total;
    }
    seen += plan.rowsOf(block);
  }
  return all;
}

class BatchNormOp : public OpKernel {
 public:
  explicit BatchNormOp(OpKernelConstruction* construction) : OpKernel(construction) {
    OP_REQUIRES_OK(construction, construction->GetAttr("epsilon", &epsilon_));
    OP_REQUIRES_OK(construction, construction->GetAttr("relu", &relu_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    const float* scale = context->input(1).flat<float>().data();
    const float* offset = context->input(2).flat<float>().data();
    const int64_t channels = x.dim_size(x.dims() - 1);
    const Plan plan(channels == 0 ? 0 : x.NumElements() / channels, channels);
    Tensor* outputs[4];
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &outputs[0]));
    for (int i = 1; i < 4; i++) {
      OP_REQUIRES_OK(context, context->allocate_output(i, TensorShape({channels}), &outputs[i]));
    }
    if (x.NumElements() == 0) return;

    const Reader maps(x);
    const Moments moments = momentsOf(context, plan, maps);
    float* mean = outputs[1]->flat<float>().data();
    float* variance = outputs[2]->flat<float>().data();
    float* inverse = outputs[3]->flat<float>().data();
    for (int64_t c = 0; c < channels; c++) {
      mean[c] = moments.mean[c];
      variance[c] = moments.squares[c] / std::max<int64_t>(1, plan.rows - 1);
      inverse[c] = 1 / std::sqrt(moments.squares[c] / plan.rows + epsilon_);
    }
    const Normalization by(plan, mean, inverse, scale, offset);
    std::optional<Reader> addends;
    if (context->num_inputs() > 3) addends.emplace(context->input(3));
    const Writer results(outputs[0]);
    forBlocks(context, plan, [&](int64_t row, int64_t rows, int64_t) {
      const int64_t start = row * channels, numbers = rows * channels;
      Scratch mapScratch, addendScratch, resultScratch;
      const float* source = maps.at(start, numbers, mapScratch);
      const float* addend = addends ? addends->at(start, numbers, addendScratch) : nullptr;
      results.at(start, numbers, resultScratch, [&](float* y) {
        normalize(source, addend, relu_, numbers, plan.width, by.mean.data(), by.factor.data(), by.offset.data(), y);
      });
    });
  }

 private:
  float epsilon_;
  bool relu_;
};

class BatchNormGradOp : public OpKernel {
 public:
  explicit BatchNormGradOp(OpKernelConstruction* construction) : OpKernel(construction) {
    OP_REQUIRES_OK(construction, construction->GetAttr("relu", &relu_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(1);
    const float* scale = context->input(2).flat<float>().data();
    const float* offset = context->input(3).flat<float>().data();
    const float* mean = context->input(4).flat<float>().data();
    const float* inverse = context->input(5).flat<float>().data();
    const int64_t channels = x.dim_size(x.dims() - 1);
    const Plan plan(channels == 0 ? 0 : x.NumElements() / channels, channels);
    Tensor *dx, *dScale, *dOffset;
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, x.shape(), &dx));
    OP_REQUIRES_OK(context, context->allocate_output(1, TensorShape({channels}), &dScale));
    OP_REQUIRES_OK(context, context->allocate_output(2, TensorShape({channels}), &dOffset));
    if (x.NumElements() == 0) return;

    const Reader gradients(context->input(0)), maps(x);
    const Normalization by(plan, mean, inverse, scale, offset);
    std::vector<double> sums(plan.blocks * channels), products(plan.blocks * channels);
    forBlocks(context, plan, [&](int64_t row, int64_t rows, int64_t block) {
      const int64_t start = row * channels, numbers = rows * channels;
      std::vector<float> lanes(plan.width, 0.0f), productLanes(plan.width, 0.0f);
      Scratch gradientScratch, mapScratch;
      addGradients(relu_, gradients.at(start, numbers, gradientScratch), maps.at(start, numbers, mapScratch), numbers,
                   plan.width, by.mean.data(), by.factor.data(), by.offset.data(), lanes.data(), productLanes.data());
      plan.fold(lanes, &sums[block * channels]);
      plan.fold(productLanes, &products[block * channels]);
    });
    for (int64_t block = 1; block < plan.blocks; block++) {
      for (int64_t c = 0; c < channels; c++) {
        sums[c] += sums[block * channels + c];
        products[c] += products[block * channels + c];
      }
    }
    for (int64_t c = 0; c < channels; c++) {
      dOffset->flat<float>()(c) = sums[c];
      dScale->flat<float>()(c) = products[c] * inverse[c];
    }
    const auto meanGradients = plan.spread([&](int64_t c) { return static_cast<float>(sums[c] / plan.rows); });
    const auto slopes = plan.spread([&](int64_t c) {
      return static_cast<float>(products[c] * inverse[c] * inverse[c] / plan.rows);
    });
    const Writer results(dx);
    forBlocks(context, plan, [&](int64_t row, int64_t rows, int64_t) {
      const int64_t start = row * channels, numbers = rows * channels;
      Scratch gradientScratch, mapScratch, resultScratch;
      const float* dy = gradients.at(start, numbers, gradientScratch);
      const float* source = maps.at(start, numbers, mapScratch);
      results.at(start, numbers, resultScratch, [&](float* target) {
        back(relu_, dy, source, numbers, plan.width, by.mean.data(), by.factor.data(), by.offset.data(),
             meanGradients.data(), slopes.data(), target);
      });
    });
  }

 private:
  bool relu_;
};

REGISTER_OP("FsxBatchNorm")
    .Input("x: X")
    .Input("scale: float")
    .Input("offset: float")
    .Input("addend: addends * A")
    .Output("y: Y")
    .Output("mean: float")
    .Output("variance: float")
    .Output("inverse_deviation: float")
    .Attr("X: {float, bfloat16} = DT_FLOAT")
    .Attr("A: {float, bfloat16} = DT_FLOAT")
    .Attr("Y: {float, bfloat16} = DT_FLOAT")
    .Attr("addends: int >= 0 = 0")
    .Attr("epsilon: float = 1e-5")
    .Attr("relu: bool = false")
    .SetShapeFn([](InferenceContext* context) {
      context->set_output(0, context->input(0));
      for (int i = 1; i < 4; i++) context->set_output(i, context->input(1));
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxBatchNorm").Device(tensorflow::DEVICE_CPU), BatchNormOp);

REGISTER_OP("FsxBatchNormGrad")
    .Input("dy: DY")
    .Input("x: X")
    .Input("scale: float")
    .Input("offset: float")
    .Input("mean: float")
    .Input("inverse_deviation: float")
    .Output("dx: DX")
    .Output("d_scale: float")
    .Output("d_offset: float")
    .Attr("DY: {float, bfloat16} = DT_FLOAT")
    .Attr("X: {float, bfloat16} = DT_FLOAT")
    .Attr("DX: {float, bfloat16} = DT_FLOAT")
    .Attr("relu: bool = false")
    .SetShapeFn([](InferenceContext* context) {
      context->set_output(0, context->input(1));
      for (int i = 1; i < 3; i++) context->set_output(i, context->input(2));
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxBatchNormGrad").Device(tensorflow::DEVICE_CPU), BatchNormGradOp);

}  // namespace
}  // namespace fsx
