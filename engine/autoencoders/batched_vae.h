// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A causal autoencoder of videos that works in batches of frames (diffusers' AutoencoderKLCogVideoX): latents to a
// video, three of them and then two at a time, and a picture or video to the distribution of its latents. Tiles are
// another function than the whole (diffusers' tiled coding).
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "autoencoders/batched_layers.h"
#include "autoencoders/batched_plan.h"
#include "ranks/tiles.h"

namespace zt::autoencoders::batched {

struct Stage {
    std::vector<Resnet> resnets;
    Resample change;  // undefined in the last stage
    bool time = false;
};

// Either half.
struct Coder {
    VaeConfig config;
    bool decodes = false;
    Conv3d conv_in, conv_out;
    std::vector<Stage> stages;
    std::vector<Resnet> middle;
    Norm norm_out;
    template <class F>
    void visit(F&& f) {
        const std::string half = decodes ? "decoder." : "encoder.";
        const auto resnets = [&](std::vector<Resnet>& all, const std::string& name) {
            for (size_t k = 0; k < all.size(); k++) all[k].visit(f, name + ".resnets." + std::to_string(k));
        };
        conv_in.visit(f, half + "conv_in.conv");
        for (size_t i = 0; i < stages.size(); i++) {
            const std::string name = half + (decodes ? "up_blocks." : "down_blocks.") + std::to_string(i);
            resnets(stages[i].resnets, name);
            if (stages[i].change.conv.weight.defined())
                stages[i].change.conv.visit(f, name + (decodes ? ".upsamplers.0.conv" : ".downsamplers.0.conv"));
        }
        resnets(middle, half + "mid_block");
        norm_out.visit(f, half + "norm_out");
        conv_out.visit(f, half + "conv_out.conv");
    }
};
[[nodiscard]] Coder make_coder(const VaeConfig& config, bool decodes);

// The tiles of a video that is decoded from latents of this size, over the ranks of the thread's team; of one that is
// not cut there is one.
[[nodiscard]] ranks::Tiles decoder_tiles(const VaeConfig& config, int64_t latent_height, int64_t latent_width,
                                         const CodingOptions& options);

// A video out of latents. Borrows the decoder; where decoder_tiles() are spread and none is made here, its weights are
// not used. One thread at a time. The tiles are spread over a team that the thread is in; the first next() then says
// ranks::end_of_shared_work(), so that only rank 0 gets frames.
class StreamingDecoder {
public:
    // latents [T, latent_channels, h, w] as the sampler leaves them, fp32.
    StreamingDecoder(const Coder& decoder, const at::Tensor& latents, const CodingOptions& options);
    // Of the next call; 0 at the end.
    [[nodiscard]] int64_t next_frames() const;
    [[nodiscard]] int64_t batches() const;
    [[nodiscard]] int64_t batches_done() const { return done_; }
    // The next frames [frames, 3, H, W] fp32, 0..1. Polls cancel in every layer.
    [[nodiscard]] at::Tensor next(const Cancel& cancel);

private:
    const Coder& decoder_;
    at::Tensor latents_;  // in the decoder's type, [T, h, w, channels]
    CodingOptions options_;
    History history_;
    int64_t done_ = 0, from_ = 0;  // batches; latents
    at::Tensor whole_;             // of a clip in tiles: all of it, and how much is given
    int64_t given_ = 0;
};

// pixels [F, 3, H, W], -1..1 -> [T, 2 latent_channels, h, w] fp32: means, and logarithms of variances.
[[nodiscard]] at::Tensor encode(const Coder& encoder, const at::Tensor& pixels, const CodingOptions& options,
                                const Cancel& cancel);

}  // namespace zt::autoencoders::batched
