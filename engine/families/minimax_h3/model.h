// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An opened MiniMax-H3: its files, shapes and settings, and the parts that are in memory. Opening reads headers and the
// tokenizer only, and checks that every tensor is there in its shape; weights are read in a generation's first call, on
// its worker, with progress and cancel.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "families/family.h"
#include "families/minimax_h3/audio_vae/part.h"
#include "families/minimax_h3/parts.h"
#include "families/minimax_h3/text/text_state.h"
#include "families/minimax_h3/transformer/denoiser.h"
#include "families/minimax_h3/video_vae/part.h"
#include "load/held_blocks.h"
#include "load/kept.h"
#include "load/part_reader.h"
#include "text/bpe_tokenizer.h"

namespace zt::minimax_h3 {

// Immutable but for what it keeps in memory, which is thread-safe.
struct OpenedModel {
    ModelParts parts;                      // where everything lies, and its shapes
    TransformerFile transformer;           // with its device, type and adapters
    Schedule schedule;                     // where a request says nothing
    at::ScalarType vae_kept = at::kFloat;  // of the video decoder's matrices: fp16 as the original has it, but in fp32
    load::MemoryRoom room;                 // what a generation may take
    std::optional<text::BpeTokenizer> tokenizer;

    mutable load::Shared<VideoVaeDecoder> decoder;
    mutable load::Recent<TextState> texts;  // by prompt and keyframes

    [[nodiscard]] at::Device device() const { return transformer.device; }
    [[nodiscard]] at::ScalarType type() const { return transformer.type; }  // of transformer and text encoder
    [[nodiscard]] at::ScalarType vae_products() const { return type_of_products(vae_kept, device()); }
    [[nodiscard]] load::PartReader text_reader(const Cancel& cancel) const;
    [[nodiscard]] load::PartReader vision_reader(const Cancel& cancel) const;
    [[nodiscard]] load::ReaderOptions vae_options(const Cancel& cancel) const;
};

// Opens and checks everything; see above. Throws zt::Error.
[[nodiscard]] std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options);

// A digest of every name, type, shape and place in the files, 64 hex digits.
[[nodiscard]] std::string identity(const OpenedModel& model);

// What stays in memory for a request. Throws ZT_ERROR_MEMORY, and PROMPT for one without a token.
[[nodiscard]] load::Budget plan_clip(const OpenedModel& model, const families::GenerationRequest& request);

// The keyframes of a request in packed order, fitted to its size: the first picture, or of a history the newest; the
// last. How a picture is fitted is the request's (ZT_FIT_STRETCH: as the reference does).
struct Keyframes {
    std::vector<image::Picture> pictures;
    std::vector<Anchor> anchors;
};
[[nodiscard]] Keyframes keyframes_of(const families::GenerationRequest& request);

}  // namespace zt::minimax_h3
