// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop; see loop.h.
#include "sample/loop.h"

#include <string>
#include <utility>

#include "core/error.h"

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

}  // namespace

std::vector<at::Tensor> denoise(const JointLoop& loop, std::vector<at::Tensor> noise, const VelocitiesFn& velocities,
                                const Cancel& cancel) {
    const int64_t steps = steps_of(loop, noise.size());
    std::vector<at::Tensor> latents = std::move(noise);
    for (int64_t i = 0; i < steps; i++) {
        cancel.poll();
        loop.progress(i, steps);
        std::vector<at::Tensor> v = velocities(latents, i, false);
        if (const double guidance = loop.guidance(i); guidance > 1.0) {
            const std::vector<at::Tensor> away = velocities(latents, i, true);
            for (size_t s = 0; s < v.size(); s++) v[s] = away[s] + (v[s] - away[s]) * guidance;
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
