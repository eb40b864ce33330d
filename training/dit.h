// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A small latent diffusion transformer: words and clip in one sequence, every token attends to every other; the noise
// level scales and shifts what goes through the blocks. Latents come from the autoencoder of frames, two frames to a
// token.
#pragma once

#include "checkpoint.h"
#include "layer_autoencoder.h"

namespace zt::training {

inline constexpr int64_t kWords = 24, kWordRows = 2048, kFramesPerToken = 2, kSigmaWaves = 128;

struct DitConfig {
    int64_t channels = 16;  // of a latent
    int64_t width = 384, heads = 6, blocks = 8;
    int64_t times = 8, rows = 9, columns = 16;  // of tokens
};

struct DitBlock {
    nn::Linear qkv, project, widen;
    nn::Linear narrow;  // "narrow.project": ends a residual branch
    at::Tensor table;   // [6, width] on top of the shared modulation
    template <class F>
    void visit(F&& f, const std::string& name) {
        qkv.visit(f, name + ".qkv");
        project.visit(f, name + ".project");
        widen.visit(f, name + ".widen");
        narrow.visit(f, name + ".narrow.project");
        f(name + ".table", table);
    }
};

struct Dit {
    DitConfig config;
    at::Tensor embedding, word_position, time_position, row_position, column_position;
    nn::Linear patch_in, patch_out, sigma_in, sigma_out, modulation, last;
    std::vector<DitBlock> blocks;
    at::Tensor latent_mean, latent_deviation;  // [channels]; not trained
    template <class F>
    void visit(F&& f) {
        f("word.embedding", embedding);
        f("word.position", word_position);
        f("time.position", time_position);
        f("row.position", row_position);
        f("column.position", column_position);
        patch_in.visit(f, "patch_in");
        sigma_in.visit(f, "sigma_in");
        sigma_out.visit(f, "sigma_out");
        modulation.visit(f, "modulation");
        for (size_t i = 0; i < blocks.size(); i++) blocks[i].visit(f, "blocks." + std::to_string(i));
        last.visit(f, "last.modulation");
        patch_out.visit(f, "patch_out");
        f("latent_mean", latent_mean);
        f("latent_deviation", latent_deviation);
    }
};

[[nodiscard]] Dit make_dit(const DitConfig& config);
// The configuration of a checkpoint, which shows in its tensors; heads have 64 channels, or all where there are fewer.
[[nodiscard]] DitConfig dit_config_of(const Tensors& tensors);

// Words, and Chinese characters one by one, as two rows of the embedding each: [2, kWords] int64. Words that were never
// trained get rows like any other. Row 0 stands for no word; the empty sentence is all of it.
[[nodiscard]] at::Tensor word_rows(const std::string& sentence);

// The velocity (noise - clip) of a noisy clip.
//   x [batch, 2 * times, rows, columns, channels], sigma fp32 [batch], words [batch, 2, kWords] -> as x
[[nodiscard]] at::Tensor forward(const Dit& model, const at::Tensor& x, const at::Tensor& sigma,
                                 const at::Tensor& words);

// uint8 or float pixels [batch, frames, height, width, 3] -> normalised latents [batch, frames, height / 8, width / 8,
// channels], and back to 0..1.
[[nodiscard]] at::Tensor to_latents(const LayerAutoencoder& frames, const Dit& model, const at::Tensor& pixels);
[[nodiscard]] at::Tensor to_pixels(const LayerAutoencoder& frames, const Dit& model, const at::Tensor& latents);

}  // namespace zt::training
