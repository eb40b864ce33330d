// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vocab.json and merges.txt (text/clip_files).
#include <gtest/gtest.h>

#include "core/error.h"
#include "text/bpe_tokenizer.h"

namespace {

using zt::text::BpeTokenizer;
using Ids = std::vector<int32_t>;

constexpr const char* kVocabulary =
    R"({"c":0,"a":1,"t":2,"c</w>":3,"a</w>":4,"t</w>":5,"at</w>":6,"cat</w>":7,"<|startoftext|>":8,"<|endoftext|>":9})";

TEST(ClipFiles, LowersSplitsAndEndsWords) {
    const auto t = BpeTokenizer::from_clip(kVocabulary, "#version: 0.2\na t</w>\r\nc at</w>\n\n");
    EXPECT_EQ(t.encode("Cat  CAT a").ids, (Ids{8, 7, 7, 4, 9}));
    EXPECT_EQ(t.encode("x").ids, (Ids{8, 9, 9})) << "the end token stands for what is unknown";
    const auto cut = t.encode("cat cat cat cat", true, 4);
    EXPECT_EQ(cut.ids, (Ids{8, 7, 7, 9}));
    EXPECT_EQ(cut.dropped, 2U);
}

TEST(ClipFiles, RefusesDamagedPairs) {
    const auto text = [](std::string_view vocabulary, std::string_view merges) -> std::string {
        try {
            (void)BpeTokenizer::from_clip(vocabulary, merges);
        } catch (const zt::Error& error) {
            EXPECT_EQ(error.status(), ZT_ERROR_WEIGHTS);
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(text(kVocabulary, "a t x\n"), "merges.txt:1: expected two tokens and a blank between, got \"a t x\"");
    EXPECT_EQ(text(kVocabulary, "#version: 0.2\na q\n"),
              "merges.txt: merges[0]: expected tokens of the vocabulary, got \"q\"");
    EXPECT_EQ(text(R"({"<|endoftext|>":0})", ""), "vocab.json: expected a token \"<|startoftext|>\", got none");
    EXPECT_EQ(text("[1]", ""), "vocab.json: expected an object of tokens and ids, got another value");
}

}  // namespace
