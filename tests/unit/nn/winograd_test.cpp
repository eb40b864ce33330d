// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Convolutions with fewer products, beside the plain form, and the adjoints of their maps.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "nn/layers.h"
#include "nn/winograd.h"

namespace {

using namespace zt::nn;

double error(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
    return ((x - y).norm() / y.norm()).item<double>();
}

double product(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) * b.to(at::kDouble)).sum().item<double>();
}

struct Size {
    int64_t batch, height, width, in, out;
};
// Tiles that fit, tiles over each edge, pictures smaller than a tile, blocks of channels that are not full.
constexpr Size kSizes[] = {{3, 9, 16, 160, 160}, {1, 18, 32, 24, 80}, {2, 7, 5, 8, 16},
                           {1, 1, 1, 8, 8},      {1, 2, 9, 72, 40},   {2, 10, 13, 40, 48}};

TEST(Winograd, IsThePlainConvolution) {
    const c10::InferenceMode inference;
    at::manual_seed(7);
    for (const Size& s : kSizes) {
        Conv layer = make_conv(s.in, s.out);
        layer.weight.normal_();
        layer.bias.normal_();
        const at::Tensor x = at::randn({s.batch, s.height, s.width, s.in});
        const at::Tensor exact = at::conv2d(x.to(at::kDouble).permute({0, 3, 1, 2}), layer.weight.to(at::kDouble),
                                            layer.bias.to(at::kDouble), 1, 1)
                                     .permute({0, 2, 3, 1});
        EXPECT_LT(error(forward(layer, x), exact), 1e-6);
        prepare(layer);
        ASSERT_TRUE(layer.winograd.defined());
        const at::Tensor y = forward(layer, x);
        EXPECT_EQ(y.sizes(), exact.sizes());
        EXPECT_LT(error(y, exact), 3e-6) << s.height << "x" << s.width << ", " << s.in << " to " << s.out;
        // A view that is not contiguous is the same picture.
        EXPECT_TRUE(at::equal(forward(layer, x.permute({0, 3, 1, 2}).contiguous().permute({0, 2, 3, 1})), y));
    }
}

TEST(Winograd, OnlyWhereItSuits) {
    EXPECT_FALSE(winograd_suits(at::empty({8, 12, 3, 3})));
    EXPECT_FALSE(winograd_suits(at::empty({12, 8, 3, 3})));
    EXPECT_FALSE(winograd_suits(at::empty({8, 8, 3, 3}, at::kBFloat16)));
    Conv layer{at::empty({8, 8, 3, 3}, at::kBFloat16), at::empty({8}, at::kBFloat16), {}};
    prepare(layer);
    EXPECT_FALSE(layer.winograd.defined());
}

TEST(Winograd, MapsHaveTheirAdjoints) {
    const c10::InferenceMode inference;
    at::manual_seed(8);
    for (const Size& s : kSizes) {
        const Extent e{s.batch, s.height, s.width};
        const at::Tensor x = at::randn({s.batch, s.height, s.width, s.in});
        const at::Tensor v = winograd_points(x), m = at::randn_like(v);
        const double scale = v.norm().item<double>() * m.norm().item<double>();
        EXPECT_NEAR(product(v, m), product(x, winograd_points_adjoint(m, e)), 1e-6 * scale);
        const at::Tensor y = winograd_pictures(m, e, at::zeros({s.in})), g = at::randn_like(y);
        EXPECT_NEAR(product(y, g), product(m, winograd_pictures_adjoint(g)), 1e-6 * scale);
        EXPECT_GT(std::abs(product(y, y)), 1.0);
    }
}

}  // namespace
