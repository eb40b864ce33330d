// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Devices of LibTorch; see devices.h.
#include "device/devices.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "device/backends.h"
#include "device/precision.h"

namespace zt::device {
namespace {

// Maps LibTorch's CUDA half from beside its CPU half. Must run before the first question about CUDA:
// LibTorch remembers the answer. Empty = done, else the reason.
std::string load_cuda() {
    static std::once_flag once;
    static std::string& fault = *new std::string;  // outlives static destructors
    std::call_once(once, [] {
        Dl_info info{};
        // Any function of libtorch_cpu does.
        if (dladdr(reinterpret_cast<void*>(static_cast<at::Tensor (*)(const at::Tensor&)>(&at::abs)), &info) == 0 ||
            info.dli_fname == nullptr) {
            fault = "LibTorch's own folder is unknown";
            return;
        }
        const std::string own = info.dli_fname;
        const std::string path = own.substr(0, own.rfind('/') + 1) + "libtorch_cuda.so";
        if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) {
            const char* reason = dlerror();
            fault = reason != nullptr ? reason : "libtorch_cuda.so cannot be mapped";
        }
    });
    return fault;
}

// Whether asking the driver makes sense: without this file there is none.
bool driver_is_there() { return access("/dev/nvidiactl", F_OK) == 0 || access("/dev/dxg", F_OK) == 0; }

// The type of the devices that LibTorch calls so; a backend of its own has the name that it was registered with.
std::optional<at::DeviceType> type_called(const std::string& kind) {
    for (int i = 0; i < static_cast<int>(at::DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES); i++) {
        const auto type = static_cast<at::DeviceType>(i);
        if (kind == c10::DeviceTypeName(type, /*lower_case=*/true)) return type;
    }
    return std::nullopt;
}

int64_t cuda_devices(const auto& refuse) {
    if (!driver_is_there()) refuse("a machine without an NVIDIA driver");
    if (const std::string fault = load_cuda(); !fault.empty()) refuse("a LibTorch without CUDA (" + fault + ")");
    return at::detail::getCUDAHooks().hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
}

// "cuda", "cuda:1", or the name of a registered backend in place of cuda.
at::Device device_called(const std::string& wish) {
    const std::string kind = wish.substr(0, wish.find(':'));
    const auto refuse = [&](const std::string& got) {
        throw Error(ZT_ERROR_DEVICE, "device: expected a " + (kind == "cuda" ? "CUDA" : kind) + " device for " +
                                         quote(wish) + ", got " + got);
    };
    int64_t index = 0;
    if (kind.size() < wish.size()) {
        const auto number = parse_int64(std::string_view(wish).substr(kind.size() + 1));
        if (!number || *number < 0 || *number > 127) refuse("no number of a device after " + kind + ":");
        index = number.value_or(0);
    }
    if (!has_backend(kind)) refuse("a LibTorch without them");
    const at::DeviceType type = type_called(kind).value();
    const int64_t count = type == at::kCUDA ? cuda_devices(refuse) : c10::impl::getDeviceGuardImpl(type)->deviceCount();
    if (index >= count) refuse(std::to_string(count) + " devices");
    return {type, static_cast<c10::DeviceIndex>(index)};
}

uint64_t read_number(const std::string& path) {
    std::ifstream file(path);
    uint64_t value = 0;
    return file >> value ? value : std::numeric_limits<uint64_t>::max();  // "max": no limit
}

uint64_t available_host() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    uint64_t kib = 0;
    for (std::string rest; file >> key >> kib && std::getline(file, rest);)
        if (key == "MemAvailable:") return kib * 1024;
    return std::numeric_limits<uint64_t>::max();
}

// What the control group of this process (version 2, and its parents) still allows.
uint64_t left_in_group() {
    std::ifstream file("/proc/self/cgroup");
    uint64_t left = std::numeric_limits<uint64_t>::max();
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("0::")) continue;
        for (std::string folder = line.substr(3); !folder.empty(); folder = folder.substr(0, folder.rfind('/'))) {
            const uint64_t limit = read_number("/sys/fs/cgroup" + folder + "/memory.max");
            const uint64_t used = read_number("/sys/fs/cgroup" + folder + "/memory.current");
            if (limit != std::numeric_limits<uint64_t>::max() && used != std::numeric_limits<uint64_t>::max())
                left = std::min(left, limit > used ? limit - used : 0);
        }
    }
    return left;
}

}  // namespace

bool has_backend(const std::string& kind) {
    if (kind == "cuda") return true;
    const auto type = type_called(kind);
    return type && at::isAccelerator(*type) && c10::impl::hasDeviceGuardImpl(*type);
}

at::Device resolve_device(const std::string& wish) {
    if (wish == "cpu") return at::kCPU;
    if (wish != "auto") return device_called(wish);
    if (!driver_is_there() || !load_cuda().empty() || !at::detail::getCUDAHooks().hasCUDA()) return at::kCPU;
    return {at::kCUDA, 0};
}

at::ScalarType resolve_precision(const std::string& wish, at::Device device) {
    if (device.is_cpu()) return cpu_precision(wish);
    if (wish == "auto" || wish == "bf16") return at::kBFloat16;
    if (wish == "fp32") return at::kFloat;
    throw Error(ZT_ERROR_UNSUPPORTED, "precision: expected auto, fp32 or bf16, got " + wish);
}

uint64_t free_bytes(at::Device device) {
    if (device.is_cpu()) return std::min(available_host(), left_in_group());
    return c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index()).first;
}

void return_freed_memory() {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

}  // namespace zt::device
