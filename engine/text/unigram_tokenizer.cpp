// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See unigram_tokenizer.h.
#include "text/unigram_tokenizer.h"

#include <algorithm>
#include <utility>

#include "core/file.h"
#include "text/sentencepiece.h"
#include "text/tokenizer_parts.h"

namespace zt::text {

struct UnigramTokenizer::Parts : UnigramParts {
    explicit Parts(UnigramParts parts) : UnigramParts(std::move(parts)) {}
};

UnigramTokenizer::UnigramTokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
UnigramTokenizer::UnigramTokenizer(UnigramTokenizer&&) noexcept = default;
UnigramTokenizer& UnigramTokenizer::operator=(UnigramTokenizer&&) noexcept = default;
UnigramTokenizer::~UnigramTokenizer() = default;

UnigramTokenizer UnigramTokenizer::from_json(std::string_view json, const std::string& name) {
    return UnigramTokenizer(std::make_unique<const Parts>(read_unigram_json(json, name)));
}

UnigramTokenizer UnigramTokenizer::from_sentencepiece(std::string_view model, const std::string& name,
                                                      int32_t extra_ids) {
    return UnigramTokenizer(std::make_unique<const Parts>(read_sentencepiece(model, name, extra_ids)));
}

UnigramTokenizer UnigramTokenizer::from_pieces(const SentencePieceModel& model, const std::string& name) {
    return UnigramTokenizer(std::make_unique<const Parts>(sentencepiece_parts(model, name)));
}

UnigramTokenizer UnigramTokenizer::open(const std::string& folder) {
    return from_json(read_whole_file(folder + "/tokenizer.json", kMaxTokenizerBytes), "tokenizer.json");
}

TokenIds UnigramTokenizer::encode(std::string_view text, size_t most, const Cancel* cancel) const {
    const auto ids_of = [this](std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget) {
        parts_->model.encode(piece, ids, budget);
    };
    return encode_text(*parts_, ids_of, text, true, most, cancel);
}

std::optional<int32_t> UnigramTokenizer::id(std::string_view token) const {
    const auto added = parts_->added.id(token);
    return added ? added : parts_->model.id(token);
}

int32_t UnigramTokenizer::id_end() const noexcept { return std::max(parts_->model.id_end(), parts_->added.id_end()); }

}  // namespace zt::text
