// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See prompt.h.
#include "families/wan/prompt.h"

#include <vector>

#include "encoders/t5.h"
#include "encoders/t5_names.h"
#include "load/read_ahead.h"
#include "text/prompt_cleaning.h"

namespace zt::wan {

namespace {

std::shared_ptr<const TextStates> encode(const OpenedModel& model, const std::string& prompt, const Cancel& cancel,
                                         const families::ProgressFn& progress) {
    progress("text", 0, 1);
    const encoders::T5Config& config = model.parts.text;
    const load::PartReader reader = model.text_encoder(cancel);
    const text::TokenIds tokens = model.tokenizer->encode(text::clean_prompt(prompt), kTextTokens, &cancel);
    const at::Tensor embedded = reader.rows(encoders::t5_embedding(reader),
                                            std::vector<int64_t>(tokens.ids.begin(), tokens.ids.end()), model.type);
    load::ReadAhead<encoders::T5Layer> layers([&](int64_t i) {
        encoders::T5Layer layer = encoders::make_t5_layer(config, i);
        reader.fill(layer, model.type, true, i);
        return layer;
    });
    const auto layer = [&](int64_t i) -> const encoders::T5Layer& {
        return layers.take(i, i + 1 < config.layers ? i + 1 : -1);
    };
    auto made = std::make_shared<TextStates>();
    made->states =
        encoders::t5_states(config, embedded, layer, reader.dense(encoders::kT5FinalNorm, model.type), cancel);
    made->dropped = tokens.dropped;
    model.texts.keep(prompt, made);
    return made;
}

}  // namespace

std::shared_ptr<const TextStates> encode_text(const OpenedModel& model, const std::string& prompt, const char* option,
                                              const Log& log, const Cancel& cancel,
                                              const families::ProgressFn& progress) {
    auto text = model.texts.find(prompt);
    if (text == nullptr) text = encode(model, prompt, cancel, progress);
    if (text->dropped > 0)
        log(ZT_LOG_WARNING, std::string(option) + ": model reads " + std::to_string(kTextTokens) +
                                " tokens; the last " + std::to_string(text->dropped) + " have no effect");
    return text;
}

}  // namespace zt::wan
