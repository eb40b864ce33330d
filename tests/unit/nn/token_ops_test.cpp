// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The fused loops against the same formulas as tensor operations.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "nn/token_ops.h"

namespace {

double error(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
    return ((x - y).norm() / y.norm()).item<double>();
}

struct Size {
    int64_t tokens, heads, dim;
    at::ScalarType type;
};

class TokenOps : public testing::TestWithParam<Size> {
protected:
    c10::InferenceMode inference;
    const int64_t tokens = GetParam().tokens, heads = GetParam().heads, dim = GetParam().dim, width = heads * dim;
    // One rounding to the type at most.
    const double bar = GetParam().type == at::kFloat ? 1e-6 : 1e-3;
    at::Tensor random(at::IntArrayRef sizes) const { return at::randn(sizes).to(GetParam().type); }
    void SetUp() override {
        at::manual_seed(3);
        at::set_num_threads(2);
    }
    void TearDown() override { at::set_num_threads(1); }
};

INSTANTIATE_TEST_SUITE_P(Sizes, TokenOps,
                         testing::Values(Size{1, 1, 2, at::kFloat}, Size{37, 3, 24, at::kFloat},
                                         Size{100, 2, 128, at::kFloat}, Size{9, 5, 6, at::kBFloat16},
                                         Size{37, 3, 24, at::kBFloat16}, Size{64, 4, 64, at::kBFloat16}));

TEST_P(TokenOps, NormModulate) {
    // A view into rows that are wider, and a mean far from zero.
    const at::Tensor x = (random({tokens, width + 5}) + 3).narrow(1, 2, width), shift = random({width}),
                     scale = random({width});
    const at::Tensor out = at::empty({tokens, width}, x.options()), plain = at::empty_like(out);
    zt::nn::norm_modulate(x, shift, scale, out);
    zt::nn::plain::norm_modulate(x, shift, scale, plain);
    EXPECT_LT(error(out, plain), bar);
}

TEST_P(TokenOps, AddGated) {
    const at::Tensor x = random({tokens, width}), y = random({tokens, width}), gate = random({width});
    const at::Tensor out = x.clone(), plain = x.clone();
    zt::nn::add_gated(out, y, gate);
    zt::nn::plain::add_gated(plain, y, gate);
    EXPECT_LT(error(out, plain), bar);
    EXPECT_GT(error(out, x), 0.1);
}

TEST_P(TokenOps, SplitHeads) {
    const at::Tensor qkv = random({tokens, 3 * width}), q_norm = random({dim}) + 1, k_norm = random({dim}) + 1;
    const at::Tensor angle = at::randn({tokens, dim / 2}), cos = angle.cos(), sin = angle.sin();
    const int64_t first = 4;
    for (const bool turned : {true, false}) {
        const at::Tensor out = at::zeros({3, heads, tokens + 9, dim}, qkv.options()), plain = at::zeros_like(out);
        zt::nn::split_heads(qkv, q_norm, k_norm, turned ? cos : at::Tensor(), turned ? sin : at::Tensor(), out, first);
        zt::nn::plain::split_heads(qkv, q_norm, k_norm, turned ? cos : at::Tensor(), turned ? sin : at::Tensor(), plain,
                                   first);
        for (int64_t part = 0; part < 3; part++) EXPECT_LT(error(out[part], plain[part]), bar) << part << turned;
        EXPECT_EQ(out.narrow(2, 0, first).abs().sum().item<float>(), 0.F);
    }
}

// Layer norms of heads: with biases, the mean taken away.
TEST_P(TokenOps, SplitHeadsCentred) {
    const at::Tensor qkv = random({tokens, 3 * width}) + 0.5, q_norm = random({dim}) + 1, k_norm = random({dim}) + 1;
    const at::Tensor angle = at::randn({tokens, dim / 2}), cos = angle.cos(), sin = angle.sin();
    zt::nn::HeadStyle style;
    style.q_bias = random({dim}), style.k_bias = random({dim});
    const int64_t first = 4;
    const at::Tensor out = at::zeros({3, heads, tokens + 9, dim}, qkv.options()), plain = at::zeros_like(out),
                     other = at::zeros_like(out);
    zt::nn::split_heads(qkv, q_norm, k_norm, cos, sin, out, first, style);
    zt::nn::plain::split_heads(qkv, q_norm, k_norm, cos, sin, plain, first, style);
    zt::nn::split_heads(qkv, q_norm, k_norm, cos, sin, other, first);
    for (int64_t part = 0; part < 3; part++) EXPECT_LT(error(out[part], plain[part]), bar) << part;
    EXPECT_GT(error(out, other), 0.01);
    // Without turning, the layer norm itself.
    zt::nn::split_heads(qkv, q_norm, k_norm, {}, {}, out, first, style);
    const at::Tensor x = qkv.narrow(1, width, width).reshape({tokens, heads, dim}).to(at::kFloat);
    const at::Tensor normed = at::layer_norm(x, {dim}, k_norm.to(at::kFloat), style.k_bias.to(at::kFloat), style.eps);
    EXPECT_LT(error(out[1].narrow(1, first, tokens).transpose(0, 1), normed.to(qkv.scalar_type())), bar);
}

// The style of a model whose pairs are the halves of some channels of a head.
TEST_P(TokenOps, SplitHeadsByHalves) {
    const at::Tensor qkv = random({tokens, 3 * width}), q_norm = random({dim}) + 1, k_norm = random({dim}) + 1;
    const int64_t pairs = std::max<int64_t>(1, dim * 3 / 8), first = 4;
    const at::Tensor angle = at::randn({tokens, pairs}), cos = angle.cos(), sin = angle.sin();
    for (const zt::nn::Rounds rounds : {zt::nn::Rounds::kLast, zt::nn::Rounds::kEach}) {
        const zt::nn::HeadStyle style{.eps = 0.5, .halves = true, .rounds = rounds};
        const at::Tensor out = at::zeros({3, heads, tokens + 9, dim}, qkv.options()), plain = at::zeros_like(out),
                         other = at::zeros_like(out);
        zt::nn::split_heads(qkv, q_norm, k_norm, cos, sin, out, first, style);
        zt::nn::plain::split_heads(qkv, q_norm, k_norm, cos, sin, plain, first, style);
        zt::nn::split_heads(qkv, q_norm, k_norm, cos, sin, other, first,
                            {.eps = 1e-6, .halves = true, .rounds = rounds});
        for (int64_t part = 0; part < 3; part++) EXPECT_LT(error(out[part], plain[part]), bar) << part;
        EXPECT_GT(error(out, other), 0.01);
        if (dim > 2 * pairs && rounds == zt::nn::Rounds::kEach && GetParam().type == at::kBFloat16) {
            // What does not turn has the norm alone, rounded once.
            const at::Tensor x = qkv.narrow(1, 0, width).reshape({tokens, heads, dim}).to(at::kFloat);
            const at::Tensor normed =
                (x * at::rsqrt(x.square().mean(-1, true) + 0.5) * q_norm.to(at::kFloat)).to(at::kBFloat16);
            EXPECT_LT(error(out[0].narrow(1, first, tokens).transpose(0, 1).narrow(2, 2 * pairs, dim - 2 * pairs),
                            normed.narrow(2, 2 * pairs, dim - 2 * pairs)),
                      1e-4);
        }
    }
}

TEST_P(TokenOps, RmsModulate) {
    const at::Tensor x = (random({tokens, width + 5}) + 3).narrow(1, 2, width), shift = random({width}),
                     scale = random({width}), weight = random({width}) + 1;
    for (const zt::nn::Rounds rounds : {zt::nn::Rounds::kLast, zt::nn::Rounds::kEach}) {
        for (const bool modulated : {true, false}) {
            const at::Tensor out = at::empty({tokens, width}, x.options()), plain = at::empty_like(out);
            const at::Tensor a = modulated ? shift : at::Tensor(), b = modulated ? scale : at::Tensor();
            zt::nn::rms_modulate(x, weight, a, b, 1e-5, out, rounds);
            zt::nn::plain::rms_modulate(x, weight, a, b, 1e-5, plain, rounds);
            EXPECT_LT(error(out, plain), bar) << modulated;
        }
    }
    const at::Tensor y = random({tokens, width}), gate = random({width}), out = x.clone(), plain = x.clone();
    zt::nn::add_gated(out, y, gate, zt::nn::Rounds::kEach);
    zt::nn::plain::add_gated(plain, y, gate, zt::nn::Rounds::kEach);
    EXPECT_TRUE(at::equal(out, plain));  // every operation rounded alike: no bit may differ
}

TEST_P(TokenOps, RmsHeads) {
    // A view into rows that are wider, as keys are in the product that gives queries, keys and values.
    const at::Tensor x = random({tokens, 3 * width}).narrow(1, width, width), norm = random({width}) + 1;
    const at::Tensor angle = at::randn({tokens, dim / 2}), cos = angle.cos(), sin = angle.sin();
    const int64_t first = 4;
    for (const bool turned : {true, false}) {
        const at::Tensor out = at::zeros({heads, tokens + 9, dim}, x.options()), plain = at::zeros_like(out);
        zt::nn::rms_heads(x, norm, turned ? cos : at::Tensor(), turned ? sin : at::Tensor(), out, first);
        zt::nn::plain::rms_heads(x, norm, turned ? cos : at::Tensor(), turned ? sin : at::Tensor(), plain, first);
        EXPECT_LT(error(out, plain), bar) << turned;
        EXPECT_EQ(out.narrow(1, 0, first).abs().sum().item<float>(), 0.F);
        // Over all heads together, not each alone.
        if (!turned && heads > 1) {
            const at::Tensor each =
                x.to(at::kFloat) * at::rsqrt(x.to(at::kFloat).square().mean(-1, true)) * norm.to(at::kFloat);
            EXPECT_LT(error(out.narrow(1, first, tokens).transpose(0, 1).reshape({tokens, width}), each), 1e-2);
        }
    }
}

TEST(TokenOpsValues, RmsOfRows) {
    const c10::InferenceMode inference;
    // |(3, 4)| is 5; a row of zeros stays one.
    const at::Tensor x = at::tensor({3.F, 4.F, 0.F, 0.F}).view({2, 2}), gamma = at::tensor({1.F, 10.F});
    const at::Tensor out = at::empty({2, 2});
    zt::nn::rms_rows(x, gamma, out);
    const float root = std::sqrt(2.F);
    EXPECT_NEAR(out[0][0].item<float>(), 0.6F * root, 1e-6);
    EXPECT_NEAR(out[0][1].item<float>(), 8 * root, 1e-5);
    EXPECT_EQ(out[1].abs().sum().item<float>(), 0.F);
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        const at::Tensor many = at::randn({70, 41}).to(type), w = at::randn({41}).to(type);
        const at::Tensor ours = at::empty_like(many), plain = at::empty_like(many);
        zt::nn::rms_rows(many, w, ours);
        zt::nn::plain::rms_rows(many, w, plain);
        EXPECT_LT(error(ours, plain), type == at::kFloat ? 1e-6 : 4e-3);
    }
}

