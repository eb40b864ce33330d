// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Byte pair tokenizers from their own files: a tokenizer.json, the older vocab.json and merges.txt of
// CLIP and Qwen2, or the lists that a GGUF file has. Ids are those of the Python package `tokenizers`, whose file
// format and rules these are. What a file asks for and we do not do is refused when it is read, never ignored;
// truncation and padding in the file are the exception: the caller decides them. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "text/added_tokens.h"
#include "text/token_ids.h"

namespace zt::text {

// A vocabulary and its merges as lists.
struct BpePieces {
    std::vector<std::pair<std::string, int32_t>> tokens;  // of the model, byte level
    std::vector<std::string> merges;                      // "left right", the first one first
    std::vector<AddedToken> added;                        // with their ids
};

// The tokens that a tokenizer_config.json of transformers adds: added_tokens_decoder, additional_special_tokens,
// extra_special_tokens, in this order. name starts messages. Throws WEIGHTS.
[[nodiscard]] std::vector<ExtraToken> tokenizer_config_tokens(std::string_view json, const std::string& name);

// Immutable; thread-safe.
class BpeTokenizer {
public:
    // A folder with tokenizer.json or, without it, vocab.json and merges.txt (read as CLIP's). Throws
    // NOT_FOUND, IO, WEIGHTS (damaged: "tokenizer.json: model: merges[3]: expected ..., got ...") or
    // UNSUPPORTED (a part of the format that is not done here, by name).
    [[nodiscard]] static BpeTokenizer open(const std::string& folder);
    // The same from memory; `name` starts the messages. extra: tokens to add to those of the file.
    [[nodiscard]] static BpeTokenizer from_json(std::string_view json, const std::string& name,
                                                const std::vector<ExtraToken>& extra = {});
    // Files that say nothing of normalisation and splitting, read as Qwen2's.
    [[nodiscard]] static BpeTokenizer from_qwen(std::string_view vocab_json, std::string_view merges_txt,
                                                const std::vector<ExtraToken>& extra = {});
    [[nodiscard]] static BpeTokenizer from_qwen(const BpePieces& pieces, const std::string& name,
                                                const std::vector<ExtraToken>& extra = {});
    [[nodiscard]] static BpeTokenizer from_clip(std::string_view vocab_json, std::string_view merges_txt);

    BpeTokenizer(BpeTokenizer&&) noexcept;
    BpeTokenizer& operator=(BpeTokenizer&&) noexcept;
    ~BpeTokenizer();

    // Ids of a text, which must be UTF-8 (else PROMPT). `add_special` puts what the file's
    // post-processor says around them. Of a text that needs more than `most` ids, the last tokens
    // are left out and the special ones stay. Special tokens written in the text count as such, as
    // in the reference. Throws WEIGHTS when the file's steps take unreasonably long on the text or
    // make it unreasonably long (text_budget.h), and CANCELLED soon after `cancel` (may be null) asks for it.
    [[nodiscard]] TokenIds encode(std::string_view text, bool add_special = true, size_t most = SIZE_MAX,
                                  const Cancel* cancel = nullptr) const;

    // Of a token as it is written in the file, added tokens first.
    [[nodiscard]] std::optional<int32_t> id(std::string_view token) const;
    [[nodiscard]] size_t vocabulary_size() const noexcept;  // tokens, added ones included
    [[nodiscard]] int32_t id_end() const noexcept;          // the largest id + 1: rows an embedding needs

private:
    struct Parts;
    explicit BpeTokenizer(std::unique_ptr<const Parts> parts);
    std::unique_ptr<const Parts> parts_;
};

}  // namespace zt::text
