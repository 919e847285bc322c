// Maps read bilinearly at points, and what reaches maps and points from a gradient.
//
// A point lies in [0, 1]; pixel i has its centre at (i + 0.5) / size. Outside of the centres the border's value counts,
// and the point has no gradient there.

#include <algorithm>
#include <cmath>

#include "kernel-support.h"

namespace fsx {
namespace {

// Numbers that one thread reads before it looks for another.
constexpr int64_t kGrainNumbers = 1 << 16;

// Where a point lies along an axis: between two pixels, `share` of the way to the second.
struct Place {
  Place(float point, int64_t size) {
    const float pixel = point * size - 0.5f;
    const float last = size - 1;
    const float inside = pixel < 0 ? 0 : pixel > last ? last : pixel;
    first = std::isnan(inside) ? 0 : std::min<int64_t>(inside, std::max<int64_t>(0, size - 2));
    second = std::min<int64_t>(first + 1, size - 1);
    share = inside - first;
    slope = inside == pixel ? size : 0;
  }

  int64_t first, second;
  float share;
  // What `share` grows by when the point does.
  float slope;
};

// The four pixels around a point, as rows of channels.
struct Corners {
  Corners(const float* point, int64_t height, int64_t width)
      : x(point[0], width),
        y(point[1], height),
        rows{y.first * width + x.first, y.first * width + x.second, y.second * width + x.first,
             y.second * width + x.second},
        weights{(1 - y.share) * (1 - x.share), (1 - y.share) * x.share, y.share * (1 - x.share), y.share * x.share} {}

  Place x, y;
  int64_t rows[4];
  float weights[4];
};

FSX_VECTORIZED void mix(const float* a, const float* b, const float* c, const float* d, const float* weights,
                        int64_t channels, float* y) {
  const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
  for (int64_t i = 0; i < channels; i++) y[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
}

FSX_VECTORIZED void addScaled(const float* x, float factor, int64_t channels, float* sums) {
  for (int64_t i = 0; i < channels; i++) sums[i] += factor * x[i];
}

// What the extents of `maps` or its gradient, and of `points`, say.
struct Extents {
  Extents(const TensorShape& maps, const TensorShape& points)
      : images(maps.dim_size(0)),
        height(maps.dim_size(1)),
        width(maps.dim_size(2)),
        channels(maps.dim_size(3)),
        points(points.dim_size(1)) {}

  int64_t area() const { return height * width * channels; }
  int64_t grain() const { return std::max<int64_t>(1, kGrainNumbers / std::max<int64_t>(1, 4 * channels)); }

  int64_t images, height, width, channels, points;
};

class SampleBilinearOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &maps = context->input(0), &points = context->input(1);
    const Extents is(maps.shape(), points.shape());
    Tensor* read;
    OP_REQUIRES_OK(context, context->allocate_output(0, TensorShape({is.images, is.points, is.channels}), &read));
    const float* places = points.flat<float>().data();
    const float* source = maps.flat<float>().data();
    float* target = read->flat<float>().data();
    parallelFor(context, is.images * is.points, is.grain(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const Corners at(places + 2 * i, is.height, is.width);
        const float* image = source + i / is.points * is.area();
        const auto row = [&](int corner) { return image + at.rows[corner] * is.channels; };
        mix(row(0), row(1), row(2), row(3), at.weights, is.channels, target + i * is.channels);
      }
    });
  }
};

