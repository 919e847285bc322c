// What fsx's own TensorFlow ops share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/platform/cpu_info.h"

// One build serves every processor: the loader takes the widest version that the machine has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FSX_VECTORIZED __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define FSX_VECTORIZED
#endif

// Becomes part of each version of the function that calls it.
#define FSX_INLINE inline __attribute__((always_inline))

namespace fsx {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;
using tensorflow::shape_inference::InferenceContext;

// Calls `work(begin, end)` for ranges that make up [0, count), each of at most `grain`, here and on whatever threads of
// the graph's executor are idle: an op that is small, or that runs beside others, has no thread to wait for. What a
// range gives must not depend on its ends.
inline void parallelFor(OpKernelContext* context, int64_t count, int64_t grain,
                        const std::function<void(int64_t, int64_t)>& work) {
  struct Progress {
    std::atomic<int64_t> next{0}, done{0};
  };
  const int64_t ranges = (count + grain - 1) / grain;
  const auto progress = std::make_shared<Progress>();
  // A helper that comes late finds nothing left to take, and never touches `work`, which is gone by then.
  const auto takeRanges = [progress, ranges, grain, count, &work] {
    for (int64_t range; (range = progress->next.fetch_add(1)) < ranges;) {
      work(range * grain, std::min(count, (range + 1) * grain));
      progress->done.fetch_add(1, std::memory_order_release);
    }
  };
  if (context->runner() != nullptr) {
    const int64_t helpers = std::min<int64_t>(ranges, tensorflow::port::MaxParallelism()) - 1;
    for (int64_t i = 0; i < helpers; i++) (*context->runner())(takeRanges);
  }
  takeRanges();
  while (progress->done.load(std::memory_order_acquire) < ranges) std::this_thread::yield();
}

// A bfloat16 is the upper half of a float32.
FSX_VECTORIZED static void widen(const uint16_t* __restrict x, int64_t count, float* __restrict y) {
  for (int64_t i = 0; i < count; i++) {
    const uint32_t bits = static_cast<uint32_t>(x[i]) << 16;
    std::memcpy(&y[i], &bits, sizeof bits);
  }
}

// To the nearest, ties to even; what is no number stays none.
FSX_VECTORIZED static void narrow(const float* __restrict x, int64_t count, uint16_t* __restrict y) {
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits;
    std::memcpy(&bits, &x[i], sizeof bits);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const uint32_t none = (bits >> 16) | 0x40;
    y[i] = (bits & 0x7fffffff) > 0x7f800000 ? none : rounded;
  }
}

// Room for some numbers, with whatever lay there before.
class Scratch {
 public:
  float* room(int64_t count) {
    if (count > count_) numbers_.reset(new float[count_ = count]);
    return numbers_.get();
  }

 private:
  std::unique_ptr<float[]> numbers_;
  int64_t count_ = 0;
};

// The numbers of a tensor of float32 or bfloat16, read as float32 some at a time.
class Reader {
 public:
  explicit Reader(const Tensor& tensor)
      : values_(tensor.data()), isWide_(tensor.dtype() == tensorflow::DT_FLOAT) {}

  // Valid until the next call with the same scratch.
  const float* at(int64_t start, int64_t count, Scratch& scratch) const {
    if (isWide_) return static_cast<const float*>(values_) + start;
    float* numbers = scratch.room(count);
    widen(static_cast<const uint16_t*>(values_) + start, count, numbers);
    return numbers;
  }

 private:
  const void* values_;
  bool isWide_;
};

// Likewise, written.
class Writer {
 public:
  explicit Writer(Tensor* tensor) : values_(tensor->data()), isWide_(tensor->dtype() == tensorflow::DT_FLOAT) {}

  // Calls `write` with the place for `count` numbers.
  template <typename Write>
  void at(int64_t start, int64_t count, Scratch& scratch, Write write) const {
    if (isWide_) return write(static_cast<float*>(values_) + start);
    float* numbers = scratch.room(count);
    write(numbers);
    narrow(numbers, count, static_cast<uint16_t*>(values_) + start);
  }

 private:
  void* values_;
  bool isWide_;
};

}  // namespace fsx
