// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every allocation of opening a model's files fails once (reliability.md B1): the error says so,
// nothing leaks, and the next run is as if nothing had happened. This program's operator new can
// be told to fail at call k.
#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "probe.h"
#include "weights/manifest.h"
#include "weights/safetensors.h"

namespace {

std::atomic<long> g_fail_in{0};  // 1: the next allocation fails; 0: none does
std::atomic<long> g_living{0};   // blocks not yet freed

void* allocate(std::size_t bytes) {
    if (g_fail_in.load() > 0 && g_fail_in.fetch_sub(1) == 1) throw std::bad_alloc();
    void* block = std::malloc(bytes == 0 ? 1 : bytes);
    if (block == nullptr) throw std::bad_alloc();
    ++g_living;
    return block;
}

void release(void* block) noexcept {
    if (block != nullptr) --g_living;
    std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }

namespace zt::weights {
namespace {

enum class Outcome { kDone, kNoMemory, kOther };

// Runs with allocation k failing; 0: none. The API's guard turns std::bad_alloc into ZT_ERROR_MEMORY.
Outcome run_with_failure(long k, const std::function<void()>& work, bool& reached) {
    Outcome outcome = Outcome::kDone;
    g_fail_in = k;
    try {
        work();
    } catch (const std::bad_alloc&) {
        outcome = Outcome::kNoMemory;
    } catch (const Error& error) {
        outcome = error.status() == ZT_ERROR_MEMORY ? Outcome::kNoMemory : Outcome::kOther;
    }
    reached = g_fail_in.exchange(0) == 0;
    return outcome;
}

class AllocationFault : public testing::Test {
protected:
    AllocationFault() : bytes_(test::tiny_checkpoint(20).file()) {
        folder_.write("m.safetensors", bytes_);
        write_manifest(folder_.path(), {"m.safetensors"}, metadata());
    }

    static json::Value metadata() {
        return json::parse_value(R"({"family": "a text longer than a short string", "list": [1, "b", {"c": null}]})",
                                 {}, {"test", ZT_ERROR_INTERNAL});
    }

    // Lets each allocation of `work` fail in turn. `work` must do the same at each run.
    void fail_every_allocation(long at_least, const std::function<void()>& work) {
        bool reached = false;
        ASSERT_EQ(run_with_failure(0, work, reached), Outcome::kDone);  // what is cached is cached now
        const size_t descriptors = test::open_descriptors();
        long k = 1;
        for (;; ++k) {
            const long living = g_living;
            const Outcome outcome = run_with_failure(k, work, reached);
            ASSERT_EQ(g_living, living) << "allocation " << k << " leaked";
            if (!reached) break;
            ASSERT_EQ(outcome, Outcome::kNoMemory) << "allocation " << k;
            if (k % 16 == 0) {
                ASSERT_EQ(run_with_failure(0, work, reached), Outcome::kDone) << "after allocation " << k;
            }
        }
        EXPECT_GE(k - 1, at_least);
        EXPECT_EQ(test::open_descriptors(), descriptors);
        RecordProperty("allocations", static_cast<int>(k - 1));
    }

    test::TemporaryFolder folder_;
    std::string bytes_;
};

TEST_F(AllocationFault, opening_and_reading_a_checkpoint) {
    const std::string path = folder_.path("m.safetensors");
    fail_every_allocation(40, [&] {
        const SafetensorsFile file = SafetensorsFile::open(path);
        uint64_t sum = 0;
        for (const TensorEntry& entry : file.tensors()) {
            std::vector<std::byte> room(entry.size_bytes);
            file.read(entry, room);
            for (std::byte b : room) sum += std::to_integer<uint64_t>(b);
        }
        if (sum == 0) throw Error(ZT_ERROR_INTERNAL, "read nothing");
    });
}

TEST_F(AllocationFault, refusing_a_checkpoint) {
    std::string broken = bytes_;
    broken[broken.find("\"F32\"") + 1] = 'Q';
    const std::string path = folder_.write("broken.safetensors", broken);
    fail_every_allocation(10, [&] {
        try {
            static_cast<void>(SafetensorsFile::open(path));
        } catch (const Error& error) {
            if (error.status() != ZT_ERROR_WEIGHTS) throw;  // it is the right refusal
        }
    });
}

TEST_F(AllocationFault, reading_and_verifying_a_manifest) {
    fail_every_allocation(20, [&] { verify(read_manifest(folder_.path()), folder_.path()); });
}

TEST_F(AllocationFault, copying_a_json_value) {
    const json::Value original = metadata();
    fail_every_allocation(4, [&] {
        const json::Value copy = original;
        if (!std::holds_alternative<json::Value::Object>(copy.data)) throw Error(ZT_ERROR_INTERNAL, "not copied");
    });
}

TEST_F(AllocationFault, writing_a_checkpoint_and_a_manifest) {
    const std::vector<int64_t> shape = {2, 2};
    const std::string content = "abcd";
    const std::vector<TensorSource> tensors = {
        {"a tensor with a long name", Dtype::kU8, shape, std::as_bytes(std::span(content))}};
    fail_every_allocation(20, [&] {
        write_safetensors(folder_.path("m.safetensors"), tensors, {{"key", "a value longer than a short string"}});
        write_manifest(folder_.path(), {"m.safetensors"}, metadata());
    });
}

}  // namespace
}  // namespace zt::weights