class SampleBilinearMapsGradOp : public OpKernel {
 public:
  explicit SampleBilinearMapsGradOp(OpKernelConstruction* construction) : OpKernel(construction) {
    OP_REQUIRES_OK(construction, construction->GetAttr("height", &height_));
    OP_REQUIRES_OK(construction, construction->GetAttr("width", &width_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor &dy = context->input(0), &points = context->input(1);
    const TensorShape shape({dy.dim_size(0), height_, width_, dy.dim_size(2)});
    const Extents is(shape, points.shape());
    Tensor* maps;
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &maps));
    const float* gradients = dy.flat<float>().data();
    const float* places = points.flat<float>().data();
    float* target = maps->flat<float>().data();
    // An image is one thread's, so that sums do not depend on the number of threads.
    parallelFor(context, is.images, 1, [&](int64_t begin, int64_t end) {
      std::fill(target + begin * is.area(), target + end * is.area(), 0.0f);
      for (int64_t i = begin * is.points; i < end * is.points; i++) {
        const Corners at(places + 2 * i, is.height, is.width);
        float* image = target + i / is.points * is.area();
        for (int corner = 0; corner < 4; corner++) {
          addScaled(gradients + i * is.channels, at.weights[corner], is.channels,
                    image + at.rows[corner] * is.channels);
        }
      }
    });
  }

 private:
  int64_t height_, width_;
};

class SampleBilinearPointsGradOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &dy = context->input(0), &maps = context->input(1), &points = context->input(2);
    const Extents is(maps.shape(), points.shape());
    Tensor* result;
    OP_REQUIRES_OK(context, context->allocate_output(0, points.shape(), &result));
    const float* places = points.flat<float>().data();
    const float* source = maps.flat<float>().data();
    const float* gradients = dy.flat<float>().data();
    float* target = result->flat<float>().data();
    parallelFor(context, is.images * is.points, is.grain(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const Corners at(places + 2 * i, is.height, is.width);
        const float* image = source + i / is.points * is.area();
        // What each corner has to do with the gradient.
        double product[4];
        for (int corner = 0; corner < 4; corner++) {
          const float* row = image + at.rows[corner] * is.channels;
          product[corner] = 0;
          for (int64_t c = 0; c < is.channels; c++) product[corner] += gradients[i * is.channels + c] * row[c];
        }
        const double upper = product[1] - product[0], lower = product[3] - product[2];
        const double left = product[2] - product[0], right = product[3] - product[1];
        target[2 * i] = at.x.slope * (upper + at.y.share * (lower - upper));
        target[2 * i + 1] = at.y.slope * (left + at.x.share * (right - left));
      }
    });
  }
};

REGISTER_OP("FsxSampleBilinear")
    .Input("maps: float")
    .Input("points: float")
    .Output("read: float")
    .SetShapeFn([](InferenceContext* context) {
      const auto maps = context->input(0);
      context->set_output(
          0, context->MakeShape({context->Dim(maps, 0), context->Dim(context->input(1), 1), context->Dim(maps, 3)}));
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxSampleBilinear").Device(tensorflow::DEVICE_CPU), SampleBilinearOp);

REGISTER_OP("FsxSampleBilinearMapsGrad")
    .Input("dy: float")
    .Input("points: float")
    .Output("d_maps: float")
    .Attr("height: int")
    .Attr("width: int")
    .SetShapeFn([](InferenceContext* context) {
      int64_t height, width;
      TF_RETURN_IF_ERROR(context->GetAttr("height", &height));
      TF_RETURN_IF_ERROR(context->GetAttr("width", &width));
      const auto dy = context->input(0);
      context->set_output(0, context->MakeShape({context->Dim(dy, 0), context->MakeDim(height),
                                                 context->MakeDim(width), context->Dim(dy, 2)}));
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxSampleBilinearMapsGrad").Device(tensorflow::DEVICE_CPU), SampleBilinearMapsGradOp);

REGISTER_OP("FsxSampleBilinearPointsGrad")
    .Input("dy: float")
    .Input("maps: float")
    .Input("points: float")
    .Output("d_points: float")
    .SetShapeFn([](InferenceContext* context) {
      context->set_output(0, context->input(2));
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxSampleBilinearPointsGrad").Device(tensorflow::DEVICE_CPU),
                        SampleBilinearPointsGradOp);

}  // namespace
}  // namespace fsx
