// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a tokenizer.json, or, with "merges" in front of a zero byte, the pair vocab.json, zero
// byte, merges.txt. Whatever is accepted must tokenise texts to ids below its own end, the same twice,
// quickly; what is refused, with the statuses of a damaged or unsupported file.
#include <string>
#include <string_view>

#include "core/error.h"
#include "fuzz.h"
#include "text/bpe_tokenizer.h"

namespace {

using zt::fuzz::require;
using zt::text::BpeTokenizer;

constexpr std::string_view kTexts[] = {
    "", "A cat walks on the grass, realistic style.", "don't  DON'T 12345\n\n \t", "一只猫 e\xCC\x81 \xC4\xB0 😀\xE2\x80\x8D",
    "<|begin_of_text|><|eot_id|> <|endoftext|> <image>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"};

void use(const BpeTokenizer& tokenizer) {
    for (const std::string_view text : kTexts) {
        try {
            const auto ids = tokenizer.encode(text).ids;
            for (const int32_t id : ids) require(id >= 0 && id < tokenizer.id_end(), "ids are below the end");
            require(ids == tokenizer.encode(text).ids, "the same text gives the same ids");
            require(tokenizer.encode(text, true, 40).ids.size() <= 40, "no more ids than wanted");
        } catch (const zt::Error& error) {
            require(error.status() == ZT_ERROR_WEIGHTS, error.what());   // a slow expression, a text grown too long
        }
    }
    require(tokenizer.vocabulary_size() <= static_cast<size_t>(tokenizer.id_end()), "no more tokens than ids");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view kPair("merges\0", 7);
    try {
        if (text.starts_with(kPair)) {
            const std::string_view rest = text.substr(kPair.size());
            const size_t cut = rest.find('\0');
            use(BpeTokenizer::from_clip(rest.substr(0, cut), cut == std::string_view::npos ? "" : rest.substr(cut + 1)));
        } else {
            use(BpeTokenizer::from_json(text, "tokenizer.json"));
        }
    } catch (const zt::Error& error) {
        require(error.status() == ZT_ERROR_WEIGHTS || error.status() == ZT_ERROR_UNSUPPORTED, error.what());
        require(std::string_view(error.what()).find("expected") != std::string_view::npos, error.what());
    }
    return 0;
}
