// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The vision tower of Qwen3-VL: a picture becomes tokens that stand in the text, and taps of three blocks on the way,
// which the text model adds to those tokens behind its first layers (DeepStack). Blocks come one at a time. Source:
// transformers 5.23, Qwen3VLVisionModel.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "encoders/qwen3_vl_config.h"
#include "image/resample.h"
#include "load/part_reader.h"
#include "nn/layers.h"
#include "nn/packed_linear.h"

namespace zt::encoders {

struct VisionBlock {
    nn::Norm norm1, norm2;
    nn::PackedLinear qkv, proj, fc1, fc2;
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "blocks." + std::to_string(index);
        f(name + ".norm1", norm1);
        f(name + ".attn.qkv", qkv);
        f(name + ".attn.proj", proj);
        f(name + ".norm2", norm2);
        f(name + ".mlp.linear_fc1", fc1);
        f(name + ".mlp.linear_fc2", fc2);
    }
};

// Four neighbouring patches become one token.
struct VisionMerger {
    nn::Norm norm;  // of a patch for the tokens themselves, of all four for a tap
    nn::PackedLinear fc1, fc2;
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".norm", norm);
        f(name + ".linear_fc1", fc1);
        f(name + ".linear_fc2", fc2);
    }
};

// All but the blocks. The kernel of the patches is whole, or one for each of the two pictures that a patch has.
struct VisionEnds {
    at::Tensor patches;     // [hidden, 3, 2, 16, 16]; undefined: halves
    at::Tensor halves[2];   // [hidden, 3, 16, 16]
    at::Tensor patch_bias;  // [hidden]
    at::Tensor positions;   // [position_side^2, hidden]
    VisionMerger merger;
    std::vector<VisionMerger> taps;      // in the order of the blocks
    std::vector<std::string> tap_names;  // of each, as files have them
    template <class F>
    void each(F&& f) {
        if (patches.defined()) f("patch_embed.proj.weight", patches);
        for (size_t i = 0; i < 2; i++)
            if (halves[i].defined()) f(std::string(kPatchHalves[i]), halves[i]);
        f("patch_embed.proj.bias", patch_bias);
        f("pos_embed.weight", positions);
        f("merger", merger);
        for (size_t i = 0; i < taps.size(); i++) f(tap_names[i], taps[i]);
    }
};

[[nodiscard]] VisionBlock make_vision_block(const Qwen3VlVisionConfig& config);
// in_halves: the kernel of the patches as llama.cpp stores it.
[[nodiscard]] VisionEnds make_vision_ends(const Qwen3VlVisionConfig& config, bool in_halves = false);

// A picture as the tower reads it.
struct VisionPatches {
    at::Tensor pixels;  // [rows * columns, 3 * 2 * 16 * 16] fp32 in -1..1, on the CPU: the four patches of a
                        // token one after the other
    int64_t rows = 0, columns = 0;  // of patches, even
};
// Both sides must be multiples of 32. Throws ARGUMENT "image: expected ..., got ...".
[[nodiscard]] VisionPatches vision_patches(const image::Picture& picture);

// What the text model gets of a picture, in the type of the weights.
struct VisionTokens {
    at::Tensor tokens;              // [n, out_hidden], row by row
    std::vector<at::Tensor> taps;   // [n, out_hidden] each, in the order of the blocks
    int64_t rows = 0, columns = 0;  // of tokens
};

// Each picture by itself. block(i) is asked for once, in order, and good until the next call. type: of the arithmetic.
// Polls cancel before every block.
[[nodiscard]] std::vector<VisionTokens> vision_tokens(const Qwen3VlVisionConfig& config, const VisionEnds& ends,
                                                      const std::function<const VisionBlock&(int64_t)>& block,
                                                      std::span<const VisionPatches> pictures, at::ScalarType type,
                                                      const Cancel& cancel);

// The same from a file, one block ahead of its use, matrices as they are packed there.
[[nodiscard]] std::vector<VisionTokens> read_vision_tokens(const Qwen3VlVisionConfig& config,
                                                           const load::PartReader& reader,
                                                           std::span<const VisionPatches> pictures, at::ScalarType type,
                                                           const Cancel& cancel);
// Names and shapes of all that it reads, before anything is. Throws ZT_ERROR_WEIGHTS.
void expect_vision(const Qwen3VlVisionConfig& config, const load::PartReader& reader);

}  // namespace zt::encoders
