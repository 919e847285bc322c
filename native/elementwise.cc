// A chain of elementwise ops in one pass over memory: a small program that is run block by block, so that everything
// between its inputs and outputs stays in the processor's cache.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernel-support.h"

namespace fsx {
namespace {

constexpr int64_t kBlock = 512;
// Work for one thread before it looks for more.
constexpr int64_t kGrainBlocks = 256;

// In the order of `OPCODES` in src/core/engine/compiled/rewrites/elementwise.ts.
enum Opcode { kAdd, kSub, kMul, kDiv, kMaximum, kMinimum, kSquare, kSqrt, kNegative, kAbsolute, kRelu, kSelect, kOpcodes };

struct Instruction {
  int opcode, a, b, c;
};

FSX_VECTORIZED void run(int opcode, const float* a, const float* b, const float* c, int64_t count, float* out) {
  switch (opcode) {
    case kAdd:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] + b[i];
      break;
    case kSub:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] - b[i];
      break;
    case kMul:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] * b[i];
      break;
    case kDiv:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] / b[i];
      break;
    case kMaximum:  // a NaN in either comes through
      for (int64_t i = 0; i < count; i++) out[i] = a[i] > b[i] || a[i] != a[i] ? a[i] : b[i];
      break;
    case kMinimum:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] < b[i] || a[i] != a[i] ? a[i] : b[i];
      break;
    case kSquare:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] * a[i];
      break;
    case kSqrt:
      for (int64_t i = 0; i < count; i++) out[i] = std::sqrt(a[i]);
      break;
    case kNegative:
      for (int64_t i = 0; i < count; i++) out[i] = -a[i];
      break;
    case kAbsolute:
      for (int64_t i = 0; i < count; i++) out[i] = std::fabs(a[i]);
      break;
    case kRelu:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] < 0.0f ? 0.0f : a[i];
      break;
    case kSelect:
      for (int64_t i = 0; i < count; i++) out[i] = a[i] != 0.0f ? b[i] : c[i];
      break;
  }
}

// Values are numbered: the inputs, the constants, then what each instruction gives. Inputs of one number stand for
// as many of it.
class ElementwiseOp : public OpKernel {
 public:
  explicit ElementwiseOp(OpKernelConstruction* construction) : OpKernel(construction) {
    std::vector<int> program;
    OP_REQUIRES_OK(construction, construction->GetAttr("program", &program));
    OP_REQUIRES_OK(construction, construction->GetAttr("constants", &constants_));
    OP_REQUIRES_OK(construction, construction->GetAttr("results", &results_));
    for (size_t i = 0; i + 3 < program.size(); i += 4) {
      instructions_.push_back({program[i], program[i + 1], program[i + 2], program[i + 3]});
    }
    const int given = construction->num_inputs() + constants_.size();
    const int values = given + instructions_.size();
    bool valid = program.size() % 4 == 0 && construction->num_inputs() > 0;
    for (size_t i = 0; i < instructions_.size(); i++) {
      const auto& [opcode, a, b, c] = instructions_[i];
      const int known = given + i;
      valid = valid && opcode >= 0 && opcode < kOpcodes && std::min({a, b, c}) >= 0 && std::max({a, b, c}) < known;
    }
    for (const int result : results_) valid = valid && result >= given && result < values;
    OP_REQUIRES(construction, valid, tensorflow::errors::InvalidArgument("the program is not one"));
    placeScratch(given, values);
  }

  void Compute(OpKernelContext* context) override {
    const Tensor* largest = &context->input(0);
    for (int i = 1; i < context->num_inputs(); i++) {
      if (context->input(i).NumElements() > largest->NumElements()) largest = &context->input(i);
    }
    const int64_t count = largest->NumElements();
    for (int i = 0; i < context->num_inputs(); i++) {
      const int64_t numbers = context->input(i).NumElements();
      OP_REQUIRES(context, numbers == count || numbers == 1,
                  tensorflow::errors::InvalidArgument("input ", i, " has ", numbers, " numbers, not 1 or ", count));
    }
    std::vector<float*> outputs;
    for (size_t i = 0; i < results_.size(); i++) {
      Tensor* output;
      OP_REQUIRES_OK(context, context->allocate_output(i, largest->shape(), &output));
      outputs.push_back(output->flat<float>().data());
    }
    const int64_t blocks = (count + kBlock - 1) / kBlock;
    parallelFor(context, blocks, kGrainBlocks, [&](int64_t begin, int64_t end) {
      runBlocks(context, outputs, begin * kBlock, std::min(count, end * kBlock), count);
    });
  }

