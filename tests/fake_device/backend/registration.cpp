// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The device as LibTorch sees it, but for its operators: name, allocator, current device, hooks. See fake_device.h.
#include "backend/fake_device.h"

#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <atomic>
#include <cstring>
#include <utility>

#include "backend/counts.h"
#include "backend/memory.h"

namespace zt::fake_device {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
constexpr c10::DeviceIndex kDevices = 2;
constexpr int64_t kFree = int64_t{8} << 30;

thread_local c10::DeviceIndex current = 0;
std::atomic<int64_t> free_now = kFree;

c10::DeviceIndex checked(c10::Device device) {
    TORCH_CHECK(device.type() == kType && device.index() < kDevices, "fake: expected fake:0 or fake:1, got ", device);
    return device.index() < 0 ? current : device.index();
}

struct Guard final : c10::impl::DeviceGuardImplInterface {
    Guard() = default;
    explicit Guard(c10::DeviceType) {}
    [[nodiscard]] c10::DeviceType type() const override { return kType; }
    [[nodiscard]] c10::Device exchangeDevice(c10::Device device) const override {
        return {kType, std::exchange(current, checked(device))};
    }
    [[nodiscard]] c10::Device getDevice() const override { return {kType, current}; }
    void setDevice(c10::Device device) const override { current = checked(device); }
    void uncheckedSetDevice(c10::Device device) const noexcept override { current = device.index(); }
    [[nodiscard]] c10::Stream getStream(c10::Device device) const override {
        return c10::Stream(c10::Stream::DEFAULT, device);
    }
    [[nodiscard]] c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
    [[nodiscard]] c10::Stream exchangeStream(c10::Stream stream) const override { return getStream(stream.device()); }
    [[nodiscard]] c10::DeviceIndex deviceCount() const noexcept override { return kDevices; }
};

struct Allocator final : c10::DeviceAllocator {
    c10::DataPtr allocate(size_t bytes) override {
        void* memory = bytes == 0 ? nullptr : fake_device::allocate(bytes);
        return {memory, memory, raw_deleter(), c10::Device(kType, current)};
    }
    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override {
        return [](void* memory) {
            if (memory != nullptr) release(memory);
        };
    }
    void copy_data(void* to, const void* from, size_t bytes) const override {
        std::memcpy(seen_by_device(to), seen_by_device(from), bytes);
    }
    bool initialized() override { return true; }
    void emptyCache(c10::MempoolId_t) override {}
    void recordStream(const c10::DataPtr&, c10::Stream) override {}
    c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override { return {}; }
    void resetAccumulatedStats(c10::DeviceIndex) override {}
    void resetPeakStats(c10::DeviceIndex) override {}
    std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) override {
        TORCH_CHECK(device >= 0 && device < kDevices, "fake: expected the memory of fake:0 or fake:1, got device ",
                    static_cast<int>(device));
        const auto bytes = static_cast<size_t>(free_now.load());
        return {bytes, bytes};
    }
};

struct Hooks final : at::PrivateUse1HooksInterface {
    [[nodiscard]] bool isBuilt() const override { return true; }
    [[nodiscard]] bool isAvailable() const override { return true; }
    [[nodiscard]] bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    [[nodiscard]] c10::DeviceIndex deviceCount() const override { return kDevices; }
    [[nodiscard]] c10::DeviceIndex getCurrentDevice() const override { return current; }
    void setCurrentDevice(c10::DeviceIndex device) const override { current = checked({kType, device}); }
    [[nodiscard]] bool isPinnedPtr(const void* data) const override { return is_pinned(data); }
    [[nodiscard]] c10::Allocator* getPinnedMemoryAllocator() const override { return pinned_allocator(); }
};

// Before main: a name and hooks can be given once in a process, and not after they were asked for.
const bool registered = [] {
    c10::register_privateuse1_backend("fake");
    static Allocator& allocator = *new Allocator;
    c10::SetAllocator(kType, &allocator);
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    explain_faults();
    return true;
}();

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

struct Counters {
    std::atomic<int64_t> to_device = 0, to_device_bytes = 0, to_host = 0, to_host_bytes = 0, waited = 0;
    std::function<void(const std::string&, int64_t)> told;
};
Counters& counters() {
    static Counters& made = *new Counters;
    return made;
}

void count_wait(bool waited, const char* name, int64_t bytes) {
    if (!waited) return;
    ++counters().waited;
    if (counters().told) counters().told(name, bytes);
}

}  // namespace

void count_to_device(int64_t bytes, bool waited, const char* name) {
    ++counters().to_device;
    counters().to_device_bytes += bytes;
    count_wait(waited, name, bytes);
}

void count_to_host(int64_t bytes, bool waited, const char* name) {
    ++counters().to_host;
    counters().to_host_bytes += bytes;
    count_wait(waited, name, bytes);
}

Transfers transfers() {
    const Counters& c = counters();
    return {c.to_device, c.to_device_bytes, c.to_host, c.to_host_bytes, c.waited};
}

void on_wait(std::function<void(const std::string&, int64_t)> told) { counters().told = std::move(told); }

void set_free_bytes(int64_t bytes) { free_now = bytes == 0 ? kFree : bytes; }

}  // namespace zt::fake_device
