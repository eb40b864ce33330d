// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a spiece.model. Whatever is accepted must tokenise texts to ids below its own end, the same twice; what
// is refused, with the statuses of a damaged or unsupported file.
#include <string>
#include <string_view>

#include "core/error.h"
#include "fuzz.h"
#include "text/unigram_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using zt::fuzz::require;
    constexpr std::string_view kTexts[] = {"", "A cat walks  on the grass, realistic style.",
                                           "一只猫 e\xCC\x81 </s> <unk>",
                                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"};
    try {
        const auto tokenizer =
            zt::text::UnigramTokenizer::from_sentencepiece({reinterpret_cast<const char*>(data), size}, "spiece.model");
        for (const std::string_view text : kTexts) {
            const auto ids = tokenizer.encode(text).ids;
            for (const int32_t id : ids) require(id >= 0 && id < tokenizer.id_end(), "ids are below the end");
            require(ids == tokenizer.encode(text).ids, "the same text gives the same ids");
            require(tokenizer.encode(text, 40).ids.size() <= 40, "no more ids than wanted");
        }
    } catch (const zt::Error& error) {
        require(error.status() == ZT_ERROR_WEIGHTS || error.status() == ZT_ERROR_UNSUPPORTED, error.what());
        require(std::string_view(error.what()).find("expected") != std::string_view::npos, error.what());
    }
    return 0;
}
