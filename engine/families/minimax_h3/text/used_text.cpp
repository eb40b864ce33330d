// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See used_text.h.
#include "families/minimax_h3/text/used_text.h"

#include <iterator>

#include "core/error.h"
#include "families/minimax_h3/text/prompt_layout.h"

namespace zt::minimax_h3 {

encoders::LlmConfig used_text(encoders::LlmConfig config, const std::string& name) {
    if (config.layers < kTextLayers)
        throw Error(ZT_ERROR_WEIGHTS, name + ": expected at least " + std::to_string(kTextLayers) + " layers, got " +
                                          std::to_string(config.layers));
    config.skip_layers = config.layers - kTextLayers;
    return config;
}

void check_tower(const encoders::LlmConfig& text, const encoders::Qwen3VlVisionConfig& vision,
                 const std::string& name) {
    if (vision.out_hidden != text.hidden)
        throw Error(ZT_ERROR_WEIGHTS, name + ": expected tokens of the text model's width " +
                                          std::to_string(text.hidden) + ", got " + std::to_string(vision.out_hidden));
    if (std::ssize(vision.taps) > (text.layers - text.skip_layers))
        throw Error(ZT_ERROR_WEIGHTS, name + ": expected at most " + std::to_string((text.layers - text.skip_layers)) +
                                          " DeepStack taps, got " + std::to_string(vision.taps.size()));
}

}  // namespace zt::minimax_h3
