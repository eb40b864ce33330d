// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop; see loop.h.
#include "sample/loop.h"

namespace zt::sample {

at::Tensor denoise(const Loop& loop, const at::Tensor& noise, const VelocityFn& velocity, const Cancel& cancel) {
    const int64_t steps = loop.levels.steps();
    at::Tensor latents = noise;
    for (int64_t i = 0; i < steps; i++) {
        cancel.poll();
        loop.progress(i, steps);
        at::Tensor v = velocity(latents, i, false);
        if (const double guidance = loop.guidance(i); guidance > 1.0) {
            const at::Tensor away = velocity(latents, i, true);
            v = away + (v - away) * guidance;
        }
        latents = loop.solver.step(i, latents, v);
    }
    loop.progress(steps, steps);
    return latents;
}

at::Tensor velocity_from_clean(const at::Tensor& noisy, const at::Tensor& clean, float sigma) {
    return (noisy - clean) / sigma;
}

}  // namespace zt::sample
