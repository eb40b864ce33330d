// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See memory.h.
#include "backend/memory.h"

#include <c10/util/Exception.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace zt::fake_device {
namespace {

constexpr size_t kBytes = size_t{16} << 30;  // addresses; pages are taken when they are written
constexpr size_t kLeast = 64;                // the alignment of LibTorch's own allocators

class Arena {
public:
    Arena() {
        const int file = memfd_create("fake device", MFD_CLOEXEC);
        TORCH_CHECK(file >= 0 && ftruncate(file, static_cast<off_t>(kBytes)) == 0,
                    "fake: expected a file in memory, got none");
        device_ = static_cast<std::byte*>(mmap(nullptr, kBytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0));
        host_ =
            static_cast<std::byte*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0));
        TORCH_CHECK(device_ != MAP_FAILED && host_ != MAP_FAILED, "fake: expected two mappings, got fewer");
        close(file);
    }

    void* take(size_t bytes) {
        const size_t size = std::bit_ceil(std::max(bytes, kLeast));
        const std::lock_guard lock(mutex_);
        std::vector<size_t>& free = free_[size];
        size_t at = end_;
        if (free.empty()) {
            TORCH_CHECK(end_ + size <= kBytes, "fake: expected room for ", size, " bytes, got a full device");
            end_ += size;
        } else {
            at = free.back();
            free.pop_back();
        }
        sizes_[at] = size;
        std::memset(host_ + at, 0xFF, bytes);
        return device_ + at;
    }
    void give_back(const void* memory) noexcept {
        const auto at = static_cast<size_t>(static_cast<const std::byte*>(memory) - device_);
        const std::lock_guard lock(mutex_);
        const auto found = sizes_.find(at);
        if (found == sizes_.end()) std::abort();
        free_[found->second].push_back(at);
        sizes_.erase(found);
    }
    [[nodiscard]] bool has(const void* host) const { return host >= host_ && host < host_ + kBytes; }
    [[nodiscard]] bool guards(const void* device) const { return device >= device_ && device < device_ + kBytes; }
    [[nodiscard]] void* seen(const void* device) const {
        TORCH_CHECK(guards(device), "fake: expected an address of the device, got one of the host");
        return host_ + (static_cast<const std::byte*>(device) - device_);
    }

private:
    std::byte *device_, *host_;
    std::mutex mutex_;
    size_t end_ = 0;
    std::unordered_map<size_t, size_t> sizes_;
    std::map<size_t, std::vector<size_t>> free_;
};

Arena& arena() {
    static Arena& made = *new Arena;  // tensors may be freed by static destructors
    return made;
}

class Pinned final : public c10::Allocator {
public:
    c10::DataPtr allocate(size_t bytes) override {
        void* memory = std::aligned_alloc(kLeast, (std::max(bytes, kLeast) + kLeast - 1) / kLeast * kLeast);
        TORCH_CHECK(memory != nullptr, "fake: expected ", bytes, " bytes of the host, got none");
        std::memset(memory, 0xFF, bytes);
        const std::lock_guard lock(mutex_);
        blocks_[static_cast<std::byte*>(memory)] = std::max(bytes, kLeast);
        return {memory, memory, raw_deleter(), c10::Device(c10::DeviceType::CPU)};
    }
    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &release_block; }
    void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
    [[nodiscard]] bool has(const void* address) {
        const auto* at = static_cast<const std::byte*>(address);
        const std::lock_guard lock(mutex_);
        auto next = blocks_.upper_bound(at);
        if (next == blocks_.begin()) return false;
        --next;
        return at < next->first + next->second;
    }

private:
    static void release_block(void* memory);
    std::mutex mutex_;
    std::map<const std::byte*, size_t> blocks_;
};

Pinned& pinned() {
    static Pinned& made = *new Pinned;
    return made;
}

void Pinned::release_block(void* memory) {
    {
        const std::lock_guard lock(pinned().mutex_);
        pinned().blocks_.erase(static_cast<std::byte*>(memory));
    }
    std::free(memory);
}

void explain(int number, siginfo_t* info, void*) {
    if (arena().guards(info->si_addr)) {
        constexpr char kText[] =
            "fake: expected that only the device's own operators touch its memory, got the CPU, called from:\n";
        [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText, sizeof kText - 1);
        void* frames[32];
        backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    }
    signal(number, SIG_DFL);  // and now as without this
    raise(number);
}

}  // namespace

void* allocate(size_t bytes) { return arena().take(bytes); }
void release(void* memory) noexcept { arena().give_back(memory); }
bool is_ours(const void* host_address) { return arena().has(host_address); }
void* seen_by_device(const void* address) { return arena().seen(address); }
c10::Allocator* pinned_allocator() { return &pinned(); }
bool is_pinned(const void* address) { return pinned().has(address); }

void explain_faults() {
    arena();
    struct sigaction action {};
    action.sa_sigaction = explain;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
}

}  // namespace zt::fake_device