TEST(TokenOpsValues, AreTheFormulas) {
    const c10::InferenceMode inference;
    // layer_norm of (1, 3) is (-1, 1); a pair (3, 4) has root mean square sqrt(12.5).
    const at::Tensor x = at::tensor({1.F, 3.F}).view({1, 2}), out = at::empty({1, 2});
    zt::nn::norm_modulate(x, at::tensor({10.F, 20.F}), at::tensor({1.F, 2.F}), out);
    EXPECT_NEAR(out[0][0].item<float>(), -2 + 10, 1e-4);
    EXPECT_NEAR(out[0][1].item<float>(), 3 + 20, 1e-4);
    const at::Tensor qkv = at::tensor({3.F, 4.F, 3.F, 4.F, 5.F, 6.F}).view({1, 6}), heads = at::empty({3, 1, 1, 2});
    zt::nn::split_heads(qkv, at::tensor({1.F, 1.F}), at::tensor({2.F, 1.F}), at::zeros({1, 1}), at::ones({1, 1}), heads,
                        0);
    const float root = std::sqrt(12.5F);
    EXPECT_NEAR(heads[0][0][0][0].item<float>(), -4 / root, 1e-5);  // a quarter turn
    EXPECT_NEAR(heads[0][0][0][1].item<float>(), 3 / root, 1e-5);
    EXPECT_NEAR(heads[1][0][0][1].item<float>(), 6 / root, 1e-5);
    EXPECT_EQ(heads[2][0][0][1].item<float>(), 6.F);
}

TEST(TokenOpsValues, KeepNotANumber) {
    const c10::InferenceMode inference;
    at::Tensor x = at::zeros({1, 32}, at::kBFloat16);
    zt::nn::add_gated(x, at::full({1, 32}, std::numeric_limits<float>::quiet_NaN(), at::kBFloat16),
                      at::ones({32}, at::kBFloat16));
    EXPECT_TRUE(x.isnan().all().item<bool>());
}

}  // namespace
