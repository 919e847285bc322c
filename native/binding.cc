// What fsx adds to the package's binding: the settings of a GPU, and compiled steps whose tensors stay on the device.

#include <node_api.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/core/protobuf/config.pb.h"

namespace tsl::internal::DsoLoader {
// Of TensorFlow: loads what a GPU needs as TensorFlow itself will. Always fine in a build for processors.
absl::Status MaybeTryDlopenGPULibraries();
}  // namespace tsl::internal::DsoLoader

namespace {

constexpr char kMemoryFraction[] = "FSX_GPU_MEMORY_FRACTION";

// The context of the environment that is being set up: the package keeps it to itself. One thread sets up one.
thread_local TFE_Context* newestContext = nullptr;

std::string serializedConfig() {
  tensorflow::ConfigProto config;
  config.set_allow_soft_placement(true);
  config.mutable_gpu_options()->set_allow_growth(true);
  if (const char* fraction = getenv(kMemoryFraction)) {
    config.mutable_gpu_options()->set_per_process_gpu_memory_fraction(atof(fraction));
  }
  return config.SerializeAsString();
}

struct Status {
  TF_Status* const value = TF_NewStatus();
  ~Status() { TF_DeleteStatus(value); }
  bool ok() const { return TF_GetCode(value) == TF_OK; }
};

}  // namespace

// The linker lets the package call these instead of TensorFlow's (--wrap).
extern "C" {

TFE_ContextOptions* __real_TFE_NewContextOptions();
TFE_Context* __real_TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status);

TFE_ContextOptions* __wrap_TFE_NewContextOptions() {
  TFE_ContextOptions* options = __real_TFE_NewContextOptions();
  const std::string config = serializedConfig();
  const Status status;
  TFE_ContextOptionsSetConfig(options, config.data(), config.size(), status.value);
  return options;
}

TFE_Context* __wrap_TFE_NewContext(const TFE_ContextOptions* options, TF_Status* status) {
  return newestContext = __real_TFE_NewContext(options, status);
}
}

namespace {

using Graph = std::unique_ptr<TF_Graph, decltype(&TF_DeleteGraph)>;

napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, "ERR_TENSORFLOW", message);
  return nullptr;
}

std::string textOf(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

// `node:index` for each element of a list.
std::vector<TF_Output> outputsOf(napi_env env, napi_value list, TF_Graph* graph) {
  uint32_t count = 0;
  napi_get_array_length(env, list, &count);
  std::vector<TF_Output> outputs(count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    napi_get_element(env, list, i, &element);
    const std::string reference = textOf(env, element);
    const size_t colon = reference.rfind(':');
    outputs[i] = {TF_GraphOperationByName(graph, reference.substr(0, colon).c_str()),
                  atoi(reference.c_str() + colon + 1)};
  }
  return outputs;
}

TFE_Context* contextOf(napi_callback_info info, napi_env env, size_t* count, napi_value* arguments) {
  void* context = nullptr;
  napi_get_cb_info(env, info, count, arguments, nullptr, &context);
  return static_cast<TFE_Context*>(context);
}

// addFunction(name, graphDef, inputs, outputs): afterwards `executeOp` knows an op of that name.
napi_value addFunction(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4];
  TFE_Context* context = contextOf(info, env, &count, arguments);
  const std::string name = textOf(env, arguments[0]);
  void* bytes = nullptr;
  size_t length = 0;
  napi_get_typedarray_info(env, arguments[1], nullptr, &length, &bytes, nullptr, nullptr);

  const Status status;
  const Graph graph(TF_NewGraph(), TF_DeleteGraph);
  const std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> definition(
      TF_NewBufferFromString(bytes, length), TF_DeleteBuffer);
  const std::unique_ptr<TF_ImportGraphDefOptions, decltype(&TF_DeleteImportGraphDefOptions)> options(
      TF_NewImportGraphDefOptions(), TF_DeleteImportGraphDefOptions);
  TF_GraphImportGraphDef(graph.get(), definition.get(), options.get(), status.value);
  if (!status.ok()) return fail(env, TF_Message(status.value));
  const std::vector<TF_Output> inputs = outputsOf(env, arguments[2], graph.get());
  const std::vector<TF_Output> outputs = outputsOf(env, arguments[3], graph.get());
  const std::unique_ptr<TF_Function, decltype(&TF_DeleteFunction)> function(
      TF_GraphToFunction(graph.get(), name.c_str(), false, -1, nullptr, inputs.size(), inputs.data(),
                         outputs.size(), outputs.data(), nullptr, nullptr, nullptr, status.value),
      TF_DeleteFunction);
  if (!status.ok()) return fail(env, TF_Message(status.value));
  TFE_ContextAddFunction(context, function.get(), status.value);
  return status.ok() ? nullptr : fail(env, TF_Message(status.value));
}

napi_value removeFunction(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value arguments[1];
  TFE_Context* context = contextOf(info, env, &count, arguments);
  const Status status;
  TFE_ContextRemoveFunction(context, textOf(env, arguments[0]).c_str(), status.value);
  return status.ok() ? nullptr : fail(env, TF_Message(status.value));
}

// Why a GPU cannot be used whatever the machine has; an empty text where nothing is missing.
napi_value missingGpuLibraries(napi_env env, napi_callback_info) {
  const absl::Status status = tsl::internal::DsoLoader::MaybeTryDlopenGPULibraries();
  napi_value text;
  napi_create_string_utf8(env, status.message().data(), status.message().size(), &text);
  return text;
}

}  // namespace

// Called by the loader after the package's own registration, in the same environment.
extern "C" void fsx_extend_binding(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"addFunction", nullptr, addFunction, nullptr, nullptr, nullptr, napi_default, newestContext},
      {"removeFunction", nullptr, removeFunction, nullptr, nullptr, nullptr, napi_default, newestContext},
      {"missingGpuLibraries", nullptr, missingGpuLibraries, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, std::size(properties), properties);
}
