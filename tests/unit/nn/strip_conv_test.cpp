// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Strips of a picture give what the whole picture gives, in both forms, and each row is asked for where it is needed.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "nn/strip_conv.h"
#include "nn/work_bytes.h"

namespace {

using namespace zt::nn;

struct Size {
    int64_t height, width, in, out;
    bool cut;  // more than one strip
};

void compare(const Size& s) {
    const at::Tensor x = at::randn({s.height, s.width, s.in}), weight = at::randn({s.out, s.in, 3, 3}),
                     bias = at::randn({s.out});
    int strips = 0;
    const at::Tensor got = conv3x3(
        [&](int64_t from, int64_t to) {
            EXPECT_TRUE(0 <= from && from < to && to <= s.height) << from << " " << to;
            strips++;
            return x.narrow(0, from, to - from);
        },
        s.height, s.width, weight, bias);
    EXPECT_EQ(strips > 1, s.cut) << s.height << "x" << s.width;
    const at::Tensor exact = at::conv2d(x.to(at::kDouble).permute({2, 0, 1}).unsqueeze(0), weight.to(at::kDouble),
                                        bias.to(at::kDouble), 1, 1)[0]
                                 .permute({1, 2, 0});
    ASSERT_EQ(got.sizes(), exact.sizes());
    EXPECT_LT(((got - exact).norm() / exact.norm()).item<double>(), 3e-6) << s.height << "x" << s.width;
    const at::Tensor rows = (got - exact).abs().amax({1, 2});  // a wrong border of one strip would drown in the norm
    EXPECT_LT(rows.max().item<double>(), 1e-3);
}

TEST(StripConv, IsTheConvolutionOfTheWhole) {
    const c10::InferenceMode inference;
    at::manual_seed(11);
    compare({7, 5, 8, 16, false});
    compare({1, 1, 3, 2, false});
    compare({101, 3001, 40, 8, true});  // by Winograd
    compare({103, 4001, 99, 3, true});  // plain: three channels
}

}  // namespace
