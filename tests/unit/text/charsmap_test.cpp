// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Grapheme clusters by the examples of UAX 29 (text/grapheme), and what a table of replacements does to
// them, well made and damaged (text/charsmap). Identity with the reference over every code point is
// tests/parity/unigram_test.py.
#include "text/charsmap.h"

#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/grapheme.h"

namespace {

using zt::text::Charsmap;

std::vector<std::string> clusters(const std::string& text) {
    std::vector<std::string> made;
    for (size_t at = 0; at < text.size();) {
        const size_t end = zt::text::grapheme_end(text, at);
        made.push_back(text.substr(at, end - at));
        at = end;
    }
    return made;
}

using Texts = std::vector<std::string>;

TEST(Grapheme, ClustersOfEachRule) {
    EXPECT_EQ(clusters("ab"), (Texts{"a", "b"}));
    EXPECT_EQ(clusters("\r\n\r\r\n\u0301"), (Texts{"\r\n", "\r", "\r\n", "\u0301"})) << "GB3, 4, 5";
    EXPECT_EQ(clusters("\u1100\u1161\u11A8\uAC00\u11A8\uAC01\u1161"),
              (Texts{"\u1100\u1161\u11A8", "\uAC00\u11A8", "\uAC01", "\u1161"}))
        << "GB6 to 8";
    EXPECT_EQ(clusters("e\u0301\u0323x\u200D"), (Texts{"e\u0301\u0323", "x\u200D"})) << "GB9";
    EXPECT_EQ(clusters("\u0915\u0903\u0600a"), (Texts{"\u0915\u0903", "\u0600a"})) << "GB9a, 9b";
    EXPECT_EQ(clusters("\u0915\u094D\u0937"), (Texts{"\u0915\u094D\u0937"})) << "GB9c: a linker between consonants";
    EXPECT_EQ(clusters("\u0915\u094D\u200D\u0937"), (Texts{"\u0915\u094D\u200D\u0937"}));
    EXPECT_EQ(clusters("\u0915\u094D\u200C\u0937"), (Texts{"\u0915\u094D\u200C", "\u0937"}))
        << "kept apart by a non-joiner";
    EXPECT_EQ(clusters("\u0915\u093C\u0937"), (Texts{"\u0915\u093C", "\u0937"}));
    EXPECT_EQ(clusters("👩\u200D👩\u200D👧👍🏽"), (Texts{"👩\u200D👩\u200D👧", "👍🏽"})) << "GB11";
    EXPECT_EQ(clusters("👩\u200D\u200D👧a\u200D👧"), (Texts{"👩\u200D\u200D", "👧", "a\u200D", "👧"}));
    EXPECT_EQ(clusters("🇩🇪🇫🇷🇮"), (Texts{"🇩🇪", "🇫🇷", "🇮"})) << "GB12, 13";
    EXPECT_EQ(clusters(""), Texts{});
}

TEST(Grapheme, LongClustersAreNotQuadratic) {
    std::string text = "a";
    for (int i = 0; i < 300'000; ++i) text += "\u0301";
    const auto start = std::clock();
    EXPECT_EQ(zt::text::grapheme_end(text, 0), text.size());
    EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 1.0);
}

std::string base64(const std::string& bytes) {
    constexpr const char* kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; ++k)
            bits = bits << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
        for (size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kLetters[bits >> (18 - 6 * k) & 63];
    }
    return out;
}

std::string packed(const std::vector<uint32_t>& units, const std::string& replacements) {
    std::string bytes;
    const auto add = [&](uint32_t value) {
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xFF);
    };
    add(static_cast<uint32_t>(4 * units.size()));
    for (const uint32_t u : units) add(u);
    return base64(bytes + replacements);
}

