// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Strips and tiles of pictures give what the whole picture gives.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <vector>

#include "nn/strip_conv.h"

namespace {

using namespace zt::nn;

struct Size {
    int64_t frames, enlarge, height, width, in, out;  // height and width of a frame
    at::ScalarType type = at::kFloat;                 // of the frames before the last
};

void compare(const Size& s) {
    std::vector<at::Tensor> frames;
    for (int64_t i = 0; i < s.frames; i++)
        frames.push_back(at::randn({s.height, s.width, s.in}).to(i + 1 < s.frames ? s.type : at::kFloat));
    const at::Tensor weight = at::randn({s.out, s.frames * s.in, 3, 3}), bias = at::randn({s.out});
    ConvWork work;
    const at::Tensor got = conv3x3(frames, s.enlarge, weight, bias, work);
    EXPECT_TRUE(at::equal(got, conv3x3(frames, s.enlarge, in_order(weight), bias, work)));
    std::vector<at::Tensor> wide;
    for (const at::Tensor& frame : frames) wide.push_back(frame.to(at::kDouble));
    const at::Tensor x = at::cat(wide, 2).repeat_interleave(s.enlarge, 0).repeat_interleave(s.enlarge, 1);
    const at::Tensor exact =
        at::conv2d(x.permute({2, 0, 1}).unsqueeze(0), weight.to(at::kDouble), bias.to(at::kDouble), 1, 1)[0].permute(
            {1, 2, 0});
    ASSERT_EQ(got.sizes(), exact.sizes());
    EXPECT_LT(((got - exact).norm() / exact.norm()).item<double>(), 3e-6) << s.height << "x" << s.width;
    const at::Tensor rows = (got - exact).abs().amax({1, 2});  // a wrong border of one strip would drown in the norm
    EXPECT_LT(rows.max().item<double>(), 1e-3) << s.height << "x" << s.width;
}

TEST(StripConv, IsTheConvolutionOfTheWhole) {
    const c10::InferenceMode inference;
    at::manual_seed(11);
    compare({1, 1, 7, 5, 8, 16});
    compare({1, 1, 1, 1, 3, 2});
    compare({3, 1, 101, 3001, 8, 8});         // several strips, by Winograd
    compare({3, 1, 103, 4001, 33, 3});        // several strips, plain: three channels
    compare({1, 2, 51, 1501, 24, 8});         // enlarged, an odd row first in some strip
    compare({3, 1, 9, 11, 8, 8, at::kHalf});  // a history in fp16
}

TEST(StripConv, AnOrderInMemoryIsTheSameKernel) {
    const c10::InferenceMode inference;
    const at::Tensor wide = at::randn({4, 5, 3, 3, 3}), plain = at::randn({4, 5, 3, 3}),
                     point = at::randn({4, 5, 1, 1});
    for (const at::Tensor& kernel : {wide, plain, point}) EXPECT_TRUE(at::equal(in_order(kernel), kernel));
    EXPECT_EQ(in_order(wide).stride(0), 1);
    EXPECT_EQ(in_order(plain).stride(0), 1);
}

// Channels that suit processors with 512-bit vectors: tiles stay in the cache there.
TEST(StripConv, FramesOfWideLayers) {
    const c10::InferenceMode inference;
    at::manual_seed(12);
    for (const int64_t height : {1, 2, 3, 4, 7})
        for (const int64_t width : {1, 3, 4, 5, 30}) compare({3, 1, height, width, 16, 32});
    compare({2, 1, 20, 32, 96, 96, at::kHalf});
    compare({1, 2, 5, 9, 48, 64});
    compare({3, 1, 61, 97, 32, 96});
}

}  // namespace
