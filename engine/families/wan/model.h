// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An opened Wan model: its files, shapes and settings, and the parts that are in memory. Opening reads headers and the
// tokenizer only, and checks that every tensor is there in its shape; weights are read in a generation's first call, on
// its worker, with progress and cancel.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autoencoders/causal_vae.h"
#include "families/family.h"
#include "families/wan/parts.h"
#include "families/wan/transformer/transformer.h"
#include "load/held_blocks.h"
#include "load/kept.h"
#include "load/memory.h"
#include "load/part_reader.h"
#include "text/unigram_tokenizer.h"

namespace zt::wan {

using autoencoders::StreamingDecoder;
using autoencoders::VaeDecoder;
using autoencoders::VaeEncoder;

// The states of a prompt, [tokens, text_dim], and how many of its tokens had no room.
struct TextStates {
    at::Tensor states;
    size_t dropped = 0;
};

// Immutable but for what it keeps in memory, which is thread-safe.
struct OpenedModel {
    ModelParts parts;                                           // where everything lies, and its shapes
    std::array<std::shared_ptr<const load::LoraSet>, 2> loras;  // of each expert; may be null
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat;  // of transformer and text encoder
    at::ScalarType vae_type = at::kFloat;
    load::MemoryRoom room;  // what a generation may take
    std::optional<text::UnigramTokenizer> tokenizer;

    mutable std::array<load::KeptBlocks<Block>, 2> blocks;  // of each expert
    mutable std::array<load::Shared<Ends>, 2> ends;
    mutable load::Shared<VaeDecoder> decoder;
    mutable load::Recent<TextStates> texts;  // by prompt

    [[nodiscard]] bool takes_picture() const { return parts.known_frames() || parts.beside_noise(); }
    [[nodiscard]] load::PartReader transformer(bool low, const Cancel& cancel) const;  // low: the expert for low noise
    [[nodiscard]] load::PartReader vae(const Cancel& cancel) const;
    [[nodiscard]] load::PartReader image_encoder(const Cancel& cancel) const;
    [[nodiscard]] load::PartReader text_encoder(const Cancel& cancel) const;
};

// Opens and checks everything; see above. Throws zt::Error.
[[nodiscard]] std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options);

// A digest of every name, type, shape and place in the files, 64 hex digits.
[[nodiscard]] std::string identity(const OpenedModel& model);

// What stays in memory for a request.
struct ClipPlan {
    load::Budget budget;
    bool half_history = false;  // see autoencoders::Memory: only where the memory does not suffice otherwise
};
// Throws ZT_ERROR_MEMORY.
[[nodiscard]] ClipPlan plan_clip(const OpenedModel& model, const families::GenerationRequest& request);
void tell_plan(const OpenedModel& model, const ClipPlan& plan, const Log& log);
// See load::let_go().
void let_go(const OpenedModel& model, const load::Budget& budget);

// Loaded by the first session that asks.
[[nodiscard]] std::shared_ptr<const VaeDecoder> read_decoder(const OpenedModel& model, const load::Budget& budget,
                                                             const Cancel& cancel);
// Block `index`, read from the file.
[[nodiscard]] Block read_block(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type,
                               int64_t index);

}  // namespace zt::wan
