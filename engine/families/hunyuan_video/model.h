// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An opened HunyuanVideo model: its files, shapes and settings, and the parts that are in memory. Opening
// reads headers and tokenizers only, and checks that every tensor is there in its shape; weights
// are read in a generation's first call, on its worker, with progress and cancel.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "families/family.h"
#include "families/hunyuan_video/budget.h"
#include "families/hunyuan_video/parts.h"
#include "families/hunyuan_video/residency.h"
#include "families/hunyuan_video/text/text_features.h"
#include "families/hunyuan_video/transformer/sampler.h"
#include "families/hunyuan_video/vae/tiling.h"
#include "load/held_blocks.h"
#include "load/kept.h"
#include "load/lora_set.h"

namespace zt::hunyuan_video {

inline constexpr double kFlowShift = 7.0;  // where neither the request nor the files say

// What a prompt and its negative became. Small; kept for the next generation.
struct PromptFeatures {
    TextFeatures positive;
    std::optional<TextFeatures> negative;
};

// Immutable but for what it keeps in memory, which is thread-safe.
struct OpenedModel {
    ModelParts parts;                            // where everything lies, and its shapes
    std::shared_ptr<const load::LoraSet> loras;  // may be null
    SamplerMode sampler = SamplerMode::kDiffusers;
    Tiling tiling;
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat;  // of transformer and encoders
    at::ScalarType vae_type = at::kFloat;
    load::MemoryRoom room;  // what a generation may take
    std::optional<text::BpeTokenizer> llm_tokenizer, clip_tokenizer;
    PromptTemplate rules;

    mutable load::KeptBlocks<Block> blocks;
    mutable load::Shared<Ends> ends;
    mutable load::Shared<VaeDecoder> decoder;
    mutable load::Recent<PromptFeatures> features;

    [[nodiscard]] bool takes_picture() const { return parts.transformer.kind != Kind::kTextToVideo; }
    // Made, but not given: the first latent of latent_concat shows the picture itself.
    [[nodiscard]] int64_t skipped_frames() const { return parts.transformer.kind == Kind::kLatentConcat ? 4 : 0; }
    // Of a part for one generation, whose cancel it polls.
    [[nodiscard]] load::PartReader reader(Part part, const Cancel& cancel) const;
};

// What the VAE computes in beside a transformer in `type`. For bf16: fp16 on CUDA, as in the reference; on
// CPUs bf16 where the processor multiplies it, else fp32: there LibTorch's bf16 convolutions unfold their
// input to 27 times its size.
[[nodiscard]] at::ScalarType vae_type(at::ScalarType type, at::Device device);

// Opens and checks everything; see above. Throws zt::Error.
[[nodiscard]] std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options);

// A digest of every name, type, shape and place in the files, 64 hex digits: files of 40 GB are not read
// for it.
[[nodiscard]] std::string identity(const OpenedModel& model);

}  // namespace zt::hunyuan_video
