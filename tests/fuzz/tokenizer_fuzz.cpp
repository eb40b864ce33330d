// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a tokenizer.json, or, with "merges" in front of a zero byte, the pair vocab.json, zero
// byte, merges.txt; with "qwen" there, the same with a tokenizer_config.json behind another zero byte; with "prompt"
// there, a prompt to clean. Whatever is accepted must tokenise texts
// to ids below its own end, the same twice, quickly; what is refused, with the statuses of a damaged or
// unsupported file.
#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "fuzz.h"
#include "text/bpe_tokenizer.h"
#include "text/prompt_cleaning.h"
#include "text/unicode.h"
#include "text/unigram_tokenizer.h"

namespace {

using zt::fuzz::require;
using zt::text::BpeTokenizer;
using zt::text::UnigramTokenizer;

constexpr std::string_view kTexts[] = {"",
                                       "A cat walks on the grass, realistic style.",
                                       "don't  DON'T 12345\n\n \t",
                                       "一只猫 e\xCC\x81 \xC4\xB0 😀\xE2\x80\x8D",
                                       "<|begin_of_text|><|eot_id|> <|endoftext|> <image>",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"};

zt::text::TokenIds encode(const BpeTokenizer& tokenizer, std::string_view text, size_t most = SIZE_MAX) {
    return tokenizer.encode(text, true, most);
}
zt::text::TokenIds encode(const UnigramTokenizer& tokenizer, std::string_view text, size_t most = SIZE_MAX) {
    return tokenizer.encode(text, most);
}

template <typename Tokenizer>
void use(const Tokenizer& tokenizer) {
    for (const std::string_view text : kTexts) {
        try {
            const auto ids = encode(tokenizer, text).ids;
            for (const int32_t id : ids) require(id >= 0 && id < tokenizer.id_end(), "ids are below the end");
            require(ids == encode(tokenizer, text).ids, "the same text gives the same ids");
            require(encode(tokenizer, text, 40).ids.size() <= 40, "no more ids than wanted");
        } catch (const zt::Error& error) {
            require(error.status() == ZT_ERROR_WEIGHTS, error.what());  // a slow expression, a text grown too long
        }
    }
}

void clean(std::string_view prompt) {
    try {
        const std::string cleaned = zt::text::clean_prompt(prompt);
        require(zt::text::is_valid_utf8(cleaned), "a cleaned prompt is UTF-8");
        require(!cleaned.starts_with(' ') && !cleaned.ends_with(' '), "and stripped");
    } catch (const zt::Error& error) {
        require(error.status() == ZT_ERROR_PROMPT, error.what());
    }
}

void open(const std::function<void()>& reader) {
    try {
        reader();
    } catch (const zt::Error& error) {
        require(error.status() == ZT_ERROR_WEIGHTS || error.status() == ZT_ERROR_UNSUPPORTED, error.what());
        require(std::string_view(error.what()).find("expected") != std::string_view::npos, error.what());
    }
}

// vocab.json, merges.txt and tokenizer_config.json of Qwen2.
void open_qwen(std::string_view text) {
    const size_t first = text.find('\0'), second = first == text.npos ? text.npos : text.find('\0', first + 1);
    if (second == text.npos) return;
    open([&] {
        const auto tokens = zt::text::tokenizer_config_tokens(text.substr(second + 1), "tokenizer_config.json");
        use(BpeTokenizer::from_qwen(text.substr(0, first), text.substr(first + 1, second - first - 1), tokens));
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view kPair("merges\0", 7), kPrompt("prompt\0", 7), kQwen("qwen\0", 5);
    if (text.starts_with(kPrompt)) {
        clean(text.substr(kPrompt.size()));
    } else if (text.starts_with(kQwen)) {
        open_qwen(text.substr(kQwen.size()));
    } else if (text.starts_with(kPair)) {
        const std::string_view rest = text.substr(kPair.size());
        const size_t cut = rest.find('\0');
        open([&] {
            use(BpeTokenizer::from_clip(rest.substr(0, cut),
                                        cut == std::string_view::npos ? "" : rest.substr(cut + 1)));
        });
    } else {
        open([&] {
            const auto tokenizer = BpeTokenizer::from_json(text, "tokenizer.json");
            use(tokenizer);
            require(tokenizer.vocabulary_size() <= static_cast<size_t>(tokenizer.id_end()), "no more tokens than ids");
        });
        open([&] { use(UnigramTokenizer::from_json(text, "tokenizer.json")); });
    }
    return 0;
}
