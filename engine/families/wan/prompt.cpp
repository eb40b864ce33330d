// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/prompt.h"

#include "encoders/t5.h"
#include "text/prompt_cleaning.h"

namespace zt::wan {

namespace {

std::shared_ptr<const TextStates> encode(const OpenedModel& model, const std::string& prompt, const Cancel& cancel,
                                         const families::ProgressFn& progress) {
    progress("text", 0, 1);
    const text::TokenIds tokens = model.tokenizer->encode(text::clean_prompt(prompt), kTextTokens, &cancel);
    auto made = std::make_shared<TextStates>();
    made->states =
        encoders::read_t5_states(model.parts.text, model.text_encoder(cancel), tokens.ids, model.type, cancel);
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
