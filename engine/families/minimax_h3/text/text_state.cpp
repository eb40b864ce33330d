// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See text_state.h.
#include "families/minimax_h3/text/text_state.h"

#include <iterator>
#include <string>
#include <utility>

#include "core/error.h"
#include "encoders/qwen3_vl_vision.h"
#include "encoders/streamed_llm.h"

namespace zt::minimax_h3 {
namespace {

std::vector<encoders::VisionTokens> look_at(const TextEncoder& encoder, std::span<const image::Picture> keyframes,
                                            const Cancel& cancel) {
    if (keyframes.empty()) return {};
    if (encoder.vision == nullptr || encoder.vision_reader == nullptr)
        throw Error(ZT_ERROR_ARGUMENT, "image: expected the vision tower of Qwen3-VL beside " +
                                           encoder.text_reader.checkpoint().name() +
                                           " (of llama.cpp the mmproj file), got none");
    std::vector<encoders::VisionPatches> pictures;
    for (const image::Picture& keyframe : keyframes) {
        if (keyframe.width != keyframes.front().width || keyframe.height != keyframes.front().height)
            throw Error(ZT_ERROR_INTERNAL, "image: expected keyframes of one size, got two");
        pictures.push_back(encoders::vision_patches(keyframe));
    }
    return encoders::read_vision_tokens(*encoder.vision, *encoder.vision_reader, pictures, encoder.type, cancel);
}

// Where the pictures stand, all together, [n] int64.
at::Tensor rows_of(const TextLayout& layout) {
    std::vector<at::Tensor> rows;
    for (const encoders::PictureSpan& span : layout.pictures)
        rows.push_back(at::arange(span.start, span.start + span.tokens()));
    return at::cat(rows);
}

at::Tensor positions_of(const TextLayout& layout) {
    std::vector<at::Tensor> axes;
    for (const std::vector<int64_t>& axis :
         encoders::token_positions(static_cast<int64_t>(layout.ids.size()), layout.pictures))
        axes.push_back(at::tensor(axis, at::kLong));
    return at::stack(axes);
}

encoders::LlmSequence sequence_of(encoders::LlmSource& llm, const TextLayout& layout,
                                  const std::vector<encoders::VisionTokens>& seen) {
    encoders::LlmSequence sequence{llm.rows(layout.ids)};
    if (seen.empty()) return sequence;  // positions 0, 1, 2 ... on every axis
    const at::Device device = sequence.states.device();
    sequence.positions = positions_of(layout).to(device);
    sequence.picture_rows = rows_of(layout).to(device);
    std::vector<at::Tensor> tokens;
    for (const encoders::VisionTokens& picture : seen) tokens.push_back(picture.tokens);
    sequence.states = sequence.states.index_copy(0, sequence.picture_rows, at::cat(tokens));
    for (size_t tap = 0; tap < seen.front().taps.size(); ++tap) {
        std::vector<at::Tensor> all;
        for (const encoders::VisionTokens& picture : seen) all.push_back(picture.taps[tap]);
        sequence.taps.push_back(at::cat(all));
    }
    return sequence;
}

}  // namespace

TextState text_state(const TextEncoder& encoder, std::string_view prompt, std::span<const image::Picture> keyframes,
                     const Cancel& cancel) {
    constexpr int64_t step = encoders::Qwen3VlVisionConfig::pixel_step();
    const int64_t rows = keyframes.empty() ? 0 : keyframes.front().height / step,
                  columns = keyframes.empty() ? 0 : keyframes.front().width / step;
    TextLayout layout =
        text_layout(encoder.tokenizer, prompt, static_cast<int64_t>(keyframes.size()), rows, columns, &cancel);
    const std::vector<encoders::VisionTokens> seen = look_at(encoder, keyframes, cancel);
    encoders::StreamedLlm llm(encoder.text, encoder.text_reader, encoder.type);
    std::vector<encoders::LlmSequence> sequences;
    sequences.push_back(sequence_of(llm, layout, seen));
    at::Tensor states = encoders::run_llm(encoder.text, llm, std::move(sequences), &cancel).front();
    if (!at::isfinite(states).all().item<bool>())
        throw Error(ZT_ERROR_WEIGHTS, encoder.text_reader.checkpoint().name() +
                                          ": expected finite states of the prompt, got NaN or infinity");
    return {std::move(states), std::move(layout.tags)};
}

}  // namespace zt::minimax_h3
