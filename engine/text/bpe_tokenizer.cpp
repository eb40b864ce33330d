// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See bpe_tokenizer.h.
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

BpeTokenizer BpeTokenizer::from_json(std::string_view json, const std::string& name,
                                     const std::vector<ExtraToken>& extra) {
    return BpeTokenizer(std::make_unique<const Parts>(read_tokenizer_json(json, name, extra)));
}

BpeTokenizer BpeTokenizer::from_qwen(std::string_view vocab_json, std::string_view merges_txt,
                                     const std::vector<ExtraToken>& extra) {
    return BpeTokenizer(std::make_unique<const Parts>(read_qwen_pair(vocab_json, merges_txt, extra)));
}

BpeTokenizer BpeTokenizer::from_qwen(const BpePieces& pieces, const std::string& name,
                                     const std::vector<ExtraToken>& extra) {
    return BpeTokenizer(std::make_unique<const Parts>(read_qwen_pieces(pieces, name, extra)));
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
    const auto ids_of = [this](std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget) {
        parts_->model.encode(piece, ids, budget);
    };
    return encode_text(*parts_, ids_of, text, add_special, most, cancel);
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
