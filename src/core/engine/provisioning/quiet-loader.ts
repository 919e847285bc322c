/** The N-API module that the loader hands on, to be found beside it. */
export const LOADED_FILE = 'tfjs_tensorflow.node';

/**
 * C++ of an N-API module that stands for the module `LOADED_FILE` and loads it with stderr shut. TensorFlow's library
 * writes a notice to stderr from its static initializers, whatever TF_CPP_MIN_LOG_LEVEL says, and Node.js itself
 * cannot turn a file descriptor elsewhere. A level that shows warnings (0 or 1) keeps the notice. It then adds what
 * `native/binding.cc` has.
 */
export const QUIET_LOADER_SOURCE = `
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>

namespace {

/** Points stderr at nothing while it lives. Leaves it alone where it is closed or there is no /dev/null. */
class ShutStderr {
 public:
  ShutStderr() : saved_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) {
    if (saved_ < 0) return;
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing < 0) return;
    dup2(nothing, STDERR_FILENO);
    close(nothing);
  }
  ~ShutStderr() {
    if (saved_ < 0) return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }
  ShutStderr(const ShutStderr&) = delete;
  ShutStderr& operator=(const ShutStderr&) = delete;

 private:
  const int saved_;
};

bool WantsWarnings() {
  const char* level = getenv("TF_CPP_MIN_LOG_LEVEL");
  return level == nullptr || atoi(level) < 2;
}

void* Load() {
  // Two workers that load at once must not take each other's shut stderr for the one to restore.
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  if (WantsWarnings()) return dlopen("${LOADED_FILE}", RTLD_LAZY);
  const ShutStderr shut;
  return dlopen("${LOADED_FILE}", RTLD_LAZY);
}

using Register = napi_value (*)(napi_env, napi_value);
using Extend = void (*)(napi_env, napi_value);

}  // namespace

NAPI_MODULE_INIT() {
  void* module = Load();
  void* symbol = module == nullptr ? nullptr : dlsym(module, "napi_register_module_v1");
  if (symbol == nullptr) {
    napi_throw_error(env, "ERR_DLOPEN_FAILED", dlerror());
    return nullptr;
  }
  napi_value registered = reinterpret_cast<Register>(symbol)(env, exports);
  void* extend = registered == nullptr ? nullptr : dlsym(module, "fsx_extend_binding");
  if (extend != nullptr) reinterpret_cast<Extend>(extend)(env, registered);
  return registered;
}
`;