// A double array in which each node has 256 units of its own.
std::string table(const std::map<std::string, std::string>& rules) {
    std::vector<uint32_t> units;
    std::string replacements;
    const std::function<void(const std::string&, size_t, uint32_t)> place = [&](const std::string& prefix, size_t at,
                                                                                uint32_t label) {
        const size_t base = units.size();
        units.resize(base + 256, 0x800000FF);
        const auto rule = rules.find(prefix);
        const bool leaf = rule != rules.end();
        units[at] = static_cast<uint32_t>(at ^ base) << 10 | (leaf ? 0x100U : 0U) | label;
        if (leaf) {
            units[base] = static_cast<uint32_t>(replacements.size()) | 0x80000000U;
            replacements += rule->second + '\0';
        }
        for (uint32_t byte = 1; byte < 256; ++byte) {
            const std::string next = prefix + static_cast<char>(byte);
            const auto first = rules.lower_bound(next);
            if (first != rules.end() && first->first.starts_with(next)) place(next, base ^ byte, byte);
        }
    };
    units.resize(256, 0x800000FF);
    place("", 0, 0);
    return packed(units, replacements);
}

std::string normalized(const std::string& map, const std::string& text) {
    zt::text::TextBudget budget(text.size());
    return Charsmap(map, "map").normalize(text, budget);
}

std::string refusal(const std::string& map, const std::string& text = "") {
    try {
        (void)normalized(map, text);
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), ZT_ERROR_WEIGHTS);
        return error.what();
    }
    return "accepted";
}

TEST(Charsmap, ReplacesShortClustersWhole) {
    const std::string map =
        table({{"a", "X"}, {"ab", "no"}, {"a\u0301", "no"}, {"é", ""}, {"\u0301", "'"}, {"猫", "cat"}, {"\n", " "}});
    EXPECT_EQ(normalized(map, "a-ab"), "X-Xb") << "clusters are looked up one by one";
    EXPECT_EQ(normalized(map, "a\u0301."), "X.") << "the shortest match takes the accent along";
    EXPECT_EQ(normalized(map, "a\u0301\u0301\u0301."), "X'''.") << "seven bytes: character by character";
    EXPECT_EQ(normalized(map, "e\u0301é猫\n"), "e'cat ") << "e begins no match: character by character";
    EXPECT_EQ(normalized(map, ""), "");
    EXPECT_EQ(normalized(map, std::string("\0a", 2)), std::string("\0X", 2));
}

TEST(Charsmap, RefusesDamage) {
    EXPECT_EQ(refusal("AAA"), "map: expected base64, got something else");
    EXPECT_EQ(refusal("AA*A"), "map: expected base64, got something else");
    EXPECT_EQ(refusal("AB=="), "map: expected base64, got something else") << "bits beyond the last byte";
    EXPECT_EQ(refusal("A==="), "map: expected base64, got something else");
    EXPECT_EQ(refusal(""), "map: expected a double array and what it stands for, got 0 bytes that end before");
    EXPECT_EQ(refusal(base64(std::string("\x08\0\0\0abcd", 8))),
              "map: expected a double array and what it stands for, got 8 bytes that end before");
    EXPECT_EQ(refusal(base64(std::string("\x03\0\0\0abcd", 8))),
              "map: expected a double array and what it stands for, got 8 bytes that end before");
    EXPECT_EQ(refusal(packed({0}, "\xFF")), "map: expected replacements in UTF-8, got something else");
    EXPECT_EQ(refusal(packed({0}, ""), "a"), "map: expected units below 1, got 97") << "found when it is used";
    std::vector<uint32_t> loop(256, 0);
    loop['a'] = 'a' | 0x100;
    EXPECT_EQ(refusal(packed(loop, "x"), "a"), "map: expected the start of a replacement, got 353");
    EXPECT_EQ(refusal(packed(loop, std::string(400, 'x')), "a"), "accepted");
}

TEST(Charsmap, MayMakeATextSoMuchLonger) {
    const std::string map = table({{"a", std::string(1000, 'x')}});
    EXPECT_EQ(normalized(map, "a").size(), 1000U);
    EXPECT_EQ(refusal(map, std::string(1000, 'a')),
              "tokenizer: expected steps that make at most 64 times the bytes of a text, got more");
}

}  // namespace
