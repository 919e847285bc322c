// Convolutions by 1 x 1 and 3 x 3 pixels, with zeros around the maps, and the bias, addition and ReLU that follow.
//
// Kernels for images in rows of channels fill a vector register with output channels: 18 then cost what 32 do. Here a
// register holds neighbouring pixels of one channel, so that any number of channels runs at full width. Some rows of an
// image are turned into planes of a channel each, convolved, and turned back, all in the cache of one core.

#include <algorithm>
#include <vector>

#include "kernel-support.h"

namespace fsx {
namespace {

// Pixels that one thread takes before it looks for more.
constexpr int64_t kGrainPixels = 512;

// Vectors of the compiler: `Lanes` floats, wherever they lie.
template <int Lanes>
struct VectorOf {
  typedef float Type __attribute__((vector_size(4 * Lanes)));
  typedef Type Anywhere __attribute__((aligned(4), may_alias));
};
using Four = VectorOf<4>::Anywhere;

FSX_INLINE void transpose4x4(const float* x, int64_t xStride, float* y, int64_t yStride) {
  const Four a = *reinterpret_cast<const Four*>(x), b = *reinterpret_cast<const Four*>(x + xStride);
  const Four c = *reinterpret_cast<const Four*>(x + 2 * xStride), d = *reinterpret_cast<const Four*>(x + 3 * xStride);
  const Four ab = {a[0], b[0], a[1], b[1]}, abEnd = {a[2], b[2], a[3], b[3]};
  const Four cd = {c[0], d[0], c[1], d[1]}, cdEnd = {c[2], d[2], c[3], d[3]};
  *reinterpret_cast<Four*>(y) = Four{ab[0], ab[1], cd[0], cd[1]};
  *reinterpret_cast<Four*>(y + yStride) = Four{ab[2], ab[3], cd[2], cd[3]};
  *reinterpret_cast<Four*>(y + 2 * yStride) = Four{abEnd[0], abEnd[1], cdEnd[0], cdEnd[1]};
  *reinterpret_cast<Four*>(y + 3 * yStride) = Four{abEnd[2], abEnd[3], cdEnd[2], cdEnd[3]};
}

// `y[column][row] = x[row][column]`, in blocks of which the last overlap with those before.
FSX_INLINE void transpose(const float* x, int64_t xStride, int64_t rows, int64_t columns, float* y, int64_t yStride) {
  if (rows < 4 || columns < 4) {
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t c = 0; c < columns; c++) y[c * yStride + r] = x[r * xStride + c];
    }
    return;
  }
  for (int64_t r = 0; r < rows; r += 4) {
    const int64_t row = std::min(r, rows - 4);
    for (int64_t c = 0; c < columns; c += 4) {
      const int64_t column = std::min(c, columns - 4);
      transpose4x4(x + row * xStride + column, xStride, y + column * yStride + row, yStride);
    }
  }
}

// A convolution as the kernels below read it.
struct Convolution {
  int64_t images, height, width, channels, results;
  // Pixels along a side of the kernel: 1 or 3.
  int64_t side;
  // Results that are computed together; `weights` and `bias` have zeros up to a multiple of it.
  int block;
  const float* maps;
  // [results / block][channels][taps][block]
  std::vector<float> weights;
  std::vector<float> bias;
  // What is added to the result, or null.
  const float* addend;
  bool relu;
  float* target;

  int64_t taps() const { return side * side; }
  int64_t paddedResults() const { return (results + block - 1) / block * block; }
};

// `Block` results at `Vectors` vectors of pixels, whose upper left neighbours `pixels` points to, into planes.
template <int Lanes, int Vectors, int Side, int Block>
FSX_INLINE void convolveBlock(const float* const* pixels, int64_t planeStride, int64_t rowStride, int64_t channels,
                              const float* weights, const float* bias, float* planes) {
  using Vector = typename VectorOf<Lanes>::Type;
  using Anywhere = typename VectorOf<Lanes>::Anywhere;
  Vector sums[Block][Vectors];
  for (int o = 0; o < Block; o++) {
    for (int v = 0; v < Vectors; v++) sums[o][v] = Vector{} + bias[o];
  }
  const float* source[Vectors];
  for (int v = 0; v < Vectors; v++) source[v] = pixels[v];
  for (int64_t c = 0; c < channels; c++) {
#pragma GCC unroll 9
    for (int tap = 0; tap < Side * Side; tap++) {
      Vector x[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; v++) {
        x[v] = *reinterpret_cast<const Anywhere*>(source[v] + tap / Side * rowStride + tap % Side);
      }
#pragma GCC unroll 6
      for (int o = 0; o < Block; o++) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; v++) sums[o][v] += x[v] * weights[o];
      }
      weights += Block;
    }
    for (int v = 0; v < Vectors; v++) source[v] += planeStride;
  }
  for (int o = 0; o < Block; o++) {
    for (int v = 0; v < Vectors; v++) {
      *reinterpret_cast<Anywhere*>(planes + (o * Vectors + v) * Lanes) = sums[o][v];
    }
  }
}

