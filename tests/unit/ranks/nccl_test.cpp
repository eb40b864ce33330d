// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What can be known of NCCL without a GPU: what its store answers, that the module can be mapped, what it refuses.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"
#include "ranks/nccl/id_store.h"
#include "ranks/nccl/module.h"
#include "ranks/transport.h"

namespace zt::ranks {
namespace {

std::vector<uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

// As one rank of two; the other says `theirs`.
struct Said {
    std::vector<std::string> ours;
    Swap as(int rank, const std::string& theirs) {
        return [this, rank, theirs](const std::string& own) {
            ours.push_back(own);
            return rank == 0 ? std::vector<std::string>{own, theirs} : std::vector<std::string>{theirs, own};
        };
    }
};

const std::string kId("an\0id", 5);

TEST(IdStore, RankZeroSetsTheIdOnce) {
    Said said;
    IdStore store(said.as(0, ""), 0);
    EXPECT_FALSE(store.check({"0"}));
    store.set("0", bytes(kId));
    EXPECT_EQ(said.ours, std::vector<std::string>{kId});
    EXPECT_EQ(store.get("0"), bytes(kId));
    EXPECT_TRUE(store.check({"0"}));
    EXPECT_EQ(said.ours.size(), 1U);
}

TEST(IdStore, OthersGetRankZerosOnce) {
    Said said;
    IdStore store(said.as(1, kId), 1);
    store.wait({"0"});
    EXPECT_EQ(store.get("0"), bytes(kId));
    EXPECT_EQ(store.get("0"), bytes(kId));
    EXPECT_EQ(said.ours, std::vector<std::string>{""});
}

// Whatever would need a second swap, which other ranks do not make.
TEST(IdStore, AnythingElseIsRefused) {
    Said said;
    IdStore first(said.as(0, ""), 0), second(said.as(1, kId), 1);
    EXPECT_THROW((void)first.get("0"), std::logic_error);
    EXPECT_THROW(second.set("0", {}), std::logic_error);
    EXPECT_THROW((void)second.add("0", 1), std::logic_error);
    EXPECT_TRUE(said.ours.empty());
    first.set("0", bytes(kId));
    EXPECT_THROW(first.set("1", bytes(kId)), std::logic_error);
    (void)second.get("0");
    EXPECT_THROW((void)second.get("1"), std::logic_error);
    EXPECT_FALSE(second.check({"exception_dump"}));
    EXPECT_EQ(said.ours.size(), 2U);
}

// By the time a thread of c10d's asks, what the swap refers to is gone.
TEST(IdStore, NothingIsSwappedAfterItIsClosed) {
    Said said;
    IdStore store(said.as(1, kId), 1);
    store.close();
    EXPECT_THROW((void)store.get("0"), std::logic_error);
    EXPECT_TRUE(said.ours.empty());
}

TEST(IdStore, AFailedSwapIsKeptAsItWas) {
    IdStore store([](const std::string&) -> std::vector<std::string> { throw Error(ZT_ERROR_CANCELLED, "given up"); },
                  1);
    EXPECT_THROW((void)store.get("0"), Error);
    ASSERT_NE(store.failure(), nullptr);
    EXPECT_THROW(std::rethrow_exception(store.failure()), Error);
}

std::string refusal(const std::string& device) {
    try {
        require_nccl(device);
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), ZT_ERROR_UNSUPPORTED);
        return error.what();
    }
    return "";
}

TEST(RequireNccl, SaysWhatIsMissing) {
    EXPECT_TRUE(refusal("cpu").starts_with("--transport: expected ranks on GPUs of their own for nccl, got cpu"));
    // Beside this program there is no module.
    EXPECT_TRUE(refusal("cuda:0").starts_with("--transport: expected libzoetrope-nccl.so beside the engine"));
}

// Without a GPU it gets as far as its question for c10d's variable.
TEST(NcclModule, IsMappedAndAsksForTheVariableFirst) {
    const char* const file = std::getenv("ZT_NCCL_MODULE");
    if (file == nullptr || *file == 0) GTEST_SKIP() << "this build has no libzoetrope-nccl.so";
    void* const module = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    ASSERT_NE(module, nullptr) << dlerror();
    auto* const connect = reinterpret_cast<NcclConnect*>(dlsym(module, "zt_nccl_connect"));
    ASSERT_NE(connect, nullptr);
    unsetenv("TORCH_NCCL_BLOCKING_WAIT");
    c10::intrusive_ptr<c10d::Backend> made;
    Said said;
    try {
        connect(&made, said.as(0, ""), 0, 2, 0, std::chrono::seconds(1));
        FAIL() << "expected a refusal";
    } catch (const std::invalid_argument& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with("TORCH_NCCL_BLOCKING_WAIT: expected 1")) << error.what();
    }
    EXPECT_FALSE(made);
    EXPECT_TRUE(said.ours.empty());
}

}  // namespace
}  // namespace zt::ranks
