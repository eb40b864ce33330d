// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See module.h and transport.h.
#include "ranks/nccl/module.h"

#include <dlfcn.h>

#include <string>

#include "core/error.h"
#include "ranks/transport.h"

namespace zt::ranks {
namespace {

constexpr const char* kModule = "libzoetrope-nccl.so";

void* map_module(std::string& fault) {
    Dl_info own{};
    if (dladdr(reinterpret_cast<void*>(&require_nccl), &own) == 0 || own.dli_fname == nullptr) {
        fault = "no folder of the engine";
        return nullptr;
    }
    const std::string file = own.dli_fname;
    void* const library =
        dlopen((file.substr(0, file.rfind('/') + 1) + kModule).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void* const found = library != nullptr ? dlsym(library, "zt_nccl_connect") : nullptr;
    if (const char* const reason = found == nullptr ? dlerror() : nullptr; reason != nullptr) fault = reason;
    return found;
}

}  // namespace

NcclConnect& nccl_module() {
    static std::string& fault = *new std::string;  // outlives static destructors
    static void* const connect = map_module(fault);
    if (connect == nullptr)
        throw Error(ZT_ERROR_UNSUPPORTED,
                    std::string("--transport: expected ") + kModule +
                        " beside the engine for nccl (it is built where LibTorch has CUDA), got: " + fault);
    return *reinterpret_cast<NcclConnect*>(connect);
}

void require_nccl(const std::string& device) {
    if (!device.starts_with("cuda"))
        throw Error(ZT_ERROR_UNSUPPORTED, "--transport: expected ranks on GPUs of their own for nccl, got " + device +
                                              "; choose device=cuda, or leave --transport out");
    (void)nccl_module();
}

}  // namespace zt::ranks
