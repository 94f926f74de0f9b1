#include "cuda_driver.hpp"

#include <cuda.h>
#include <dlfcn.h>

namespace dnagpt {
namespace {

void* driver() {
    static void* const library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    return library;
}

template <class... Parameters, class... Arguments>
CUresult call(CUresult (*)(Parameters...), char const* name, Arguments... arguments) {
    auto const function =
        driver() == nullptr
            ? nullptr
            : reinterpret_cast<CUresult (*)(Parameters...)>(::dlsym(driver(), name));
    return function == nullptr ? CUDA_ERROR_NOT_INITIALIZED : function(arguments...);
}

}  // namespace

bool has_cuda_driver() {
    return driver() != nullptr;
}

}  // namespace dnagpt

// cuda.h gives some of these names a version by a macro.
#define DNAGPT_NAME_OF(function) #function
#define DNAGPT_DRIVER_NAME(function) DNAGPT_NAME_OF(function)

extern "C" {

CUresult CUDAAPI cuCtxGetDevice(CUdevice* device) {
    return dnagpt::call(&cuCtxGetDevice, DNAGPT_DRIVER_NAME(cuCtxGetDevice), device);
}

CUresult CUDAAPI cuCtxPushCurrent(CUcontext context) {
    return dnagpt::call(&cuCtxPushCurrent, DNAGPT_DRIVER_NAME(cuCtxPushCurrent), context);
}

CUresult CUDAAPI cuStreamGetCtx(CUstream stream, CUcontext* context) {
    return dnagpt::call(&cuStreamGetCtx, DNAGPT_DRIVER_NAME(cuStreamGetCtx), stream, context);
}
}
