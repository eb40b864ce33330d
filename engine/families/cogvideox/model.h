// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An opened CogVideoX model: its files, shapes and settings, and the parts that are in memory. Opening reads headers
// and the tokenizer only, and checks that every tensor is there in its shape; weights are read in a generation's first
// call, on its worker, with progress and cancel.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autoencoders/batched_vae.h"
#include "families/cogvideox/memory_plan.h"
#include "families/cogvideox/transformer/transformer.h"
#include "load/held_blocks.h"
#include "load/kept.h"
#include "load/part_reader.h"
#include "text/unigram_tokenizer.h"

namespace zt::cogvideox {

using autoencoders::batched::Coder;

// The states of a prompt [text_tokens, text_dim], and what of it had no room or no piece.
struct TextStates {
    at::Tensor states;
    size_t dropped = 0;
    bool mostly_unknown = false;
};

// Immutable but for what it keeps in memory, which is thread-safe.
struct OpenedModel {
    ModelParts parts;
    std::shared_ptr<const load::LoraSet> loras;  // may be null
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat;  // of transformer and text encoder
    at::ScalarType vae_type = at::kFloat;
    load::MemoryRoom room;  // what a generation may take
    std::optional<text::UnigramTokenizer> tokenizer;

    mutable load::KeptBlocks<Block> blocks;
    mutable load::Shared<Ends> ends;
    mutable load::Shared<Coder> decoder;
    mutable load::Recent<TextStates> texts;  // by prompt

    [[nodiscard]] load::PartReader transformer(const Cancel& cancel) const;
    [[nodiscard]] load::PartReader vae(const Cancel& cancel) const;
    [[nodiscard]] load::PartReader text_encoder(const Cancel& cancel) const;
};

// Opens and checks everything; see above. Throws zt::Error.
[[nodiscard]] std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options);

// What stays in memory for a request, and how the autoencoder works.
struct ClipPlan {
    load::Budget budget;
    CodingOptions coding;
};
// Throws ZT_ERROR_MEMORY, and UNSUPPORTED for a length that the model has no places for.
[[nodiscard]] ClipPlan plan_clip(const OpenedModel& model, const families::GenerationRequest& request);

// Either half of the autoencoder from its file.
[[nodiscard]] std::shared_ptr<const Coder> read_coder(const OpenedModel& model, bool decodes, const Cancel& cancel);
// Block `index`, read from the file.
[[nodiscard]] Block read_block(const OpenedModel& model, const load::PartReader& reader, int64_t index);

}  // namespace zt::cogvideox
