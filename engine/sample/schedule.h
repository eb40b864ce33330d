// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Schedules: which noise levels a sampler steps through, and what the model is told of each.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace zt::sample {

// Noise levels of a clip: sigma is the share of noise in latents = (1 - sigma) clean + sigma noise.
struct Levels {
    std::vector<float> sigmas;  // steps + 1, falling, the last is 0
    std::vector<float> t;       // steps: the model's input for each
    // Of models that know levels by abar, the share of clean variance in latents = sqrt(abar) clean + sqrt(1 - abar)
    // noise, instead of sigmas: of each step, and of where it leads.
    std::vector<double> abar = {}, abar_next = {};
    [[nodiscard]] int64_t steps() const { return static_cast<int64_t>(t.size()); }
};

// s u / (1 + (s - 1) u): spends more of the steps at high noise for a shift s above 1 (Esser et al. 2403.03206, section
// 5.3.2). steps: at least 1; shift: above 0.
using MakeLevels = Levels (*)(int64_t steps, double shift);

struct ScheduleRow {
    std::string_view name, what;
    MakeLevels make;
};
// Every schedule there is. Families name the ones that their models were made for.
[[nodiscard]] std::span<const ScheduleRow> schedules();
// Throws zt::Error(INTERNAL) for a name that is none.
[[nodiscard]] Levels make_levels(std::string_view schedule, int64_t steps, double shift);

// The sigmas alone, evenly from 1 to 0 before the shift.
[[nodiscard]] std::vector<float> flow_sigmas(int steps, double shift);

// Guidance that follows the time t (0 to 999) of a step, of so many steps, as diffusers' use_dynamic_cfg has it: the
// time stands where the number of the step is meant, so that it jumps.
[[nodiscard]] double dynamic_guidance(double guidance, double t, int64_t steps);

}  // namespace zt::sample
