// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a picture shows: its subject, how far each place is, and where sky, water and foliage are.
//
// A U-Net on a small copy of the picture. Each level halves the size; at the lowest one every place
// attends to all others, because what stands out can only be told from the whole. Immutable while
// in use; thread-safe to share.
#pragma once

#include <string>
#include <vector>

#include "nn/layers.h"

namespace zt::tableau {

// Widths at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's size, each a multiple of 8 and the last one of `heads` as well;
// residual blocks of each level on the way down. On the way up each level has one.
struct NetworkConfig {
    std::vector<int64_t> widths{24, 64, 112, 160, 208};
    std::vector<int64_t> blocks{1, 2, 2, 2, 2};
    int64_t heads = 4;
};

// x + project(attention over all places of one picture)
struct Attention {
    nn::Norm norm;
    nn::Linear qkv, project;
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm.visit(f, name + ".norm");
        qkv.visit(f, name + ".qkv");
        project.visit(f, name + ".project");
    }
};

struct Network {
    NetworkConfig config;
    nn::Linear in;
    std::vector<std::vector<nn::ResidualBlock>> down;  // one list per level
    std::vector<nn::Linear> halve, twice;              // between a level and the next, downwards and upwards
    std::vector<Attention> attention;                  // one after each block of the lowest level
    std::vector<nn::ResidualBlock> up;                 // one per level but the lowest
    nn::Norm norm, coarse_norm;
    nn::Linear out, coarse;  // `coarse` reads the level at 1/8; only training asks for it
    nn::Linear hidden, confidence;
    template <class F>
    void visit(F&& f) {
        in.visit(f, "patch_in");
        for (size_t l = 0; l < down.size(); l++)
            for (size_t i = 0; i < down[l].size(); i++)
                down[l][i].visit(f, "down." + std::to_string(l) + "." + std::to_string(i));
        for (size_t l = 0; l < halve.size(); l++)
            halve[l].visit(f, "halve." + std::to_string(l)), twice[l].visit(f, "twice." + std::to_string(l));
        for (size_t i = 0; i < attention.size(); i++) attention[i].visit(f, "attention." + std::to_string(i));
        for (size_t l = 0; l < up.size(); l++) up[l].visit(f, "up." + std::to_string(l));
        norm.visit(f, "norm");
        out.visit(f, "patch_out");
        coarse_norm.visit(f, "coarse_norm");
        coarse.visit(f, "coarse.patch_out");
        hidden.visit(f, "confidence.hidden");
        confidence.visit(f, "confidence.patch_out");
    }
};

// Channels of what the network gives.
enum Channel : int64_t { kSubject, kDepth, kSky, kWater, kFoliage, kChannels };

// Weights of the given shape, undefined values (to be loaded or initialised).
[[nodiscard]] Network make_network(const NetworkConfig& config);

// In the type of the weights, before the sigmoid.
struct Logits {
    at::Tensor places;      // [n, height / 2, width / 2, kChannels]
    at::Tensor coarse;      // [n, height / 8, width / 8, kChannels]; undefined unless asked for
    at::Tensor confidence;  // [n]
};

// pictures: RGB 0..1 of any floating type [n, height, width, 3], sides multiples of 32. The picture may be squeezed
// into that shape: training did the same.
[[nodiscard]] Logits look(const Network& network, const at::Tensor& pictures, bool coarse = false);

// All fp32 in 0..1.
struct Seen {
    at::Tensor places;      // [n, height / 2, width / 2, kChannels]: how much subject; 0 far .. 1 near; how much sky,
                            // water, foliage
    at::Tensor confidence;  // [n]: the overlap (intersection over union) that the subject's mask is expected to have;
                            // 0: no subject
};
[[nodiscard]] Seen see(const Network& network, const at::Tensor& pictures);

}  // namespace zt::tableau
