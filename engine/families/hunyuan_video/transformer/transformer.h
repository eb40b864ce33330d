// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The HunyuanVideo transformer in three parts with different lives: Embedders turn prompt, levels
// and guidance into a Precomputed and can then be freed; Ends and blocks make the velocity of every
// step, the blocks resident or streamed through a BlockSource. Names of tensors are those of the
// original files.
#pragma once

#include <ATen/ATen.h>

#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/cancel.h"
#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/transformer/blocks.h"
#include "families/hunyuan_video/transformer/conditioning.h"
#include "families/hunyuan_video/transformer/refiner.h"
#include "families/hunyuan_video/transformer/rope.h"
#include "nn/layers.h"

namespace zt::hunyuan_video {

// Calls f(name, tensor) for each plain tensor behind what `each` of a part names.
template <class F>
auto to_tensors(F& f) {
    return [&f](const std::string& name, auto& part) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(part)>, at::Tensor>)
            f(name, part);
        else
            part.visit(f, name);
    };
}

// Everything that is only needed before the first step.
struct Embedders {
    Conditioner conditioner;
    Refiner refiner;
    template <class F>
    void each(F&& f) {
        conditioner.each(f);
        refiner.each(f);
    }
    template <class F>
    void visit(F&& f) {
        each(to_tensors(f));
    }
};

// What stands before and after the blocks at every step.
struct Ends {
    nn::Linear image_in;    // weight [h, in_channels, patch_t, patch, patch]
    nn::PackedLinear last;  // h -> out_channels * patch_t * patch * patch
    template <class F>
    void each(F&& f) {
        f("img_in.proj", image_in);
        f("final_layer.linear", last);
    }
    template <class F>
    void visit(F&& f) {
        each(to_tensors(f));
    }
};

// A whole model. each(f) names layers (PackedLinear&, nn::Linear&, nn::Norm&, at::Tensor&), visit(f) tensors.
struct TransformerWeights {
    Embedders embedders;
    Ends ends;
    std::vector<DoubleBlock> double_blocks;
    std::vector<SingleBlock> single_blocks;
    template <class F>
    void each(F&& f) {
        embedders.each(f);
        ends.each(f);
        for (size_t i = 0; i < double_blocks.size(); i++) double_blocks[i].each(f, static_cast<int64_t>(i));
        for (size_t i = 0; i < single_blocks.size(); i++) single_blocks[i].each(f, static_cast<int64_t>(i));
    }
    template <class F>
    void visit(F&& f) {
        each(to_tensors(f));
    }
};

// Throws zt::Error(UNSUPPORTED), naming the key of `file`, for shapes this code does not compute.
void check_supported(const TransformerConfig& config, const std::string& file);

// Undefined values, to be loaded.
[[nodiscard]] Embedders make_embedders(const TransformerConfig& config);
[[nodiscard]] Ends make_ends(const TransformerConfig& config);
[[nodiscard]] TransformerWeights make_transformer(const TransformerConfig& config);

// Hands out blocks in order of use. A reference is good until the next call. One thread at a time.
class BlockSource {
public:
    virtual ~BlockSource() = default;
    [[nodiscard]] virtual const DoubleBlock& double_block(int64_t i) = 0;
    [[nodiscard]] virtual const SingleBlock& single_block(int64_t i) = 0;
};

// All blocks in memory. Borrows the weights.
class ResidentBlocks final : public BlockSource {
public:
    explicit ResidentBlocks(const TransformerWeights& weights) : weights_(weights) {}
    [[nodiscard]] const DoubleBlock& double_block(int64_t i) override {
        return weights_.double_blocks.at(static_cast<size_t>(i));
    }
    [[nodiscard]] const SingleBlock& single_block(int64_t i) override {
        return weights_.single_blocks.at(static_cast<size_t>(i));
    }

private:
    const TransformerWeights& weights_;
};

// One prompt at every step of a schedule. Immutable; thread-safe to share.
struct Precomputed {
    Modulation modulation;
    at::Tensor text;  // [steps, L, h]
};

// states [L, text_dim], cropped, L >= 1; pooled [pooled_dim]; both are cast to the type of the
// weights. t: what the model is told of each step's level (sampler.h); guidance: guidance_input().
[[nodiscard]] Precomputed precompute(const TransformerConfig& config, const Embedders& embedders,
                                     const at::Tensor& states, const at::Tensor& pooled, std::span<const float> t,
                                     float guidance, const Cancel& cancel, int64_t chunk = kTokenChunk);

// The rotary table for latents [.., T, H, W].
[[nodiscard]] Rope rope_for(const TransformerConfig& config, at::IntArrayRef latents, at::Device device);

// d latents / d sigma at one step.
//   latents [in_channels, T, H, W], any float type (cast to that of the weights) -> [out_channels, T, H, W]
// Polls cancel before every block; nothing waits for a device.
[[nodiscard]] at::Tensor velocity(const TransformerConfig& config, const Ends& ends, BlockSource& blocks,
                                  const Precomputed& prompt, int64_t step, const at::Tensor& latents, const Rope& rope,
                                  const Cancel& cancel, int64_t chunk = kTokenChunk);

}  // namespace zt::hunyuan_video
