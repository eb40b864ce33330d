// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop; see loop.h.
#include "sample/loop.h"

namespace zt::sample {

at::Tensor denoise(at::Tensor latents, const std::vector<float>& sigmas,
                   const std::function<at::Tensor(const at::Tensor&, float)>& velocity,
                   const std::function<void(int, int)>& step, const Cancel& cancel) {
    const int steps = static_cast<int>(sigmas.size()) - 1;
    for (int i = 0; i < steps; i++) {
        cancel.poll();
        step(i, steps);
        const float sigma = sigmas[static_cast<size_t>(i)], next = sigmas[static_cast<size_t>(i) + 1];
        latents = latents + velocity(latents, sigma) * (next - sigma);
    }
    step(steps, steps);
    return latents;
}

at::Tensor velocity_from_clean(const at::Tensor& noisy, const at::Tensor& clean, float sigma) { return (noisy - clean) / sigma; }

}  // namespace zt::sample
