// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nn/winograd_lines.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace {

using zt::nn::winograd_lines;
using zt::nn::winograd_lines_suit;

double error(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

at::Tensor exact(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b, int64_t dilation) {
    const at::Tensor bias = b.defined() ? b.to(at::kDouble) : b;
    return at::conv1d(x.to(at::kDouble), w.to(at::kDouble), bias, 1, (w.size(2) - 1) * dilation / 2, dilation);
}

class WinogradLines : public testing::Test {
protected:
    void SetUp() override {
        if (!winograd_lines_suit(at::empty({1, 1, 4}), at::empty({8, 1, 3}))) GTEST_SKIP() << "no 512-bit vectors";
        at::manual_seed(8);
    }
    void TearDown() override { at::set_num_threads(1); }
    const c10::InferenceMode inference_;
};

TEST_F(WinogradLines, IsTheConvolution) {
    at::set_num_threads(2);
    for (const int64_t taps : {3, 5, 7, 9, 11, 13})
        for (const int64_t dilation : {1, 2, 3, 5})
            for (const int64_t samples : {1, 2, 4, 17, 63, 200, 1035}) {
                const at::Tensor x = at::randn({2, 12, samples}), w = at::randn({24, 12, taps}), b = at::randn({24});
                EXPECT_LT(error(winograd_lines(x, w, b, dilation), exact(x, w, b, dilation)), 2e-6)
                    << taps << " taps, dilation " << dilation << ", " << samples << " samples";
            }
}

TEST_F(WinogradLines, ManyChannels) {
    at::set_num_threads(2);
    const at::Tensor x = at::randn({2, 512, 300}), w = at::randn({512, 512, 11}), b = at::randn({512});
    EXPECT_LT(error(winograd_lines(x, w, b, 5), exact(x, w, b, 5)), 4e-6);  // sums of 5,632 products
}

TEST_F(WinogradLines, AddsWhatIsGiven) {
    const at::Tensor x = at::randn({3, 16, 99}), w = at::randn({8, 16, 7}), plus = at::randn({3, 8, 99});
    EXPECT_LT(error(winograd_lines(x, w, {}, 3, plus), exact(x, w, {}, 3) + plus), 2e-6);
}

// Sound that is decoded beside other sound, in a longer stretch or by more threads has the same samples to the bit.
TEST_F(WinogradLines, ASampleDependsOnItsNeighboursAlone) {
    const at::Tensor x = at::randn({2, 64, 2000}), w = at::randn({64, 64, 11}), b = at::randn({64});
    const at::Tensor all = winograd_lines(x, w, b, 3);
    EXPECT_TRUE(winograd_lines(x[1].unsqueeze(0), w, b, 3).equal(all[1].unsqueeze(0)));
    for (const int threads : {2, 3, 7}) {
        at::set_num_threads(threads);
        EXPECT_TRUE(winograd_lines(x, w, b, 3).equal(all)) << threads;
    }
    const int64_t part = 3 * 4 * 100, reach = 3 * 12;  // a tile's outputs come from all that the tile reads
    const at::Tensor some = winograd_lines(x.narrow(2, 0, part).contiguous(), w, b, 3);
    EXPECT_TRUE(some.narrow(2, 0, part - reach).equal(all.narrow(2, 0, part - reach)));
}

TEST(WinogradLinesSuit, WhatItCanCompute) {
    const at::Tensor x = at::empty({1, 12, 9});
    EXPECT_FALSE(winograd_lines_suit(x, at::empty({12, 12, 3})));
    EXPECT_FALSE(winograd_lines_suit(x, at::empty({8, 12, 4})));
    EXPECT_FALSE(winograd_lines_suit(x, at::empty({8, 12, 1})));
    EXPECT_FALSE(winograd_lines_suit(x.to(at::kBFloat16), at::empty({8, 12, 3}, at::kBFloat16)));
    EXPECT_FALSE(winograd_lines_suit(x.transpose(1, 2), at::empty({8, 9, 3})));
}

}  // namespace