FSX_INLINE void finish(const Convolution& is, int64_t start, int64_t count) {
  float* y = is.target + start;
  if (is.addend != nullptr) {
    for (int64_t i = 0; i < count; i++) y[i] += is.addend[start + i];
  }
  if (is.relu) {
    for (int64_t i = 0; i < count; i++) y[i] = y[i] < 0 ? 0 : y[i];
  }
}

// Rows [begin, end) of an image.
template <int Lanes, int Vectors, int Side, int Block>
FSX_INLINE void convolveRows(const Convolution& is, int64_t image, int64_t begin, int64_t end, Scratch& scratch) {
  constexpr int64_t kMargin = Side / 2;
  const int64_t segments = (is.width + Lanes - 1) / Lanes, rows = end - begin + 2 * kMargin;
  const int64_t rowStride = segments * Lanes + 2 * kMargin, planeStride = rows * rowStride;
  float* source = scratch.room(is.channels * planeStride + is.paddedResults() * Vectors * Lanes);
  float* results = source + is.channels * planeStride;
  std::fill(source, results, 0.0f);
  const int64_t before = image * is.height;
  for (int64_t row = std::max<int64_t>(0, begin - kMargin); row < std::min(is.height, end + kMargin); row++) {
    transpose(is.maps + (before + row) * is.width * is.channels, is.channels, is.width, is.channels,
              source + (row - begin + kMargin) * rowStride + kMargin, planeStride);
  }
  const int64_t count = (end - begin) * segments;
  for (int64_t first = 0; first < count; first += Vectors) {
    int64_t row[Vectors], column[Vectors];
    const float* pixels[Vectors];
    for (int v = 0; v < Vectors; v++) {
      const int64_t vector = std::min(first + v, count - 1);
      row[v] = vector / segments;
      column[v] = vector % segments * Lanes;
      pixels[v] = source + row[v] * rowStride + column[v];
    }
    for (int64_t o = 0; o < is.results; o += Block) {
      convolveBlock<Lanes, Vectors, Side, Block>(pixels, planeStride, rowStride, is.channels,
                                                 is.weights.data() + o * is.channels * is.taps(), is.bias.data() + o,
                                                 results + o * Vectors * Lanes);
    }
    for (int v = 0; v < Vectors && first + v < count; v++) {
      const int64_t inside = std::min<int64_t>(Lanes, is.width - column[v]);
      const int64_t start = ((before + begin + row[v]) * is.width + column[v]) * is.results;
      transpose(results + v * Lanes, Vectors * Lanes, is.results, inside, is.target + start, is.results);
      finish(is, start, inside * is.results);
    }
  }
}

template <int Lanes, int Vectors>
FSX_INLINE void convolveInBlocks(const Convolution& is, int64_t image, int64_t begin, int64_t end, Scratch& scratch) {
  if (is.side == 3 && is.block == 6) convolveRows<Lanes, Vectors, 3, 6>(is, image, begin, end, scratch);
  else if (is.side == 3) convolveRows<Lanes, Vectors, 3, 4>(is, image, begin, end, scratch);
  else if (is.block == 6) convolveRows<Lanes, Vectors, 1, 6>(is, image, begin, end, scratch);
  else convolveRows<Lanes, Vectors, 1, 4>(is, image, begin, end, scratch);
}

#define FSX_ROWS const Convolution &is, int64_t image, int64_t begin, int64_t end, Scratch &scratch
// As many sums as there are registers for, beside the pixels and a weight.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target("avx512f"))) void convolve(FSX_ROWS) { convolveInBlocks<16, 4>(is, image, begin, end, scratch); }
__attribute__((target("avx2,fma"))) void convolve(FSX_ROWS) { convolveInBlocks<8, 2>(is, image, begin, end, scratch); }
__attribute__((target("default"))) void convolve(FSX_ROWS) { convolveInBlocks<4, 2>(is, image, begin, end, scratch); }
#else
void convolve(FSX_ROWS) { convolveInBlocks<4, 4>(is, image, begin, end, scratch); }
#endif
#undef FSX_ROWS

