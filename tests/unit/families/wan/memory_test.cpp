// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the plan of a Wan clip counts, from the headers of a file with packed matrices.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "families/wan/memory_plan.h"
#include "gguf_draft.h"
#include "probe.h"

namespace zt::wan {
namespace {

constexpr uint32_t kQ8 = 8;                 // GGML's number of Q8_0: blocks of 32 numbers in 34 bytes
constexpr uint64_t kWidth = 64, kFfn = 96;  // numbers
constexpr int64_t kLayers = 3;

ModelParts packed_model(const test::TemporaryFolder& folder) {
    test::GgufDraft draft;
    for (int64_t i = 0; i < kLayers; i++) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        for (const auto& [name, in, out] :
             std::vector<std::tuple<const char*, uint64_t, uint64_t>>{{"self_attn.q", kWidth, kWidth},
                                                                      {"self_attn.k", kWidth, kWidth},
                                                                      {"self_attn.v", kWidth, kWidth},
                                                                      {"self_attn.o", kWidth, kWidth},
                                                                      {"cross_attn.q", kWidth, kWidth},
                                                                      {"cross_attn.k", kWidth, kWidth},
                                                                      {"cross_attn.v", kWidth, kWidth},
                                                                      {"cross_attn.o", kWidth, kWidth},
                                                                      {"ffn.0", kWidth, kFfn},
                                                                      {"ffn.2", kFfn, kWidth}}) {
            draft.tensors.push_back({block + name + ".weight", {in, out}, kQ8, draft.data.size(), {}});
            draft.data.append((in * out / 32 * 34 + 31) / 32 * 32, '\0');
        }
    }
    ModelParts parts;
    parts.transformer.heads = 1, parts.transformer.head_dim = kWidth, parts.transformer.layers = kLayers;
    parts.transformer.ffn_dim = kFfn;
    parts.transformer_file.checkpoint =
        std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder.write("m.gguf", draft.file())));
    return parts;
}

TEST(WanMemory, IsPlannedForTheModelsOwnNumberOfSteps) {
    ModelParts parts;
    EXPECT_EQ(plan_request(parts, 81).steps, 50);
    for (const char* const sampler : {"distilled", "causal"}) {
        parts.sampler = sampler;
        EXPECT_EQ(plan_request(parts, 81).steps, 4) << sampler;
    }
}

// A block decodes what follows its attention before it goes over its tokens chunk by chunk: five matrices at once.
TEST(WanMemory, MatricesThatAreDecodedTogetherAreCountedTogether) {
    const test::TemporaryFolder folder;
    const ModelParts parts = packed_model(folder);
    PlanRequest request = plan_request(parts, 5);
    const uint64_t packed = plan_memory(parts, request).phase("denoise").data;
    request.keep_packed = false;
    const uint64_t plain = plan_memory(parts, request).phase("denoise").data;
    EXPECT_EQ(packed - plain, (3 * kWidth * kWidth + 2 * kWidth * kFfn) * 2);
}

TEST(WanMemory, TheLargerExpertCounts) {
    const test::TemporaryFolder folder;
    ModelParts parts = packed_model(folder);
    PlanRequest request = plan_request(parts, 5);
    const uint64_t alone = plan_memory(parts, request).peak();
    parts.transformer_2_file = parts.transformer_file;
    EXPECT_EQ(plan_memory(parts, request).peak(), alone);
    parts.transformer_file.checkpoint = nullptr;
    EXPECT_EQ(plan_memory(parts, request).peak(), alone);
}

TEST(WanMemory, ACausalModelKeepsItsPast) {
    ModelParts parts;
    parts.sampler = "causal";
    EXPECT_EQ(plan_request(parts, -1).kept_latents, parts.window);
    EXPECT_EQ(plan_request(parts, 21).kept_latents, 6);
    EXPECT_EQ(plan_request(parts, -1).frames, 9);
    parts.sampler = "";
    EXPECT_EQ(plan_request(parts, 20).kept_latents, 0);
    EXPECT_EQ(plan_request(parts, 20).frames, 21);
}

// `memory` is the whole process's on the host: the program's part of it is not there for blocks.
TEST(WanMemory, TheLimitCountsTheProgramOnTheHost) {
    constexpr uint64_t kBlock = 100'000'000, kLimit = load::kProcessBytes + 5 * kBlock;
    const load::MemoryPlan plan{{{"text", 0, 0, 0}, {"denoise", 10 * kBlock, 2 * kBlock, kBlock}, {"decode", 0, 0, 0}}};
    const std::vector<double> share(10, 0.1);
    const load::Budget host = load::fit_into(plan, load::limit_of(kLimit, true, 0), share, "a clip");
    EXPECT_EQ(host.resident_blocks, 2);  // beside two that stream and the data
    EXPECT_EQ(host.peak, kLimit);
    EXPECT_EQ(load::fit_into(plan, load::limit_of(kLimit, false, 0), share, "a clip").resident_blocks, 4);
    EXPECT_EQ(load::fit_into(plan, load::limit_of(0, true, kLimit), share, "a clip").resident_blocks, 4);
    const auto error = test::refusal(
        [&] { static_cast<void>(load::fit_into(plan, load::limit_of(kLimit / 2, true, 0), share, "a clip")); });
    ASSERT_TRUE(error);
    EXPECT_STREQ(error->what(), "memory: expected at least 550 MB for the phase \"denoise\" of a clip, got 375 MB");
}

}  // namespace
}  // namespace zt::wan
