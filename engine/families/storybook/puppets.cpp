// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From codes and looks to windows.
#include "families/storybook/puppets.h"

#include <cmath>

#include "families/storybook/vae.h"

namespace zt::storybook {
namespace {

constexpr int64_t kRows = kLatentHeight / kBlock, kColumns = kLatentWidth / 2 / kBlock;   // blocks of a window

}  // namespace

Puppets make_puppets(const PuppetsConfig& c, int64_t channels) {
    const int64_t block = kBlock * kBlock * (channels + 1);
    Puppets p;
    p.config = c;
    p.codes = at::empty({c.acts, kHeld, kPhases, c.codes});
    p.sheet = nn::make_linear(c.codes, kRows * kColumns * block);
    p.gain = at::empty({c.looks, block});
    p.hidden = nn::make_linear(block, c.shade);
    p.steer = at::empty({c.looks, c.shade});
    p.shift = at::empty({c.looks, c.shade});
    p.out = nn::make_linear(c.shade, block);
    return p;
}

at::Tensor phases(const at::Tensor& clock, const at::Tensor& strolls) {
    return at::where(strolls, clock.ge(8).to(at::kLong) * 2 + clock.remainder(2), clock.remainder(kPhases));
}

at::Tensor forward(const Puppets& puppets, const at::Tensor& act, const at::Tensor& shaken, const at::Tensor& phase, const at::Tensor& look) {
    const int64_t n = act.size(0), block = puppets.gain.size(1);
    const at::Tensor code = at::embedding(puppets.codes.flatten(0, 2), (act * kHeld + shaken) * kPhases + phase);
    // Codes and sheet are both of size one, which bytes hold best; the product is brought to that of latents.
    const double unit = 1 / std::sqrt(static_cast<double>(puppets.config.codes));
    const at::Tensor plain = nn::forward(puppets.sheet, code * unit).reshape({n, kRows * kColumns, block});
    const auto of_look = [&](const at::Tensor& table) { return at::embedding(table, look).unsqueeze(1); };
    const at::Tensor hidden = nn::forward(puppets.hidden, plain) * (1 + of_look(puppets.steer)) + of_look(puppets.shift);
    const at::Tensor shaded = plain * (1 + of_look(puppets.gain)) + nn::forward(puppets.out, at::silu(hidden));
    return nn::depth_to_space(shaded.reshape({n, kRows, kColumns, block}), kBlock);
}

at::Tensor in_front(const at::Tensor& cast, const at::Tensor& scene) {
    const int64_t last = cast.dim() - 1, channels = scene.size(last);
    return scene * (1 - cast.slice(last, channels)) + cast.slice(last, 0, channels);
}

}  // namespace zt::storybook
