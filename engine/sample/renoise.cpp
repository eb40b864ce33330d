// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See renoise.h.
#include "sample/renoise.h"

#include <utility>

namespace zt::sample {

Renoise::Renoise(Levels levels, Noise& noise) : levels_(std::move(levels)), noise_(noise) {}

at::Tensor Renoise::step(int64_t step, const at::Tensor& latents, const at::Tensor& velocity) {
    const auto i = static_cast<size_t>(step);
    const at::Tensor clean = latents - velocity.to(at::kFloat) * levels_.sigmas[i];
    const float next = levels_.sigmas[i + 1];
    if (next == 0.0F) return clean;
    return clean * (1.0F - next) + noise_.draw(clean.sizes()).to(clean.device()) * next;
}

}  // namespace zt::sample
