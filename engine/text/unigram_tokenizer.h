// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Unigram tokenizers from a tokenizer.json or a spiece.model, as T5, mT5 and UMT5 have them. Ids are those of the
// Python package `tokenizers` on the same file, to the last bit of the scores; SentencePiece, whose models these files
// come from, differs from it in a few characters (charsmap.h). What a file asks for and we do not do is refused when it
// is read, never ignored; truncation and padding in the file are the exception: the caller decides them. Torch-free.
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

struct SentencePieceModel;  // sentencepiece.h

// Immutable; thread-safe.
class UnigramTokenizer {
public:
    // A folder with tokenizer.json. Throws NOT_FOUND, IO, WEIGHTS (damaged: "tokenizer.json: model:
    // vocab[3]: expected ..., got ...") or UNSUPPORTED (a part of the format that is not done here, by name).
    [[nodiscard]] static UnigramTokenizer open(const std::string& folder);
    // The same from memory; `name` starts the messages.
    [[nodiscard]] static UnigramTokenizer from_json(std::string_view json, const std::string& name);
    // From the bytes of a spiece.model. Ids are those of the tokenizer.json into which transformers converts it: blanks
    // in rows and at the ends count as none, as the model says, which the published tokenizer.json of UMT5 leaves out.
    // extra_ids: tokens <extra_id_n> that the model lacks (sentencepiece.h).
    [[nodiscard]] static UnigramTokenizer from_sentencepiece(std::string_view model, const std::string& name,
                                                             int32_t extra_ids = 0);
    // The same from its parts, as a GGUF has them.
    [[nodiscard]] static UnigramTokenizer from_pieces(const SentencePieceModel& model, const std::string& name);

    UnigramTokenizer(UnigramTokenizer&&) noexcept;
    UnigramTokenizer& operator=(UnigramTokenizer&&) noexcept;
    ~UnigramTokenizer();

    // Ids of a text, which must be UTF-8 (else PROMPT), with what the file's post-processor puts around
    // it: </s> behind. Of a text that needs more than `most` ids, the last tokens are left out and </s>
    // stays. Special tokens written in the text count as such, as in the reference. Throws WEIGHTS when
    // the file's steps take unreasonably long on the text or make it unreasonably long (text_budget.h),
    // and CANCELLED soon after `cancel` (may be null) asks for it.
    [[nodiscard]] TokenIds encode(std::string_view text, size_t most = SIZE_MAX, const Cancel* cancel = nullptr) const;

    // Of a token as it is written in the file, added tokens first.
    [[nodiscard]] std::optional<int32_t> id(std::string_view token) const;
    [[nodiscard]] int32_t id_end() const noexcept;  // the largest id + 1: rows an embedding needs

private:
    struct Parts;
    explicit UnigramTokenizer(std::unique_ptr<const Parts> parts);
    std::unique_ptr<const Parts> parts_;
};

}  // namespace zt::text
