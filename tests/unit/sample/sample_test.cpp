// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Noise, schedule and the denoise loop (sample/).
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "sample/loop.h"
#include "sample/noise.h"
#include "sample/schedule.h"

namespace {

using namespace zt::sample;

TEST(Schedule, FallsFromOneToZero) {
    const std::vector<float> even = flow_sigmas(4, 1.0);
    EXPECT_EQ(even, (std::vector<float>{1.F, 0.75F, 0.5F, 0.25F, 0.F}));
    // Reference values of the flow-matching Euler schedule with shift 7.
    const std::vector<float> shifted = flow_sigmas(4, 7.0), expected{1.F, 0.954545F, 0.875F, 0.7F, 0.F};
    for (size_t i = 0; i < expected.size(); i++) EXPECT_NEAR(shifted[i], expected[i], 1e-6);
}

TEST(Noise, IsTheReferenceGenerators) {
    // torch.manual_seed(0); torch.randn(4)
    const at::Tensor four = Noise(0).draw({4});
    const float expected[] = {1.5409961F, -0.2934289F, -2.1787894F, 0.5684313F};
    for (int i = 0; i < 4; i++) EXPECT_NEAR(four[i].item<float>(), expected[i], 1e-6);
}

TEST(Noise, DoesNotDependOnThreads) {
    at::set_num_threads(1);
    const at::Tensor one = Noise(5).draw({3, 1000});
    for (const int threads : {2, 3, 8}) {
        at::set_num_threads(threads);
        EXPECT_TRUE(at::equal(Noise(5).draw({3, 1000}), one)) << threads;
    }
    at::set_num_threads(1);
    EXPECT_FALSE(at::equal(Noise(6).draw({3, 1000}), one));
}

TEST(Loop, FollowsAStraightFlowExactly) {
    // With the true clean picture as prediction, Euler lands on it whatever the number of steps.
    const at::Tensor clean = at::arange(8, at::kFloat), noise = Noise(1).draw({8});
    for (const int steps : {1, 2, 5}) {
        int told = -1;
        const at::Tensor out = denoise(
            noise, flow_sigmas(steps, 1.0), [&](const at::Tensor& x, float sigma) { return velocity_from_clean(x, clean, sigma); },
            [&](int step, int of) {
                told = step;
                EXPECT_EQ(of, steps);
            },
            {});
        EXPECT_LT((out - clean).abs().max().item<float>(), 1e-5F);
        EXPECT_EQ(told, steps);
    }
}

TEST(Loop, StopsWhenCancelled) {
    zt::Cancel cancel;
    const auto velocity = [&](const at::Tensor& x, float) {
        cancel.request();
        return x;
    };
    EXPECT_THROW((void)denoise(at::zeros({2}), flow_sigmas(3, 1.0), velocity, [](int, int) {}, cancel), zt::Error);
}

}  // namespace
