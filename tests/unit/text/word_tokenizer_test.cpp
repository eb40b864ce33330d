// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Splitting of English and Chinese, unknown words, hostile bytes (text/word_tokenizer).
#include "text/word_tokenizer.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace {

using zt::text::split_words;
using zt::text::WordTokenizer;
using Words = std::vector<std::string>;

TEST(WordTokenizer, SplitsWordsAndCharacters) {
    EXPECT_EQ(split_words("A Red fox, running!"), (Words{"a", "red", "fox", "running"}));
    EXPECT_EQ(split_words("一只红色的狐狸，夜晚。"),
              (Words{"一", "只", "红", "色", "的", "狐", "狸", "夜", "晚"}));
    EXPECT_EQ(split_words("red狐狸 2x"), (Words{"red", "狐", "狸", "x"}));
    EXPECT_TRUE(split_words(" \t.,;！（）").empty());
}

TEST(WordTokenizer, BrokenBytesSeparate) {
    EXPECT_EQ(split_words("red\xE7\x8B"), (Words{"red"}));
    EXPECT_EQ(split_words("\xFF\xFE red \xC0\x80 fox"), (Words{"red", "fox"}));
    // Every lone byte and every pair: no word comes from bytes that are no letters.
    for (int a = 0x80; a < 0x100; a++)
        for (int b = 0; b < 0x100; b++) {
            const std::string text{static_cast<char>(a), static_cast<char>(b)};
            for (const std::string& w : split_words(text)) EXPECT_EQ(w.size(), 1U);
        }
}

TEST(WordTokenizer, NumbersKnownWordsAndReportsOthers) {
    const WordTokenizer words({"red", "fox", "狐"});
    const auto out = words.encode("a Red fox, a 狐, a fox", 3);
    EXPECT_EQ(out.ids, (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(out.unknown, (Words{"a"}));
    EXPECT_EQ(out.dropped, 1U);
}

TEST(WordTokenizer, ReadsMisspeltWordsAsTheNearest) {
    const WordTokenizer words({"rabbit", "boat", "fox", "butterfly", "the", "sea", "<layout 0>"});
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    const auto out = words.encode("rabit foxes buterfli rabit toaster", 10);
    EXPECT_EQ(out.ids, (std::vector<int64_t>{1, 3, 4, 1}));
    EXPECT_EQ(out.corrected, (Pairs{{"rabit", "rabbit"}, {"foxes", "fox"}, {"buterfli", "butterfly"}}));
    EXPECT_EQ(out.unknown, (Words{"toaster"}));
    // Not by another first letter, not when short, not when endless.
    EXPECT_EQ(words.encode("goat", 10).unknown, (Words{"goat"}));
    EXPECT_EQ(words.encode("fax", 10).unknown, (Words{"fax"}));
    EXPECT_EQ(words.encode(std::string(100000, 'r'), 10).unknown.size(), 1U);
    // What no sentence can write is found by name only.
    EXPECT_EQ(words.id_of("<layout 0>"), 7);
    EXPECT_EQ(words.id_of("<layout 1>"), 0);
    EXPECT_EQ(words.encode("<layout 0>", 10).unknown, (Words{"layout"}));
}

TEST(WordTokenizer, RefusesDoubleAndEmptyWords) {
    EXPECT_THROW(WordTokenizer({"red", "red"}), zt::Error);
    EXPECT_THROW(WordTokenizer({""}), zt::Error);
}

}  // namespace
