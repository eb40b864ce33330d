// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See bpe_tokenizer.h. The order of work: added tokens in the raw text, normalisation of what lies
// between, added tokens again, pieces, byte pairs, special tokens around.
#include "text/bpe_tokenizer.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/utf8.h"
#include "text/tokenizer_parts.h"

namespace zt::text {

struct BpeTokenizer::Parts : TokenizerParts {
    explicit Parts(TokenizerParts parts) : TokenizerParts(std::move(parts)) {}
};

BpeTokenizer::BpeTokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
BpeTokenizer::BpeTokenizer(BpeTokenizer&&) noexcept = default;
BpeTokenizer& BpeTokenizer::operator=(BpeTokenizer&&) noexcept = default;
BpeTokenizer::~BpeTokenizer() = default;

BpeTokenizer BpeTokenizer::from_json(std::string_view json, const std::string& name) {
    return BpeTokenizer(std::make_unique<const Parts>(read_tokenizer_json(json, name)));
}

BpeTokenizer BpeTokenizer::from_clip(std::string_view vocab_json, std::string_view merges_txt) {
    return BpeTokenizer(std::make_unique<const Parts>(read_clip_pair(vocab_json, merges_txt)));
}

BpeTokenizer BpeTokenizer::open(const std::string& folder) {
    std::string json;
    try {
        json = read_whole_file(folder + "/tokenizer.json", kMaxTokenizerBytes);
    } catch (const Error& error) {
        if (error.status() != ZT_ERROR_NOT_FOUND) throw;
        std::string vocabulary;
        try {
            vocabulary = read_whole_file(folder + "/vocab.json", kMaxTokenizerBytes);
        } catch (const Error& second) {
            if (second.status() != ZT_ERROR_NOT_FOUND) throw;
            throw Error(ZT_ERROR_NOT_FOUND, one_line(folder, kShownTextBytes) +
                ": expected tokenizer.json, or vocab.json and merges.txt, got neither");
        }
        return from_clip(vocabulary, read_whole_file(folder + "/merges.txt", kMaxTokenizerBytes));
    }
    return from_json(json, "tokenizer.json");
}

TokenIds BpeTokenizer::encode(std::string_view text, bool add_special, size_t most, const Cancel* cancel) const {
    for (size_t at = 0, bytes = 0; at < text.size(); at += bytes) {
        bytes = utf8_sequence_bytes(text, at);
        if (bytes == 0) throw Error(ZT_ERROR_PROMPT, "prompt: expected UTF-8, got something else at byte " + std::to_string(at));
    }
    const Parts& p = *parts_;
    TextBudget budget(text.size(), cancel);
    TokenIds out;
    if (add_special) out.ids = p.before;
    for (const TextPart& part : p.first.split(text, budget)) {
        if (part.id) {
            out.ids.push_back(*part.id);
            continue;
        }
        const std::string normal = normalize(p.normalizer, part.text, budget);
        for (const TextPart& inner : p.second.split(normal, budget)) {
            if (inner.id) {
                out.ids.push_back(*inner.id);
                continue;
            }
            for (const std::string& piece : split_into_pieces(p.splits, std::string(inner.text), budget)) p.model.encode(piece, out.ids, budget);
        }
    }
    const size_t around = add_special ? p.before.size() + p.after.size() : 0;
    const size_t room = std::max(most, around) - (add_special ? p.after.size() : 0);
    if (out.ids.size() > room) {
        out.dropped = out.ids.size() - room;
        out.ids.resize(room);
    }
    if (add_special) out.ids.insert(out.ids.end(), p.after.begin(), p.after.end());
    return out;
}

std::optional<int32_t> BpeTokenizer::id(std::string_view token) const {
    const auto added = parts_->added.id(token);
    return added ? added : parts_->model.vocabulary().id(token);
}

size_t BpeTokenizer::vocabulary_size() const noexcept {
    return parts_->model.vocabulary().size() + parts_->added_alone;
}

int32_t BpeTokenizer::id_end() const noexcept {
    return std::max(parts_->model.vocabulary().id_end(), parts_->added.id_end());
}

}  // namespace zt::text
