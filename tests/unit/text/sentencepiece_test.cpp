// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a small spiece.model does, field by field, how odd ones are refused, and that none is read past its end
// (text/sentencepiece). Identity with the reference is tests/parity/wan_loaders_test.py.
#include "text/sentencepiece.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "seed.h"
#include "text/unigram_tokenizer.h"

namespace {

using zt::text::UnigramTokenizer;
using Ids = std::vector<int32_t>;

std::string varint(uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    return out + static_cast<char>(value);
}
std::string number(uint64_t field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(uint64_t field, const std::string& value) {
    return varint(field << 3 | 2) + varint(value.size()) + value;
}
std::string real(uint64_t field, float value) {
    std::string out = varint(field << 3 | 5);
    for (int i = 0; i < 4; ++i) out += static_cast<char>(std::bit_cast<uint32_t>(value) >> 8 * i);
    return out;
}
// types: 1 normal, 2 unknown, 3 control, 4 of a user, 5 unused, 6 a byte
std::string piece(const std::string& text, float score, uint64_t type = 1) {
    return bytes(1, bytes(1, text) + real(2, score) + (type == 1 ? "" : number(3, type)));
}

const std::string kPieces = piece("<pad>", 0, 3) + piece("</s>", 0, 3) + piece("<s>", 0, 3) + piece("<unk>", 0, 2) +
                            piece("▁", -2) + piece("a", -3) + piece("b", -3) + piece("▁ab", -4.5F) + piece("ab", -5) +
                            piece("é", -6) + piece("<mine>", 0, 4);
const std::string kTrainer = bytes(2, number(3, 1) + number(40, 3) + number(42, 1));

std::string model(const std::string& normalizer = "", const std::string& pieces = kPieces,
                  const std::string& trainer = kTrainer) {
    return pieces + trainer + bytes(3, normalizer);
}
UnigramTokenizer make(const std::string& text) { return UnigramTokenizer::from_sentencepiece(text, "spiece.model"); }

std::string refusal(const std::string& text, zt_status status = ZT_ERROR_WEIGHTS) {
    try {
        (void)make(text);
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), status) << error.what();
        return error.what();
    }
    return "accepted";
}

TEST(SentencePiece, TakesTheBestCutAndEndsWithEos) {
    const UnigramTokenizer t = make(model());
    EXPECT_EQ(t.encode("ab").ids, (Ids{7, 1}));
    EXPECT_EQ(t.encode("b ab").ids, (Ids{4, 6, 7, 1}));
    EXPECT_EQ(t.encode("").ids, (Ids{1}));
    EXPECT_EQ(t.encode("é\xF0\x9F\x98\x80").ids, (Ids{4, 9, 3, 1})) << "what no piece has is <unk>";
    EXPECT_EQ(t.id("▁ab"), 7);
    EXPECT_EQ(t.id_end(), 11);
}

TEST(SentencePiece, BlanksInRowsAndAtTheEndsAreNone) {
    const UnigramTokenizer t = make(model());
    for (const char* text : {"b ab", "  b ab", "b   ab", "b ab  ", " b  ab "})
        EXPECT_EQ(t.encode(text).ids, (Ids{4, 6, 7, 1})) << '"' << text << '"';
    EXPECT_EQ(t.encode("   ").ids, (Ids{1}));
    const UnigramTokenizer kept = make(model(number(4, 0)));
    EXPECT_EQ(kept.encode("b  ab").ids, (Ids{4, 6, 4, 7, 1})) << "remove_extra_whitespaces = false";
    EXPECT_EQ(make(model(number(3, 0))).encode("ab").ids, (Ids{8, 1})) << "add_dummy_prefix = false";
}

TEST(SentencePiece, SpecialPiecesAreFoundInTheText) {
    const UnigramTokenizer t = make(model());
    EXPECT_EQ(t.encode("a</s>b").ids, (Ids{4, 5, 1, 4, 6, 1}));
    EXPECT_EQ(t.encode("<mine>").ids, (Ids{10, 1}));
}

TEST(SentencePiece, APieceAcrossWordsIsFound) {
    const UnigramTokenizer t = make(model("", kPieces + piece("a▁b", -1)));
    EXPECT_EQ(t.encode("a b").ids, (Ids{4, 11, 1}));
}

TEST(SentencePiece, ByteFallback) {
    std::string pieces = kPieces;
    for (int i = 0; i < 256; ++i) {
        constexpr const char* kDigits = "0123456789ABCDEF";
        pieces += piece(std::string("<0x") + kDigits[i >> 4] + kDigits[i & 15] + ">", 0, 6);
    }
    const UnigramTokenizer t =
        make(model("", pieces, bytes(2, number(3, 1) + number(40, 3) + number(42, 1) + number(35, 1))));
    EXPECT_EQ(t.encode("x").ids, (Ids{4, 11 + 'x', 1}));
}

