// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Schedules; see schedule.h. Every operation is in the order and type of the code that it is named after.
#include "sample/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "core/error.h"

namespace zt::sample {
namespace {

constexpr float kTimes = 1000.0F;      // levels that models are trained on
constexpr int64_t kTrainTimes = 1000;  // the same, counted
constexpr double kLeast = 1e-6;        // below 1, so that the logarithm of 1 - sigma is finite

double shifted(double u, double shift) { return shift * u / (1.0 + (shift - 1.0) * u); }

// Even levels, the shift in fp32; t is 1000 sigma.
template <class Even>
Levels euler(int64_t steps, double shift, Even even) {
    Levels levels;
    const auto s = static_cast<float>(shift), less = static_cast<float>(shift - 1.0);
    for (int64_t i = 0; i < steps; i++) {
        const float u = even(i), sigma = s * u / (1.0F + less * u);
        levels.sigmas.push_back(sigma);
        levels.t.push_back(sigma * kTimes);
    }
    levels.sigmas.push_back(0.0F);
    return levels;
}

Levels euler_fp64(int64_t steps, double shift) {
    return euler(steps, shift, [&](int64_t i) {
        return static_cast<float>(static_cast<double>(i) * (-1.0 / static_cast<double>(steps)) + 1.0);
    });
}

Levels euler_fp32(int64_t steps, double shift) {
    const at::Tensor even = at::linspace(1.0, 0.0, steps + 1, at::TensorOptions().dtype(at::kFloat));
    return euler(steps, shift, [&](int64_t i) { return even.const_data_ptr<float>()[i]; });
}

// The share of clean latents is what the model is told. A strong shift makes neighbours equal: one of them stays.
Levels euler_clean(int64_t steps, double shift) {
    Levels levels = euler_fp32(steps, shift);
    levels.sigmas.erase(std::unique(levels.sigmas.begin(), levels.sigmas.end()), levels.sigmas.end());
    levels.t.clear();
    for (size_t i = 0; i + 1 < levels.sigmas.size(); i++) levels.t.push_back(1.0F - levels.sigmas[i]);
    return levels;
}

// In doubles; t is cut to a whole number.
Levels unipc(int64_t steps, double shift) {
    Levels levels;
    // numpy's linspace from 1 to 1/1000 with steps + 1 values, the last left out.
    const double step = (1.0 / kTimes - 1.0) / static_cast<double>(steps);
    for (int64_t i = 0; i < steps; i++) {
        double sigma = shifted(static_cast<double>(i) * step + 1.0, shift);
        if (i == 0 && std::abs(sigma - 1.0) < kLeast) sigma -= kLeast;
        levels.sigmas.push_back(static_cast<float>(sigma));
        levels.t.push_back(static_cast<float>(static_cast<int64_t>(sigma * kTimes)));
    }
    levels.sigmas.push_back(0.0F);
    return levels;
}

// A table of 1000 shifted levels, of which a distilled model knows every (1000 / steps)-th from the top; t is 1000
// sigma.
Levels distilled(int64_t steps, double shift) {
    Levels levels;
    for (int64_t i = 0; i < steps; i++) {
        const auto index =
            static_cast<double>(std::lround(static_cast<double>(i) * kTimes / static_cast<double>(steps)));
        const double sigma = shifted(1.0 - index / kTimes, shift);
        levels.sigmas.push_back(static_cast<float>(sigma));
        levels.t.push_back(static_cast<float>(sigma * kTimes));
    }
    levels.sigmas.push_back(0.0F);
    return levels;
}

// abar of each of 1000 times: betas even in their roots from 0.00085 to 0.012 ("scaled linear"), the ratio of signal to
// noise divided by `shift`, then stretched so that the last level has no signal (Lin et al. 2305.08891, algorithm 1).
// fp64, in the order of diffusers' CogVideoXDDIMScheduler.
std::vector<double> scaled_linear_abar(double shift) {
    constexpr double kFirst = 0.00085, kLast = 0.012;
    const at::Tensor betas =
        at::linspace(std::sqrt(kFirst), std::sqrt(kLast), kTrainTimes, at::TensorOptions().dtype(at::kDouble)).square();
    at::Tensor abar = at::cumprod(1.0 - betas, 0);
    abar = abar / (shift + (1.0 - shift) * abar);
    const at::Tensor root = abar.sqrt(), first = root[0].clone(), last = root[-1].clone();
    abar = ((root - last) * (first / (first - last))).square().contiguous();
    return {abar.const_data_ptr<double>(), abar.const_data_ptr<double>() + kTrainTimes};
}

// Times from the last one down in equal strides, rounded; the level a step leads to is a whole stride below it, or
// without noise where that is below 0. Where rounding makes one time too many (of 61 steps, for example) it is not
// made.
Levels trailing_abar(int64_t steps, double shift) {
    const std::vector<double> abar = scaled_linear_abar(shift);
    Levels levels;
    constexpr double kAll = kTrainTimes;
    const double stride = (kAll - kAll / static_cast<double>(steps)) - kAll;  // numpy's arange
    for (int64_t i = 0; i < steps; i++) {
        const auto t = static_cast<int64_t>(std::nearbyint(kAll + static_cast<double>(i) * stride)) - 1;
        const int64_t next = t - kTrainTimes / steps;
        levels.t.push_back(static_cast<float>(t));
        levels.abar.push_back(abar[static_cast<size_t>(t)]);
        levels.abar_next.push_back(next < 0 ? 1.0 : abar[static_cast<size_t>(next)]);
    }
    return levels;
}

constexpr std::array<ScheduleRow, 6> kSchedules = {{
    {"euler", "even levels from 1 to 0, shifted (diffusers' FlowMatchEulerDiscreteScheduler with given sigmas)",
     euler_fp64},
    {"euler-fp32", "the same, even levels in fp32 (HunyuanVideo's own code)", euler_fp32},
    {"euler-clean", "the same without equal neighbours; t is 1 - sigma (diffusers' MiniMaxH3Scheduler)", euler_clean},
    {"unipc",
     "even levels from 1 to 1/1000, shifted, the first just below 1, t whole (diffusers' UniPCMultistepScheduler for "
     "flows)",
     unipc},
    {"distilled", "every (1000 / steps)-th of 1000 shifted levels (few-step models: lightx2v, Self-Forcing)",
     distilled},
    {"trailing",
     "every (1000 / steps)-th time from the last, of 1000 levels without signal at the end; the shift divides signal "
     "to "
     "noise (CogVideoX)",
     trailing_abar},
}};

}  // namespace

std::span<const ScheduleRow> schedules() { return kSchedules; }

Levels make_levels(std::string_view schedule, int64_t steps, double shift) {
    const auto row =
        std::find_if(kSchedules.begin(), kSchedules.end(), [&](const ScheduleRow& r) { return r.name == schedule; });
    if (row == kSchedules.end())
        throw Error(ZT_ERROR_INTERNAL, "schedule: expected one of the table, got " + std::string(schedule));
    return row->make(steps, shift);
}

std::vector<float> flow_sigmas(int steps, double shift) {
    std::vector<float> sigmas;
    for (int i = 0; i <= steps; i++) {
        // The last level is exactly 0 whatever the rounding.
        const double u = i == steps ? 0.0 : 1.0 - static_cast<double>(i) / steps;
        sigmas.push_back(static_cast<float>(shifted(u, shift)));
    }
    return sigmas;
}

double dynamic_guidance(double guidance, double t, int64_t steps) {
    const auto n = static_cast<double>(steps);
    return 1.0 + guidance * ((1.0 - std::cos(std::numbers::pi * std::pow((n - t) / n, 5.0))) / 2.0);
}

}  // namespace zt::sample
