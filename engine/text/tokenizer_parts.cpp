// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See tokenizer_parts.h. The order of work: added tokens in the raw text, normalisation of what lies
// between, added tokens again, pieces, the model, special tokens around.
#include "text/tokenizer_parts.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::text {

TokenIds encode_text(const TokenizerSteps& steps, const PieceIds& ids_of, std::string_view text, bool add_special,
                     size_t most, const Cancel* cancel) {
    for (size_t at = 0, bytes = 0; at < text.size(); at += bytes) {
        bytes = utf8_sequence_bytes(text, at);
        if (bytes == 0)
            throw Error(ZT_ERROR_PROMPT, "prompt: expected UTF-8, got something else at byte " + std::to_string(at));
    }
    TextBudget budget(text.size(), cancel);
    TokenIds out;
    if (add_special) out.ids = steps.before;
    for (const TextPart& part : steps.first.split(text, budget)) {
        if (part.id) {
            out.ids.push_back(*part.id);
            continue;
        }
        const std::string normal = normalize(steps.normalizer, part.text, budget);
        for (const TextPart& inner : steps.second.split(normal, budget)) {
            if (inner.id) {
                out.ids.push_back(*inner.id);
                continue;
            }
            for (const std::string& piece : split_into_pieces(steps.splits, std::string(inner.text), budget))
                ids_of(piece, out.ids, budget);
        }
    }
    const size_t around = add_special ? steps.before.size() + steps.after.size() : 0;
    const size_t room = std::max(most, around) - (add_special ? steps.after.size() : 0);
    if (out.ids.size() > room) {
        out.dropped = out.ids.size() - room;
        out.ids.resize(room);
    }
    if (add_special) out.ids.insert(out.ids.end(), steps.after.begin(), steps.after.end());
    return out;
}

}  // namespace zt::text