 private:
  // A place in scratch memory for each value that is neither read nor written in place, free again after its last use.
  void placeScratch(int given, int values) {
    place_.assign(values, -1);
    std::vector<int> lastUse(values, -1);
    for (size_t i = 0; i < instructions_.size(); i++) {
      for (const int used : {instructions_[i].a, instructions_[i].b, instructions_[i].c}) lastUse[used] = i;
    }
    std::vector<int> free;
    for (size_t i = 0; i < instructions_.size(); i++) {
      const int value = given + i;
      if (std::find(results_.begin(), results_.end(), value) == results_.end()) {
        if (free.empty()) free.push_back(places_++);
        place_[value] = free.back();
        free.pop_back();
      }
      std::vector<int> used{instructions_[i].a, instructions_[i].b, instructions_[i].c};
      std::sort(used.begin(), used.end());
      used.erase(std::unique(used.begin(), used.end()), used.end());
      for (const int operand : used) {
        if (lastUse[operand] == static_cast<int>(i) && place_[operand] >= 0) free.push_back(place_[operand]);
      }
    }
  }

  void runBlocks(OpKernelContext* context, const std::vector<float*>& outputs, int64_t begin, int64_t end,
                 int64_t count) const {
    const int inputs = context->num_inputs();
    const int given = inputs + constants_.size();
    std::vector<float> scratch((given + places_) * kBlock);
    std::vector<float*> at(given + instructions_.size());
    std::vector<bool> moves(at.size(), false);
    for (int i = 0; i < given; i++) {
      at[i] = &scratch[i * kBlock];
      const bool isInput = i < inputs;
      const float* values = isInput ? context->input(i).flat<float>().data() : &constants_[i - inputs];
      moves[i] = isInput && context->input(i).NumElements() == count;
      if (moves[i]) {
        at[i] = const_cast<float*>(values) + begin;
      } else {
        std::fill_n(at[i], kBlock, *values);
      }
    }
    for (size_t i = given; i < at.size(); i++) {
      if (place_[i] >= 0) at[i] = &scratch[(given + place_[i]) * kBlock];
    }
    for (size_t i = 0; i < results_.size(); i++) {
      at[results_[i]] = outputs[i] + begin;
      moves[results_[i]] = true;
    }
    for (int64_t start = begin; start < end; start += kBlock) {
      const int64_t numbers = std::min(kBlock, end - start);
      for (size_t i = 0; i < instructions_.size(); i++) {
        const auto& [opcode, a, b, c] = instructions_[i];
        run(opcode, at[a], at[b], at[c], numbers, at[given + i]);
      }
      for (size_t i = 0; i < at.size(); i++) {
        if (moves[i]) at[i] += kBlock;
      }
    }
  }

  std::vector<Instruction> instructions_;
  std::vector<float> constants_;
  std::vector<int> results_;
  std::vector<int> place_;
  int places_ = 0;
};

REGISTER_OP("FsxElementwise")
    .Input("inputs: input_count * float")
    .Output("outputs: result_count * float")
    .Attr("input_count: int >= 1")
    .Attr("result_count: int >= 1")
    .Attr("program: list(int)")
    .Attr("constants: list(float) = []")
    .Attr("results: list(int)")
    .Attr("shape: shape")
    .SetShapeFn([](InferenceContext* context) {
      tensorflow::PartialTensorShape shape;
      TF_RETURN_IF_ERROR(context->GetAttr("shape", &shape));
      tensorflow::shape_inference::ShapeHandle handle;
      TF_RETURN_IF_ERROR(context->MakeShapeFromPartialTensorShape(shape, &handle));
      for (int i = 0; i < context->num_outputs(); i++) context->set_output(i, handle);
      return tensorflow::OkStatus();
    });
REGISTER_KERNEL_BUILDER(Name("FsxElementwise").Device(tensorflow::DEVICE_CPU), ElementwiseOp);

}  // namespace
}  // namespace fsx
