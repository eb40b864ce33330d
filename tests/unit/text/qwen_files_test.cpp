// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Qwen2's vocab.json and merges.txt, lists of a GGUF, and tokens that tokenizer_config.json or a caller adds
// (text/qwen_files, text/extra_tokens).
#include <gtest/gtest.h>

#include <functional>

#include "core/error.h"
#include "text/bpe_tokenizer.h"

namespace {

using zt::text::BpePieces;
using zt::text::BpeTokenizer;
using zt::text::ExtraToken;
using zt::text::tokenizer_config_tokens;
using Ids = std::vector<int32_t>;

constexpr const char* kVocabulary = R"({"a":0,"b":1,"1":2,"ab":3,"Ġ":4,"<":5,"d":6,">":7,"Ġa":8})";
constexpr const char* kMerges = "#version: 0.2\na b\nĠ a\n";

std::vector<ExtraToken> extra(std::initializer_list<const char*> contents) {
    std::vector<ExtraToken> tokens;
    for (const char* content : contents) tokens.push_back({{.content = content}, {}});
    return tokens;
}

std::string refused(const std::function<void()>& call) {
    try {
        call();
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), ZT_ERROR_WEIGHTS);
        return error.what();
    }
    return "accepted";
}

TEST(QwenFiles, SplitsWordsAndSingleDigitsWithoutSpecialTokensAround) {
    const auto t = BpeTokenizer::from_qwen(kVocabulary, kMerges);
    EXPECT_EQ(t.encode("ab a11").ids, (Ids{3, 8, 2, 2}));
    EXPECT_EQ(t.encode("<d>").ids, (Ids{5, 6, 7})) << "in pieces, unless it is added";
    EXPECT_EQ(t.id_end(), 9);
}

TEST(QwenFiles, AddedTokensGetTheNextIdsOnceEach) {
    const auto tokens = tokenizer_config_tokens(
        R"({"added_tokens_decoder":{"12":{"content":"<|end|>","special":true}},
            "additional_special_tokens":["<d>",{"content":"</d>","rstrip":true}],
            "extra_special_tokens":{"image_token":"<|end|>","video_token":"<v>"}})",
        "tokenizer_config.json");
    const auto t = BpeTokenizer::from_qwen(kVocabulary, kMerges, tokens);
    EXPECT_EQ(t.id("<|end|>"), 12);
    EXPECT_EQ(t.encode("<d>ab</d>  ab<v>").ids, (Ids{13, 3, 14, 3, 15}));
    EXPECT_EQ(t.id_end(), 16);
    EXPECT_EQ(t.vocabulary_size(), 13U);
}

TEST(QwenFiles, ATokenOfTheVocabularyKeepsItsId) {
    const auto t = BpeTokenizer::from_qwen(kVocabulary, kMerges, extra({"ab", "<d>", "ab", "<d>"}));
    EXPECT_EQ(t.id("ab"), 3);
    EXPECT_EQ(t.encode("aab<d>").ids, (Ids{0, 3, 9}));
    EXPECT_EQ(t.id_end(), 10);
}

TEST(QwenFiles, TheSameTokensBehindThoseOfATokenizerJson) {
    constexpr const char* kJson =
        R"({"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]},
            "added_tokens":[{"id":5,"content":"<x>"}]})";
    const auto t = BpeTokenizer::from_json(kJson, "t", extra({"<d>", "<x>"}));
    EXPECT_EQ(t.encode("a<x><d>b").ids, (Ids{0, 5, 6, 1}));
}

TEST(QwenFiles, ListsOfAGguf) {
    BpePieces pieces;
    pieces.tokens = {{"a", 0}, {"b", 1}, {"ab", 2}};
    pieces.merges = {"a b"};
    pieces.added = {{.content = "<|end|>", .id = 3}};
    const auto t = BpeTokenizer::from_qwen(pieces, "m.gguf", extra({"<d>"}));
    EXPECT_EQ(t.encode("ab<|end|><d>").ids, (Ids{2, 3, 4}));
    pieces.merges = {"a b c"};
    EXPECT_EQ(refused([&] { (void)BpeTokenizer::from_qwen(pieces, "m.gguf"); }),
              "m.gguf: merges[0]: expected two tokens and a blank between, got \"a b c\"");
}

TEST(QwenFiles, WhatDoesNotFitIsRefusedByName) {
    const auto with = [](const char* config) {
        return refused(
            [&] { (void)BpeTokenizer::from_qwen(kVocabulary, kMerges, tokenizer_config_tokens(config, "c.json")); });
    };
    EXPECT_EQ(with(R"({"added_tokens_decoder":{"3":{"content":"<d>"}}})"),
              "vocab.json: token \"<d>\": expected an id that no other token has, got 3");
    EXPECT_EQ(with(R"({"added_tokens_decoder":{"9":{"content":"ab"}}})"),
              "vocab.json: token \"ab\": expected the id 9, got 3");
    EXPECT_EQ(with(R"({"added_tokens_decoder":{"9":{"content":"x"},"10":{"content":"x"}}})"),
              "vocab.json: token \"x\": expected the id 10, got 9");
    EXPECT_NE(with(R"({"added_tokens_decoder":{"9":{"content":"x"},"09":{"content":"y"}}})").find("got 9 again"),
              std::string::npos);
    for (const char* key : {"", "-1", "x", "1048576", "99999999999999999999999"})
        EXPECT_NE(with((R"({"added_tokens_decoder":{")" + std::string(key) + R"(":{"content":"<d>"}}})").c_str())
                      .find("an id from 0 to 1048575"),
                  std::string::npos)
            << key;
    EXPECT_NE(with(R"({"additional_special_tokens":[7]})").find("c.json: additional_special_tokens"),
              std::string::npos);
    EXPECT_NE(with((R"({"additional_special_tokens":[")" + std::string(513, 'x') + R"("]})").c_str()).find("512 bytes"),
              std::string::npos);
}

}  // namespace
