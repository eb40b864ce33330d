// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every latent of the world, encoded once. The world is small enough that the whole training set
// fits in memory: a path of latents per combination, closed in time (group g and g + period are equal).
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "families/storybook/vae.h"
#include "world/render.h"

namespace zt::training {

class LatentBank {
public:
    // Encodes all clips but the held-out ones on `workers` threads; also measures the mean and
    // deviation of every latent channel and writes them into vae, then normalises. With a file
    // name, takes the latents from there if it exists, else leaves them there for the next start.
    LatentBank(storybook::Vae& vae, world::Renderer& renderer, int workers, const std::string& file);

    // Normalised latent of a group, [18, 32, channels] fp32. group may be any non-negative number.
    [[nodiscard]] at::Tensor latent(const world::Clip& clip, int group) const;
    // A random clip that is in the bank.
    [[nodiscard]] const world::Clip& clip(size_t random) const { return clips_[random % clips_.size()]; }
    [[nodiscard]] int64_t latents() const { return latents_; }

private:
    void encode_all(const storybook::Vae& vae, world::Renderer& renderer, int workers, const std::vector<world::Clip>& unique);
    [[nodiscard]] static int key(const world::Clip& clip);
    std::vector<world::Clip> clips_;
    std::vector<at::Tensor> paths_;   // by key: [period, 18, 32, channels] bf16, or undefined
    at::Tensor mean_, deviation_;
    int64_t latents_ = 0;
};

}  // namespace zt::training