// The kernel is [side, side, channels, results]; of a gradient [side, side, results, channels], with the last tap first.
std::vector<float> blocksOfWeights(const Convolution& is, const float* kernel, bool isGradient) {
  std::vector<float> weights(is.paddedResults() * is.channels * is.taps());
  const int64_t channelStride = isGradient ? 1 : is.results, resultStride = isGradient ? is.channels : 1;
  float* block = weights.data();
  for (int64_t first = 0; first < is.results; first += is.block) {
    const int64_t count = std::min<int64_t>(is.block, is.results - first);
    for (int64_t c = 0; c < is.channels; c++) {
      for (int64_t tap = 0; tap < is.taps(); tap++, block += is.block) {
        const float* from = kernel + (isGradient ? is.taps() - 1 - tap : tap) * is.channels * is.results +
                            c * channelStride + first * resultStride;
        for (int64_t o = 0; o < count; o++) block[o] = from[o * resultStride];
      }
    }
  }
  return weights;
}

// What wastes fewer results, and six where both waste none.
int blockOf(int64_t results) {
  const auto wasted = [&](int block) { return (block - results % block) % block; };
  return wasted(4) < wasted(6) ? 4 : 6;
}

class ConvolutionOp : public OpKernel {
 public:
  explicit ConvolutionOp(OpKernelConstruction* construction) : OpKernel(construction) {
    OP_REQUIRES_OK(construction, construction->GetAttr("biases", &biases_));
    OP_REQUIRES_OK(construction, construction->GetAttr("addends", &addends_));
    OP_REQUIRES_OK(construction, construction->GetAttr("relu", &relu_));
    OP_REQUIRES_OK(construction, construction->GetAttr("gradient", &isGradient_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &maps = context->input(0), &kernel = context->input(1);
    TensorShape shape = maps.shape();
    shape.set_dim(3, kernel.dim_size(isGradient_ ? 2 : 3));
    Tensor* result;
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &result));

    Convolution is{shape.dim_size(0), shape.dim_size(1), shape.dim_size(2), maps.dim_size(3), shape.dim_size(3)};
    is.side = kernel.dim_size(0);
    is.block = blockOf(is.results);
    is.maps = maps.flat<float>().data();
    is.weights = blocksOfWeights(is, kernel.flat<float>().data(), isGradient_);
    is.bias.resize(is.paddedResults());
    if (biases_ > 0) std::copy_n(context->input(2).flat<float>().data(), is.results, is.bias.begin());
    is.addend = addends_ > 0 ? context->input(2 + biases_).flat<float>().data() : nullptr;
    is.relu = relu_;
    is.target = result->flat<float>().data();

    const int64_t rows = std::max<int64_t>(1, kGrainPixels / std::max<int64_t>(1, is.width));
    const int64_t strips = (is.height + rows - 1) / rows;
    parallelFor(context, is.images * strips, 1, [&](int64_t begin, int64_t end) {
      thread_local Scratch scratch;
      for (int64_t i = begin; i < end; i++) {
        const int64_t first = i % strips * rows;
        convolve(is, i / strips, first, std::min(is.height, first + rows), scratch);
      }
    });
  }

 private:
  int biases_, addends_;
  bool relu_, isGradient_;
};

REGISTER_OP("FsxConvolution")
    .Input("maps: float")
    .Input("kernel: float")
    .Input("bias: biases * float")
    .Input("addend: addends * float")
    .Output("result: float")
    .Attr("biases: int >= 0 = 0")
    .Attr("addends: int >= 0 = 0")
    .Attr("relu: bool = false")
    .Attr("gradient: bool = false")
    .SetShapeFn([](InferenceContext* context) {
      bool isGradient;
      TF_RETURN_IF_ERROR(context->GetAttr("gradient", &isGradient));
      tensorflow::shape_inference::ShapeHandle result;
      TF_RETURN_IF_ERROR(context->ReplaceDim(context->input(0), 3, context->Dim(context->input(1), isGradient ? 2 : 3),
                                             &result));
      context->set_output(0, result);
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxConvolution").Device(tensorflow::DEVICE_CPU), ConvolutionOp);

}  // namespace
}  // namespace fsx
