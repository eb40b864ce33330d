// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A pool of clips of the world as latents: painted and encoded once, kept on the training device
// and in a file. Many small windows are drawn from it at every step.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "families/storybook/vae.h"
#include "world/render.h"

namespace zt::training {

enum class Begin { kShot, kPicture, kContinued };   // from nothing, from a still picture, from the latent before

// Rows of the pool: the context (-1: none) and three targets; for continued windows the same of the
// window before, and the context in the clip's twin; and the clock of the first target.
struct Window {
    int clip;
    int64_t context, targets[3];
    int64_t twin_context;
    int64_t past_context, past_targets[3];
    int clock;
};

class LatentPool {
public:
    struct Source {
        const world::Scope& scope;
        int64_t clips, seed;
        int workers;
        at::Device device;
        std::string file;   // empty: not kept
    };
    // Of every two clips the second is the first with another cast, its twin. Encodes them unless the
    // file has them. Where the VAE has no latent statistics yet they are measured here and written into it.
    LatentPool(storybook::Vae& vae, const Source& source);
    // Continued windows of long periods come more often, by the root of their number: there are more of them to learn.
    [[nodiscard]] Window window(std::mt19937& dice, Begin begin) const;
    [[nodiscard]] const world::Clip& clip(int index) const { return clips_[static_cast<size_t>(index)]; }
    // Normalised latents, fp32 on the device: rows [n] -> [n, 18, 32, channels].
    [[nodiscard]] at::Tensor latents(const at::Tensor& rows) const;
    // Where subjects stand, fp32 on the device, 1 there and 0 elsewhere: rows [n] -> [n, 18, 32]. The
    // same box for every subject: it tells where to look, not what is there.
    [[nodiscard]] at::Tensor subject_places(const at::Tensor& rows) const;
    [[nodiscard]] int64_t size() const { return table_.size(0); }

private:
    void encode_all(const storybook::Vae& vae, const Source& source);
    std::vector<world::Clip> clips_;
    std::vector<int64_t> first_row_;   // of a clip: the still first frame, then one period of groups
    at::Tensor table_;             // bf16 [rows, 18, 32, channels], not normalised
    at::Tensor places_;            // u8 [rows, 18, 32]
    at::Tensor mean_, deviation_;
};

}  // namespace zt::training
