// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The trie that finds added tokens against the plain rule: at each place the longest token that
// begins there, the first place first.
#include "text/added_tokens.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

using zt::text::AddedToken;
using zt::text::AddedTokens;
using zt::text::TextBudget;

std::string found(const std::vector<AddedToken>& tokens, std::string_view text) {
    TextBudget budget(text.size());
    std::string out;
    for (const auto& part : AddedTokens(tokens).split(text, budget))
        out += (part.id ? "<" + std::to_string(*part.id) + ">" : "") + std::string(part.text) + "|";
    return out;
}

std::string found_plainly(const std::vector<AddedToken>& tokens, std::string_view text) {
    std::string out;
    size_t done = 0;
    for (size_t at = 0; at < text.size();) {
        const AddedToken* longest = nullptr;
        for (const AddedToken& token : tokens)
            if (!token.content.empty() && text.substr(at).starts_with(token.content) &&
                (longest == nullptr || token.content.size() > longest->content.size()))
                longest = &token;
        if (longest == nullptr) {
            ++at;
            continue;
        }
        if (done < at) out += std::string(text.substr(done, at - done)) + "|";
        out += "<" + std::to_string(longest->id) + ">" + longest->content + "|";
        at = done = at + longest->content.size();
    }
    return done < text.size() ? out + std::string(text.substr(done)) + "|" : out;
}

std::vector<AddedToken> tokens_of(std::initializer_list<const char*> contents) {
    std::vector<AddedToken> tokens;
    for (const char* content : contents) tokens.push_back({content, static_cast<int32_t>(tokens.size())});
    return tokens;
}

TEST(AddedTokens, TheFirstPlaceThenTheLongest) {
    EXPECT_EQ(found(tokens_of({"a", "ab", "abcd", "bc", "cde"}), "abcx abcdx abcde"),
              "<1>ab|cx |<2>abcd|x |<2>abcd|e|");
    EXPECT_EQ(found(tokens_of({"bcd", "abcf", "c"}), "abcd"), "a|<0>bcd|");  // the longer beginning was not finished
    EXPECT_EQ(found(tokens_of({"c", "abcf", "bb"}), "abcbb"), "ab|<0>c|<2>bb|");
    EXPECT_EQ(found(tokens_of({"aa", "aaaa"}), "aaaaaaa"), "<1>aaaa|<0>aa|a|");
    EXPECT_EQ(found(tokens_of({"x", "x"}), "x"), "<0>x|");  // of equals the first
    EXPECT_EQ(found(tokens_of({"狐", "狐狸"}), "红狐狸狐"), "红|<1>狐狸|<0>狐|");
    EXPECT_EQ(found({}, "text"), "text|");
    EXPECT_EQ(found(tokens_of({"a"}), ""), "");
}

TEST(AddedTokens, EqualsThePlainRuleOnRandomSetsAndTexts) {
    std::mt19937 random(7);
    const auto word = [&](size_t most, unsigned letters) {
        std::string text(1 + random() % most, 'a');
        for (char& c : text) c = static_cast<char>('a' + random() % letters);
        return text;
    };
    for (int round = 0; round < 3000; ++round) {
        const unsigned letters = 1 + static_cast<unsigned>(random() % 3);
        std::vector<AddedToken> tokens;
        for (size_t n = 1 + random() % 8; n > 0; --n) tokens.push_back({word(6, letters), static_cast<int32_t>(n)});
        const std::string text = word(60, letters + 1);
        ASSERT_EQ(found(tokens, text), found_plainly(tokens, text)) << round << ": " << text;
    }
}

}  // namespace
