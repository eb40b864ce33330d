// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A small latent diffusion transformer (DiT) for text to video. Text and video tokens form one sequence with full
// self-attention; the noise level sigma modulates the blocks (adaLN: scale, shift and gate). Latents are those of the
// frame autoencoder; a video token covers two frames.
#pragma once

#include "checkpoint.h"
#include "layer_autoencoder.h"

namespace zt::training {

inline constexpr int64_t kWords = 24;       // text tokens; longer sentences are cut
inline constexpr int64_t kWordRows = 2048;  // rows of the embedding, addressed by hash
inline constexpr int64_t kFramesPerToken = 2;
inline constexpr int64_t kSigmaWaves = 128;  // frequencies of the sinusoidal embedding of sigma

struct DitConfig {
    int64_t channels = 16;  // of a latent
    int64_t width = 384, heads = 6, blocks = 8;
    int64_t times = 8, rows = 9, columns = 16;  // of tokens
};

struct DitBlock {
    nn::Linear qkv, project;   // attention
    nn::Linear widen, narrow;  // feed-forward
    at::Tensor table;          // [6, width], added to the modulation that all blocks share (adaLN-single)
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

// Tokenises by hashing: each English word or single Chinese character gets two rows of the embedding, by two hash
// functions; their sum is its embedding. There is no vocabulary, so unseen words have rows too. [2, kWords] int64; row
// 0 is padding, which is all that the empty sentence has.
[[nodiscard]] at::Tensor word_rows(const std::string& sentence);

// Predicts the flow-matching velocity (noise - latents) of noisy latents.
//   x [batch, 2 * times, rows, columns, channels], sigma fp32 [batch], words [batch, 2, kWords] -> as x
[[nodiscard]] at::Tensor forward(const Dit& model, const at::Tensor& x, const at::Tensor& sigma,
                                 const at::Tensor& words);

// uint8 or float pixels [batch, frames, height, width, 3] -> normalised latents [batch, frames, height / 8, width / 8,
// channels], and back to 0..1.
[[nodiscard]] at::Tensor to_latents(const LayerAutoencoder& frames, const Dit& model, const at::Tensor& pixels);
[[nodiscard]] at::Tensor to_pixels(const LayerAutoencoder& frames, const Dit& model, const at::Tensor& latents);

}  // namespace zt::training
