// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Byte pair tokenizers from their own files: a tokenizer.json, or CLIP's older vocab.json and
// merges.txt. Ids are those of the Python package `tokenizers`, whose file format and rules these
// are. What a file asks for and we do not do is refused when it is read, never ignored; truncation
// and padding in the file are the exception: the caller decides them. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/cancel.h"
#include "text/token_ids.h"

namespace zt::text {

// Immutable; thread-safe.
class BpeTokenizer {
public:
    // A folder with tokenizer.json or, without it, vocab.json and merges.txt (read as CLIP's). Throws
    // NOT_FOUND, IO, WEIGHTS (damaged: "tokenizer.json: model: merges[3]: expected ..., got ...") or
    // UNSUPPORTED (a part of the format that is not done here, by name).
    [[nodiscard]] static BpeTokenizer open(const std::string& folder);
    // The same from memory; `name` starts the messages.
    [[nodiscard]] static BpeTokenizer from_json(std::string_view json, const std::string& name);
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