TEST(SentencePiece, WhatIsNotDoneIsRefusedByName) {
    using std::string;
    const auto has = [](const string& message, const char* words) {
        EXPECT_NE(message.find(words), string::npos) << message;
    };
    has(refusal(model("", kPieces, bytes(2, number(3, 2))), ZT_ERROR_UNSUPPORTED),
        "spiece.model: trainer_spec: model_type: expected 1 (unigram), got 2");
    has(refusal(model("", kPieces, bytes(2, number(24, 1))), ZT_ERROR_UNSUPPORTED), "expected white space in front");
    has(refusal(model(number(5, 0)), ZT_ERROR_UNSUPPORTED), "expected blanks that become U+2581");
    has(refusal(model("", "")), "expected a SentencePiece model with pieces, got none");
    has(refusal(model("", kPieces, bytes(2, number(40, 99)))), "unk_id");
    has(refusal(model("", kPieces, bytes(2, number(40, 3) + number(42, static_cast<uint64_t>(-1))))), "eos_id");
    has(refusal(model("", kPieces + piece("x", std::numeric_limits<float>::quiet_NaN()))), "pieces[11]");
    has(refusal(model("", kPieces + piece("x", -INFINITY))), "a finite score");
    has(refusal(model("", kPieces + piece("x", 0, 7))), "type: 1 to 6");
    has(refusal(model("", kPieces + piece("\xC3", 0))), "a piece in UTF-8");
    has(refusal(model("", kPieces + piece(string(600, 'x'), 0))), "at most 512 bytes");
    has(refusal(model("", kPieces + piece("</s>", 0, 4))), "special pieces");
    has(refusal(model(bytes(2, "abc"))), "precompiled_charsmap");
    has(refusal(kPieces + bytes(1, number(1, 3))), "of another type");
    has(refusal(string(20, '\x80')), "at most 10 bytes");
    has(refusal(string("\x0B", 1)), "wire type 3");
    has(refusal(string("\0\0", 2)), "number of a field");
    has(refusal("PK\x03\x04 and more"), "expected");
    has(refusal(""), "got none");
    EXPECT_EQ(refusal(model() + number(9, 7) + bytes(200, "abc")), "accepted") << "extensions";
    EXPECT_NE(refusal(string((16 << 20) + 1, 'x')).find("at most"), string::npos);
}

// Accepted ones make ids below their end of a text; refused ones say so in the usual form.
void judge(const std::string& text) {
    try {
        const UnigramTokenizer t = make(text);
        for (const char* words : {"", "ab a b  é", "</s> <unk>", "\xF0\x9F\x98\x80 x"})
            for (const int32_t id : t.encode(words).ids) EXPECT_TRUE(id >= 0 && id < t.id_end());
    } catch (const zt::Error& error) {
        EXPECT_TRUE(error.status() == ZT_ERROR_WEIGHTS || error.status() == ZT_ERROR_UNSUPPORTED) << error.what();
        EXPECT_NE(std::string(error.what()).find("expected"), std::string::npos) << error.what();
    }
}

TEST(SentencePiece, PrefixesBitsAndMutantsAreRefusedOrSound) {
    const std::string good = model(bytes(1, "nmt_nfkc") + number(3, 1) + number(4, 1));
    ASSERT_EQ(refusal(good), "accepted");
    for (size_t i = 0; i < good.size() && !HasFailure(); ++i) judge(good.substr(0, i));
    for (size_t bit = 0; bit < good.size() * 8 && !HasFailure(); ++bit) {
        std::string text = good;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
        judge(text);
    }
    std::mt19937_64 generator(zt::test::test_seed());
    const auto below = [&](size_t n) { return static_cast<size_t>(generator() % n); };
    for (int i = 0; i < 20'000 && !HasFailure(); ++i) {
        std::string text = good;
        for (size_t n = 1 + below(4); n > 0; --n) {
            const size_t at = below(text.size());
            switch (below(4)) {
                case 0: text[at] = static_cast<char>(generator()); break;
                case 1: text.erase(at, 1 + below(8)); break;
                case 2: text.insert(at, varint(generator() >> below(64))); break;
                default: text.insert(at, text.substr(below(text.size()), 1 + below(16))); break;
            }
            if (text.empty()) text = "x";
        }
        judge(text);
    }
}

}  // namespace
