// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The loops about a residual stream in fp32, and the activation of BigVGAN, against the same formulas as tensor
// operations.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nn/alias_free.h"
#include "nn/residual_ops.h"

namespace {

double error(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
    return ((x - y).norm() / y.norm()).item<double>();
}

struct Size {
    int64_t tokens, width;
    at::ScalarType type;
};

class ResidualOps : public testing::TestWithParam<Size> {
protected:
    c10::InferenceMode inference;
    const int64_t tokens = GetParam().tokens, width = GetParam().width;
    const double bar = GetParam().type == at::kFloat ? 1e-6 : 3e-3;
    at::Tensor random(at::IntArrayRef sizes) const { return at::randn(sizes).to(GetParam().type); }
    void SetUp() override {
        at::manual_seed(3);
        at::set_num_threads(2);
    }
    void TearDown() override { at::set_num_threads(1); }
};

INSTANTIATE_TEST_SUITE_P(Sizes, ResidualOps,
                         testing::Values(Size{1, 1, at::kFloat}, Size{37, 72, at::kFloat}, Size{100, 256, at::kFloat},
                                         Size{9, 30, at::kBFloat16}, Size{64, 256, at::kBFloat16},
                                         Size{12, 40, at::kHalf}));

TEST_P(ResidualOps, RmsNorm) {
    const at::Tensor x = (at::randn({tokens, width + 5}) + 1).narrow(1, 2, width), weight = at::randn({width});
    const at::Tensor out = random({tokens, width}), plain = at::empty_like(out);
    zt::nn::rms_norm(x, weight, 1e-2, out);  // large enough to be seen
    zt::nn::plain::rms_norm(x, weight, 1e-2, plain);
    EXPECT_LT(error(out, plain), bar);
    const at::Tensor exact = x / (x.square().mean(-1, true) + 1e-2).sqrt() * weight;
    EXPECT_LT(error(out, exact), bar);
}

TEST_P(ResidualOps, AddScaled) {
    const at::Tensor x = at::randn({tokens, width}), y = random({tokens, width}), scale = at::randn({width});
    const at::Tensor out = x.clone();
    zt::nn::add_scaled(out, y, scale);
    EXPECT_LT(error(out, x + y.to(at::kFloat) * scale), 1e-6);
}

TEST_P(ResidualOps, Swiglu) {
    const at::Tensor x = random({tokens, 2 * width}) * 6;
    const at::Tensor out = random({tokens, width}), plain = at::empty_like(out);
    zt::nn::swiglu(x, out);
    zt::nn::plain::swiglu(x, plain);
    EXPECT_LT(error(out, plain), bar);
    const at::Tensor wide = x.to(at::kFloat);
    EXPECT_LT(error(out, wide.narrow(1, 0, width) * at::silu(wide.narrow(1, width, width))), bar);
}

TEST(Swiglu, GatesThatAreNotNumbersOrVeryLarge) {
    const c10::InferenceMode inference;
    const float inf = std::numeric_limits<float>::infinity();
    const std::vector<float> gates = {-inf, -1e30F, -200, -100, -88, -87, -30, -1e-30F, 0, 30, 87, 88, 100, 1e30F};
    const auto n = static_cast<int64_t>(gates.size());
    const at::Tensor gate = at::tensor(gates), x = at::cat({at::ones({n}), gate}).view({1, 2 * n});
    const at::Tensor out = at::empty({1, n});
    zt::nn::swiglu(x, out);
    for (int64_t i = 1; i < n; i++) {  // -inf times 0 is not a number in either form
        const double g = gates[static_cast<size_t>(i)], expected = g / (1 + std::exp(-g));
        EXPECT_NEAR(out[0][i].item<double>(), expected, 1e-6 * std::abs(expected) + 1e-35) << g;
    }
    const at::Tensor nan = at::full({1, 2}, std::numeric_limits<float>::quiet_NaN()), one = at::empty({1, 1});
    zt::nn::swiglu(nan, one);
    EXPECT_TRUE(one.isnan().all().item<bool>());
}

// ---- The activation of BigVGAN ----

TEST(AliasFree, TheFilterPassesAConstant) {
    const c10::InferenceMode inference;
    const at::Tensor f = zt::nn::kaiser_sinc();
    ASSERT_EQ(f.size(0), 12);
    EXPECT_NEAR(f.sum().item<double>(), 1.0, 1e-6);
    EXPECT_TRUE(at::allclose(f, f.flip(0), 1e-6, 1e-7));
    EXPECT_NEAR(f[5].item<double>(), 0.4432, 1e-3);  // the middle of a sinc that passes half of all frequencies
}

TEST(AliasFree, IsThePlainFormAtEveryLength) {
    const c10::InferenceMode inference;
    at::manual_seed(4);
    at::set_num_threads(2);
    const at::Tensor f = zt::nn::kaiser_sinc();
    for (const int64_t length : {1, 2, 3, 5, 12, 13, 1000, 2047, 2048, 2049, 2050, 2053, 2060, 4096, 4099, 6000}) {
        const at::Tensor x = at::randn({2, 3, length}) * 3, a = at::randn({3}).exp(), b = at::randn({3}).exp();
        EXPECT_LT(error(zt::nn::alias_free_snake(x, a, b, f), zt::nn::plain::alias_free_snake(x, a, b, f)), 1e-6)
            << length;
    }
    at::set_num_threads(1);
}

TEST(AliasFree, LargeArgumentsOfTheSine) {
    const c10::InferenceMode inference;
    const at::Tensor f = zt::nn::kaiser_sinc(), one = at::ones({1});
    for (const double frequency : {1e2, 6e2, 1e4, 1e5}) {
        at::manual_seed(5);
        const at::Tensor x = at::randn({1, 1, 500}), a = at::full({1}, frequency);
        // Where the argument has no exact fraction any more both forms are as good: they may differ by what fp32 loses.
        EXPECT_LT(error(zt::nn::alias_free_snake(x, a, one, f), zt::nn::plain::alias_free_snake(x, a, one, f)),
                  1e-6 + frequency * 2e-7);
    }
}

}  // namespace
