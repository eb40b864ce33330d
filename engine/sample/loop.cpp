// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop; see loop.h.
#include "sample/loop.h"

#include <string>
#include <utility>

#include "core/error.h"
#include "ranks/sequence.h"
#include "ranks/team.h"

namespace zt::sample {
namespace {

int64_t steps_of(const JointLoop& loop, size_t noises) {
    const int64_t steps = loop.streams.empty() ? 0 : loop.streams.front().levels.steps();
    bool same = loop.streams.size() == noises;
    for (const Stream& stream : loop.streams) same = same && stream.levels.steps() == steps;
    if (!same)
        throw Error(ZT_ERROR_INTERNAL, "denoise: expected noise for " + std::to_string(loop.streams.size()) +
                                           " streams of " + std::to_string(steps) + " steps each, got others");
    return steps;
}

bool is_guided(const JointLoop& loop, int64_t steps) {
    for (int64_t i = 0; i < steps; i++)
        if (loop.guidance(i) > 1.0) return true;
    return false;
}

// Both passes of a step: with the prompt, and away from the other. On two halves of a team each makes one.
struct Passes {
    std::vector<at::Tensor> with, away;
};
Passes two_passes(const ranks::Halves& halves, const VelocitiesFn& velocities, std::span<const at::Tensor> latents,
                  int64_t step) {
    if (!halves) {
        std::vector<at::Tensor> with = velocities(latents, step, false);
        return {std::move(with), velocities(latents, step, true)};
    }
    std::vector<at::Tensor> own = velocities(latents, step, halves.second()), other = halves.swap(own);
    return halves.second() ? Passes{std::move(other), std::move(own)} : Passes{std::move(own), std::move(other)};
}

}  // namespace

std::vector<at::Tensor> denoise(const JointLoop& loop, std::vector<at::Tensor> noise, const VelocitiesFn& velocities,
                                const Cancel& cancel) {
    const int64_t steps = steps_of(loop, noise.size());
    std::vector<at::Tensor> latents = std::move(noise);
    const ranks::Halves halves(ranks::team() != nullptr && is_guided(loop, steps));
    for (int64_t i = 0; i < steps; i++) {
        cancel.poll();
        loop.progress(i, steps);
        std::vector<at::Tensor> v;
        if (const double guidance = loop.guidance(i); guidance > 1.0) {
            Passes passes = two_passes(halves, velocities, latents, i);
            v = std::move(passes.with);
            for (size_t s = 0; s < v.size(); s++) v[s] = passes.away[s] + (v[s] - passes.away[s]) * guidance;
        } else {
            v = velocities(latents, i, false);
        }
        for (size_t s = 0; s < latents.size(); s++) latents[s] = loop.streams[s].solver.step(i, latents[s], v[s]);
    }
    loop.progress(steps, steps);
    return latents;
}

at::Tensor denoise(const Loop& loop, const at::Tensor& noise, const VelocityFn& velocity, const Cancel& cancel) {
    const JointLoop joint{{{loop.levels, loop.solver}}, loop.guidance, loop.progress};
    return denoise(
               joint, {noise},
               [&](std::span<const at::Tensor> latents, int64_t step, bool negative) {
                   return std::vector<at::Tensor>{velocity(latents.front(), step, negative)};
               },
               cancel)
        .front();
}

at::Tensor velocity_from_clean(const at::Tensor& noisy, const at::Tensor& clean, float sigma) {
    return (noisy - clean) / sigma;
}

}  // namespace zt::sample
