// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Noise, schedule and the denoise loop (sample/).
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "sample/loop.h"
#include "sample/noise.h"
#include "sample/renoise.h"
#include "sample/schedule.h"
#include "sample/solver.h"

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

// Published values of diffusers 0.42.1 (UniPCMultistepScheduler with use_flow_sigmas), to the digits printed there.
TEST(Schedule, UniPcIsTheReferences) {
    struct Case {
        double shift;
        std::vector<float> sigmas;
        std::vector<float> t;
    };
    const Case cases[] = {
        {3, {.999999F, .900120F, .750375F, .500999F, 0}, {999, 900, 750, 500}},
        {5,
         {.999999F, .978284F, .952438F, .921156F, .882526F, .833611F, .769674F, .682540F, .556788F, .359433F, 0},
         {999, 978, 952, 921, 882, 833, 769, 682, 556, 359}},
        {12,
         {.999999F, .988249F, .973008F, .952453F, .923219F, .878334F, .800639F, .633433F, 0},
         {999, 988, 973, 952, 923, 878, 800, 633}},
        {1, {.999999F, .750250F, .500500F, .250750F, 0}, {999, 750, 500, 250}}};
    for (const Case& c : cases) {
        const Levels levels = make_levels("unipc", static_cast<int64_t>(c.t.size()), c.shift);
        EXPECT_EQ(levels.t, c.t);
        ASSERT_EQ(levels.sigmas.size(), c.sigmas.size());
        for (size_t i = 0; i < c.sigmas.size(); i++)
            EXPECT_NEAR(levels.sigmas[i], c.sigmas[i], 6e-7) << c.shift << ", " << i;
    }
    const Levels few = make_levels("distilled", 4, 5);
    for (const auto& [i, sigma] :
         {std::pair(0, 1.F), std::pair(1, .9375F), std::pair(2, .833333F), std::pair(3, .625F), std::pair(4, 0.F)})
        EXPECT_NEAR(few.sigmas[static_cast<size_t>(i)], sigma, 1e-6);
    EXPECT_NEAR(few.t[1], 937.5F, 1e-3);
    EXPECT_THROW((void)make_levels("other", 4, 5), zt::Error);
}

// Published values of diffusers 0.42.1 (MiniMaxH3Scheduler), to the digits printed there.
TEST(Schedule, EulerCleanIsTheReferences) {
    const std::pair<double, std::vector<float>> cases[] = {
        {12, {1, .972973F, .9230769F, .8F, 0}},
        {6, {1, .9473684F, .8571429F, .6666667F, 0}},
        {12, {1, .9882353F, .972973F, .952381F, .9230769F, .8780488F, .8F, .6315789F, 0}},
        {3, {1, .9545454F, .9F, .8333333F, .75F, .6428571F, .5F, .3F, 0}}};
    for (const auto& [shift, sigmas] : cases) {
        const Levels levels = make_levels("euler-clean", static_cast<int64_t>(sigmas.size()) - 1, shift);
        ASSERT_EQ(levels.sigmas.size(), sigmas.size());
        ASSERT_EQ(levels.t.size() + 1, sigmas.size());
        for (size_t i = 0; i < sigmas.size(); i++) EXPECT_NEAR(levels.sigmas[i], sigmas[i], 6e-8) << shift << ", " << i;
        for (size_t i = 0; i < levels.t.size(); i++) EXPECT_EQ(levels.t[i], 1.0F - levels.sigmas[i]);
    }
    // Of levels that fp32 cannot tell apart one stays, or a step would divide by nothing.
    const Levels squeezed = make_levels("euler-clean", 50, 1e9);
    EXPECT_LT(squeezed.steps(), 10);
    for (size_t i = 1; i < squeezed.sigmas.size(); i++) EXPECT_LT(squeezed.sigmas[i], squeezed.sigmas[i - 1]);
}

constexpr auto kOnePass = [](int64_t) { return 1.0; };

TEST(Loop, FollowsAStraightFlowExactly) {
    // With the true clean picture as prediction, every solver lands on it whatever the number of steps.
    const at::Tensor clean = at::arange(8, at::kFloat), noise = Noise(1).draw({8});
    const auto v_at = [&](const at::Tensor& x, double abar) {
        return std::sqrt(abar) * (x - std::sqrt(abar) * clean) / std::sqrt(1.0 - abar) - std::sqrt(1.0 - abar) * clean;
    };
    for (const SolverRow& row : solvers())
        for (const int64_t steps : {1, 2, 3, 5}) {
            const bool to_data = row.name == "euler-mix", by_abar = row.name.ends_with("_v");
            const Levels levels = make_levels(
                by_abar ? "trailing" : (row.name == "unipc" ? "unipc" : (to_data ? "euler-clean" : "euler")), steps,
                3.0);
            Noise drawn(2);
            const auto solver = row.make(levels, Rounding::kFp32, &drawn);
            int64_t told = -1;
            const Loop loop{levels, *solver, kOnePass, [&](int64_t step, int64_t of) {
                                told = step;
                                EXPECT_EQ(of, steps);
                            }};
            const at::Tensor out =
                denoise(loop, noise,
                        [&](const at::Tensor& x, int64_t i, bool) {
                            const auto step = static_cast<size_t>(i);
                            return by_abar ? v_at(x, levels.abar[step])
                                           : velocity_from_clean(x, clean, levels.sigmas[step]) * (to_data ? -1 : 1);
                        },
                        {});
            EXPECT_LT((out - clean).abs().max().item<float>(), 2e-5F) << row.name << ", " << steps;
            EXPECT_EQ(told, steps);
        }
}

