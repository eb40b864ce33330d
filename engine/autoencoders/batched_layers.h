// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Layers of the autoencoder of batched_vae.h. A frame is [height, width, channels]; frames go through in batches, over
// which the group norms take their statistics, and convolutions in time look back into the batch before. Source:
// diffusers 0.42.1, autoencoder_kl_cogvideox.py.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "autoencoders/batched_config.h"
#include "autoencoders/causal_layers.h"
#include "core/cancel.h"
#include "nn/causal_gather.h"

namespace zt::autoencoders::batched {

// What the convolutions in time keep of a batch for the next, in the order in which they are called.
struct History {
    std::vector<Frames> slots;  // two frames each, what lies before the first batch is undefined
    size_t at = 0;
    bool half = false;  // rounded to fp16
    bool more = true;   // another batch comes; else nothing more is kept
    nn::ConvWork work;
    [[nodiscard]] Frames& slot() {
        if (at == slots.size()) slots.emplace_back();
        return slots[at++];
    }
};

// What a batch goes through the layers with.
struct Pass {
    const VaeConfig& config;
    const Frames& latents;  // of this batch, which the decoder's norms look at
    History& history;
    const Cancel& cancel;
};

// A group norm; in the decoder times and plus what two convolutions make of the latents.
struct Norm {
    nn::Norm norm;
    Conv3d scale, shift;  // 1x1x1; undefined in the encoder
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm.visit(f, name + (scale.weight.defined() ? ".norm_layer" : ""));
        if (!scale.weight.defined()) return;
        scale.visit(f, name + ".conv_y.conv");
        shift.visit(f, name + ".conv_b.conv");
    }
};
[[nodiscard]] Norm make_norm(const VaeConfig& config, int64_t channels, bool decodes);

struct Resnet {
    Norm norm1, norm2;
    Conv3d conv1, conv2;
    Conv3d shortcut;  // 1x1x1; undefined where the channels stay
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm1.visit(f, name + ".norm1");
        norm2.visit(f, name + ".norm2");
        conv1.visit(f, name + ".conv1.conv");
        conv2.visit(f, name + ".conv2.conv");
        if (shortcut.weight.defined()) shortcut.visit(f, name + ".conv_shortcut");
    }
};
[[nodiscard]] Resnet make_resnet(const VaeConfig& config, int64_t in, int64_t out, bool decodes);

// 3x3x3 over the frames of a batch, with zeros around them and the first frame of all again before the video.
[[nodiscard]] Frames convolve(const Conv3d& conv, Frames x, const Pass& pass);
// The same of silu(norm(x)); x is given up frame by frame.
[[nodiscard]] Frames norm_convolve(const Norm& norm, const Conv3d& conv, Frames x, const Pass& pass);
[[nodiscard]] Frames forward(const Resnet& block, Frames x, const Pass& pass);
// Twice the size and, if `time`, twice the frames, but for a frame that begins an odd number of them. Equal frames
// share memory.
[[nodiscard]] Frames enlarge(const Resample& layer, Frames x, bool time, const Pass& pass);
// Half the size and, if `time`, means of pairs of frames, but for the first of an odd number.
[[nodiscard]] Frames reduce(const Resample& layer, Frames x, bool time);

}  // namespace zt::autoencoders::batched
