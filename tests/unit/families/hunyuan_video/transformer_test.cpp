// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the transformer and its loop refuse, ask for and stop at; their numbers are tests/parity's.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "families/hunyuan_video/transformer/sampler.h"
#include "families/hunyuan_video/transformer/transformer.h"

namespace {

using namespace zt::hunyuan_video;

TransformerConfig small() {
    TransformerConfig c;
    c.heads = 2, c.head_dim = 8, c.rope_axes = {2, 2, 4};
    c.layers = 2, c.single_layers = 3, c.refiner_layers = 1;
    c.text_dim = 12, c.pooled_dim = 6;
    return c;
}

std::string refusal(const TransformerConfig& c) {
    try {
        check_supported(c, "config.json");
        return "";
    } catch (const zt::Error& e) {
        EXPECT_EQ(e.status(), ZT_ERROR_UNSUPPORTED);
        return e.what();
    }
}

TEST(TransformerConfig, RefusalNamesTheKey) {
    EXPECT_EQ(refusal(small()), "");
    EXPECT_EQ(refusal(TransformerConfig{}), "");
    TransformerConfig c = small();
    c.rope_axes = {2, 2, 2};
    EXPECT_EQ(refusal(c), "config.json: rope_axes_dim: expected a sum of 8 (attention_head_dim), got 6");
    c = small();
    c.rope_axes = {3, 1, 4};
    EXPECT_NE(refusal(c).find("rope_axes_dim"), std::string::npos);
    c = small();
    c.in_channels = 33;
    EXPECT_EQ(refusal(c), "config.json: in_channels: expected 16 for this kind of model, got 33");
    c.kind = Kind::kLatentConcat;
    EXPECT_EQ(refusal(c), "");
    c.heads = 0;
    EXPECT_NE(refusal(c).find("num_attention_heads"), std::string::npos);
}

// Says which blocks are asked for and stops the pass before one of them.
class Watched final : public BlockSource {
public:
    Watched(const TransformerWeights& weights, zt::Cancel& cancel, size_t stop_after)
        : blocks_(weights), cancel_(cancel), left_(stop_after) {}
    const DoubleBlock& double_block(int64_t i) override { return note("d", i), blocks_.double_block(i); }
    const SingleBlock& single_block(int64_t i) override { return note("s", i), blocks_.single_block(i); }
    std::string asked;

private:
    void note(const char* kind, int64_t i) {
        asked += kind + std::to_string(i) + " ";
        if (--left_ == 0) cancel_.request();
    }
    ResidentBlocks blocks_;
    zt::Cancel& cancel_;
    size_t left_;
};

TEST(Transformer, AsksForBlocksInOrderAndStopsBetweenThem) {
    const c10::InferenceMode inference;
    at::manual_seed(7);
    const TransformerConfig config = small();
    TransformerWeights weights = make_transformer(config);
    weights.visit([](const std::string&, at::Tensor& t) { t = at::randn(t.sizes()) * 0.1; });
    const std::vector<float> t{1000.F, 500.F};
    const Precomputed prompt = precompute(config, weights.embedders, at::randn({3, 12}), at::randn({6}), t, 6000.F, {});
    weights.embedders = {};  // not needed any more
    const at::Tensor latents = at::randn({16, 2, 4, 6});
    const Rope rope = rope_for(config, latents.sizes(), at::kCPU);
    zt::Cancel never, soon;
    Watched all(weights, never, 99), some(weights, soon, 3);
    EXPECT_EQ(velocity(config, weights.ends, all, prompt, 1, latents, rope, never).sizes(), latents.sizes());
    EXPECT_EQ(all.asked, "d0 d1 s0 s1 s2 ");
    EXPECT_THROW((void)velocity(config, weights.ends, some, prompt, 1, latents, rope, soon), zt::Error);
    EXPECT_EQ(some.asked, "d0 d1 s0 ");
}

TEST(Sampler, KnowsItsNamesAndStops) {
    for (const SamplerName& known : sampler_names()) EXPECT_EQ(sampler_mode(known.name), known.mode);
    EXPECT_THROW((void)sampler_mode("euler"), zt::Error);
    const c10::InferenceMode inference;
    const zt::sample::Levels schedule =
        make_schedule(SamplerMode::kDiffusers, 4, 7.0, at::kBFloat16, Kind::kTextToVideo);
    EXPECT_EQ(schedule.sigmas.size(), 5U);
    EXPECT_EQ(schedule.t[0], 1000.F);
    EXPECT_EQ(schedule.t[1], 956.F);  // 954.545 in bf16
    zt::Cancel cancel;
    int passes = 0;
    const auto network = [&](const at::Tensor& x, int64_t, bool) {
        if (++passes == 3) cancel.request();
        return x;
    };
    Sampling sampling;
    sampling.cfg = 2.0;  // two passes a step
    EXPECT_THROW((void)denoise(
                     sampling, schedule, make_noise(1, {16, 1, 2, 2}, sampling.mode, at::kCPU), {}, network,
                     [](int64_t, int64_t) {}, cancel),
                 zt::Error);
    EXPECT_EQ(passes, 4);
}

TEST(Guidance, IsFedAsTheReferencesDo) {
    EXPECT_EQ(guidance_input(6.0, at::kFloat), 6000.F);
    EXPECT_EQ(guidance_input(6.0, at::kBFloat16), 6016.F);
    EXPECT_EQ(guidance_input(4.0, at::kBFloat16), 4000.F);
}

}  // namespace