TEST(Loop, StreamsGoDownTheirOwnLevelsTogether) {
    const at::Tensor first = at::arange(8, at::kFloat), second = at::full({2, 3}, 5.0);
    const Levels steep = make_levels("euler-clean", 3, 12.0), flat = make_levels("euler-clean", 3, 3.0);
    const auto a = make_solver("euler-mix", steep, Rounding::kFp32),
               b = make_solver("euler-mix", flat, Rounding::kFp32);
    JointLoop loop{{{steep, *a}, {flat, *b}}, kOnePass, [](int64_t, int64_t) {}};
    const auto velocities = [&](std::span<const at::Tensor> x, int64_t i, bool) {
        const auto at = static_cast<size_t>(i);
        return std::vector<at::Tensor>{-velocity_from_clean(x[0], first, steep.sigmas[at]),
                                       -velocity_from_clean(x[1], second, flat.sigmas[at])};
    };
    const std::vector<at::Tensor> out = denoise(loop, {Noise(1).draw({8}), Noise(2).draw({2, 3})}, velocities, {});
    ASSERT_EQ(out.size(), 2U);
    EXPECT_LT((out[0] - first).abs().max().item<float>(), 2e-5F);
    EXPECT_LT((out[1] - second).abs().max().item<float>(), 2e-5F);
    const Levels fewer = make_levels("euler-clean", 2, 3.0);
    const JointLoop uneven{{{steep, *a}, {fewer, *b}}, kOnePass, [](int64_t, int64_t) {}};
    EXPECT_THROW((void)denoise(uneven, {first, second}, velocities, {}), zt::Error);
    EXPECT_THROW((void)denoise(loop, {first}, velocities, {}), zt::Error);
}

// Of a flow whose velocity bends, order 2 leaves less error than Euler in as many steps.
TEST(Loop, UniPcIsOfHigherOrder) {
    const auto error = [](std::string_view schedule, std::string_view name, int64_t steps) {
        const Levels levels = make_levels(schedule, steps, 1.0);
        const auto solver = make_solver(name, levels, Rounding::kFp32);
        const Loop loop{levels, *solver, kOnePass, [](int64_t, int64_t) {}};
        // d x / d sigma = 3 sigma^2: x(0) = x(1) - 1.
        const at::Tensor out =
            denoise(loop, at::zeros({1}),
                    [&](const at::Tensor& x, int64_t i, bool) {
                        return at::full_like(x, 3 * std::pow(levels.sigmas[static_cast<size_t>(i)], 2));
                    },
                    {});
        return std::abs(out.item<double>() + 1);
    };
    EXPECT_LT(error("unipc", "unipc", 20), 0.35 * error("euler", "euler", 20));
}

TEST(Loop, GuidanceIsTwoPasses) {
    const Levels levels = make_levels("euler", 2, 1.0);
    const auto solver = make_solver("euler", levels, Rounding::kFp32);
    std::vector<std::pair<int64_t, bool>> passes;
    const Loop loop{levels, *solver, [](int64_t step) { return step == 0 ? 4.0 : 1.0; }, [](int64_t, int64_t) {}};
    const at::Tensor out = denoise(loop, at::zeros({1}),
                                   [&](const at::Tensor& x, int64_t i, bool negative) {
                                       passes.emplace_back(i, negative);
                                       return at::full_like(x, negative ? 1.0 : 2.0);
                                   },
                                   {});
    EXPECT_EQ(passes, (std::vector<std::pair<int64_t, bool>>{{0, false}, {0, true}, {1, false}}));
    EXPECT_FLOAT_EQ(out.item<float>(), -0.5F * (1 + 4 * (2 - 1)) - 0.5F * 2);
}

TEST(Loop, RenoisingPutsNewNoiseOnTheCleanEstimate) {
    const Levels levels = make_levels("distilled", 3, 5.0);
    Noise noise(3), again(3);
    Renoise solver(levels, noise);
    std::vector<at::Tensor> seen;
    const Loop loop{levels, solver, kOnePass, [](int64_t, int64_t) {}};
    // An estimate of its own at each level: 0, 1, 2.
    const at::Tensor out = denoise(loop, noise.draw({2, 5}),
                                   [&](const at::Tensor& x, int64_t i, bool) {
                                       seen.push_back(x);
                                       const at::Tensor clean = at::full_like(x, static_cast<double>(i));
                                       return velocity_from_clean(x, clean, levels.sigmas[static_cast<size_t>(i)]);
                                   },
                                   {});
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_TRUE(at::equal(seen[0], again.draw({2, 5})));
    for (const int64_t i : {0, 1}) {
        const float sigma = levels.sigmas[static_cast<size_t>(i) + 1];
        const at::Tensor expected = (1 - sigma) * static_cast<float>(i) + sigma * again.draw({2, 5});
        EXPECT_LT((seen[static_cast<size_t>(i) + 1] - expected).abs().max().item<float>(), 1e-5F) << i;
    }
    EXPECT_LT((out - 2).abs().max().item<float>(), 1e-5F);
}

TEST(Loop, StopsWhenCancelled) {
    zt::Cancel cancel;
    const Levels levels = make_levels("euler", 3, 1.0);
    const auto solver = make_solver("euler", levels, Rounding::kFp32);
    const Loop loop{levels, *solver, kOnePass, [](int64_t, int64_t) {}};
    const auto velocity = [&](const at::Tensor& x, int64_t, bool) {
        cancel.request();
        return x;
    };
    EXPECT_THROW((void)denoise(loop, at::zeros({2}), velocity, cancel), zt::Error);
}

}  // namespace
