// What fsx's own TensorFlow ops share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
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

}  // namespace fsx
