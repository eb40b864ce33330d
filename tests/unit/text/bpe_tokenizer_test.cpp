// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a small tokenizer.json does, flag by flag, and how odd ones are refused (text/bpe_tokenizer and the
// files behind it). Identity with the reference is tests/parity/tokens_test.py.
#include "text/bpe_tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "core/error.h"
#include "text/pattern_syntax.h"
#include "text/unicode.h"

namespace {

using zt::text::BpeTokenizer;
using Ids = std::vector<int32_t>;

// Letters a b c, é in two bytes, blank; "ab" and "abc" from merges; two added tokens.
std::string json(const std::string& model_extra = "", const std::string& steps = "",
                 const std::string& added_flags = "") {
    return R"({"version":"1.0","truncation":{"max_length":2},"padding":{"length":9},)" + steps +
           R"("added_tokens":[{"id":20,"content":"<s>"},{"id":21,"content":"END")" + added_flags + R"(}],
        "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
            "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[20],"tokens":["<s>"]}}},
        "decoder":null,"model":{"type":"BPE",)" +
           model_extra + R"("vocab":{"a":0,"b":1,"c":2,"é":3,"ab":4,"abc":5," ":6,"bc":7,"?":8},
        "merges":[["a","b"],["ab","c"],["b","c"]]}})";
}

BpeTokenizer make(const std::string& text) { return BpeTokenizer::from_json(text, "tokenizer.json"); }

std::string refusal(const std::function<void()>& call, zt_status status) {
    try {
        call();
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), status) << error.what();
        return error.what();
    }
    return "accepted";
}

TEST(BpeTokenizer, JoinsPairsInTheOrderOfRanks) {
    const BpeTokenizer t = make(json());
    EXPECT_EQ(t.encode("abcab", false).ids, (Ids{5, 4}));
    EXPECT_EQ(t.encode("bcabc", false).ids, (Ids{7, 5}));
    EXPECT_EQ(t.encode("éa b", false).ids, (Ids{3, 0, 6, 1}));
    EXPECT_EQ(t.encode("axyb", false).ids, (Ids{4})) << "characters without a token vanish before pairs are joined";
    EXPECT_TRUE(t.encode("", false).ids.empty());
}

TEST(BpeTokenizer, SpecialTokensAndTruncation) {
    const BpeTokenizer t = make(json());
    EXPECT_EQ(t.encode("abc").ids, (Ids{20, 5})) << "truncation and padding of the file are not ours";
    const auto cut = t.encode("a b a b", true, 4);
    EXPECT_EQ(cut.ids, (Ids{20, 0, 6, 1}));
    EXPECT_EQ(cut.dropped, 4U);
    EXPECT_EQ(t.encode("<s>abENDab", false).ids, (Ids{20, 4, 21, 4}));
    EXPECT_EQ(t.id("<s>"), 20);
    EXPECT_EQ(t.id("abc"), 5);
    EXPECT_EQ(t.id("nobody"), std::nullopt);
    EXPECT_EQ(t.vocabulary_size(), 11U);
    EXPECT_EQ(t.id_end(), 22);
}

TEST(BpeTokenizer, UnknownCharacters) {
    EXPECT_EQ(make(json(R"("unk_token":"?",)")).encode("axyb", false).ids, (Ids{0, 8, 8, 1}));
    EXPECT_EQ(make(json(R"("unk_token":"?","fuse_unk":true,)")).encode("axyb", false).ids, (Ids{0, 8, 1}));
}

TEST(BpeTokenizer, FlagsOfAddedTokens) {
    const auto with = [](const char* flags) { return make(json("", "", flags)); };
    EXPECT_EQ(with(R"(,"single_word":true)").encode("aENDb END", false).ids, (Ids{4, 6, 21}))
        << "E, N, D have no token";
    EXPECT_EQ(with(R"(,"lstrip":true)").encode("a  END b", false).ids, (Ids{0, 21, 6, 1}));
    EXPECT_EQ(with(R"(,"rstrip":true)").encode("a END  b", false).ids, (Ids{0, 6, 21, 1}));
}

TEST(BpeTokenizer, NormalisesAndSplits) {
    const std::string lower = R"("normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"},
        {"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}]},)";
    EXPECT_EQ(make(json("", lower))
                  .encode("E\xCC\x81 \n\xE3\x80\x80"
                          "AB",
                          false)
                  .ids,
              (Ids{3, 6, 4}));
    EXPECT_EQ(make(json("", lower, R"(,"normalized":true)")).encode("aENDend", false).ids, (Ids{0, 21, 21}));
    const auto split = [](const std::string& behavior, bool invert) {
        return make(json("", R"("pre_tokenizer":{"type":"Split","pattern":{"String":"b"},"behavior":")" + behavior +
                                 R"(","invert":)" + (invert ? "true" : "false") + "},"));
    };
    EXPECT_EQ(split("Isolated", false).encode("abcb", false).ids, (Ids{0, 1, 2, 1}));
    EXPECT_EQ(split("Removed", false).encode("abcb", false).ids, (Ids{0, 2}));
    EXPECT_EQ(split("Removed", true).encode("abcb", false).ids, (Ids{1, 1}));
}

TEST(BpeTokenizer, RefusesWhatIsNotDoneByName) {
    const auto text = [](const std::string& extra, const std::string& steps = "") {
        return refusal([&] { (void)make(json(extra, steps)); }, ZT_ERROR_UNSUPPORTED);
    };
    EXPECT_EQ(text(R"("byte_fallback":true,)"),
              "tokenizer.json: model: expected \"byte_fallback\" to be off, got it on");
    EXPECT_EQ(
        text("", R"("normalizer":{"type":"NFKC"},)"),
        "tokenizer.json: normalizer: expected NFC, Replace, Lowercase, Strip, Precompiled or Sequence, got \"NFKC\"");
    EXPECT_EQ(text("", R"("surprise":1,)"), "tokenizer.json: expected known settings, got \"surprise\"");
    EXPECT_EQ(
        text("", R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\ba"},"behavior":"Isolated"},)"),
        "tokenizer.json: pre_tokenizer: pattern: expected a regular expression without \"\\b\", got it at byte 0");
}

TEST(BpeTokenizer, RefusesDamagedFiles) {
    const auto text = [](std::string_view vocabulary, std::string_view merges) {
        const std::string file =
            R"({"model":{"vocab":)" + std::string(vocabulary) + R"(,"merges":)" + std::string(merges) + "}}";
        return refusal([&] { (void)make(file); }, ZT_ERROR_WEIGHTS);
    };
    EXPECT_EQ(text(R"({"a":-1})", "[]"),
              "tokenizer.json: model: vocab: \"a\": expected an integer from 0 to 1048575, got a negative number");
    EXPECT_EQ(text(R"({"a":0,"b":0})", "[]"),
              "tokenizer.json: model: vocab: token \"b\": expected an id of its own, got 0 again");
    EXPECT_EQ(text(R"({"a":0})", R"([["a","b"]])"),
              "tokenizer.json: model: merges[0]: expected tokens of the vocabulary, got \"b\"");
    EXPECT_EQ(text(R"({"a":0})", R"(["a"])"), "tokenizer.json: model: merges[0]: expected \"left right\", got \"a\"");
    EXPECT_EQ(text("[]", "[]"), "tokenizer.json: model: vocab: expected an object of tokens and ids, got an array");
}

TEST(BpeTokenizer, ExpressionsThatNeverEndAreStopped) {
    const auto start = std::chrono::steady_clock::now();
    for (const char* expression : {"(a+)+c", "(a|aa)+c", "a*a*a*a*a*c", "(?:a?){30}a{30}c"}) {
        const BpeTokenizer t = make(json("", R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":")" +
                                                 std::string(expression) + R"("},"behavior":"Isolated"},)"));
        const std::string text = refusal([&] { (void)t.encode(std::string(16384, 'a')); }, ZT_ERROR_WEIGHTS);
        EXPECT_NE(text.find("expected an expression that is quick"), std::string::npos) << expression << ": " << text;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(BpeTokenizer, LongWordsAreNotQuadratic) {
    const BpeTokenizer t = make(json());
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(t.encode(std::string(1 << 20, 'a'), false).ids.size(), size_t{1} << 20);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10))
        << "a square of this would take hours";
}

TEST(BpeTokenizer, RefusesTextThatIsNotUtf8) {
    const BpeTokenizer t = make(json());
    EXPECT_EQ(refusal([&] { (void)t.encode("a\xFF"); }, ZT_ERROR_PROMPT),
              "prompt: expected UTF-8, got something else at byte 1");
}

TEST(PatternSyntax, RewritesWhatDiffersAndKeepsTheRest) {
    using zt::text::to_pcre2;
    EXPECT_EQ(to_pcre2(R"((?i:'s)|[^\r\n\p{L}]?\p{L}+|\p{N}{1,3}| ?a(?!b))", "x"),
              R"((?i:'s)|[^\r\n\p{L}]?\p{L}+|\p{N}{1,3}| ?a(?!b))");
    EXPECT_EQ(to_pcre2(R"((a|b)\d)", "x"), R"((?:a|b)\p{Nd})");
    EXPECT_EQ(to_pcre2(R"(\s)", "x").front(), '[');
    for (const char* expression : {"^a", "a$", "(?<=a)b", "(?R)", R"(\1)", R"(\h)", "[a&&b]", "[[:alpha:]]",
                                   R"(\p{Greek})", "a{2}+", "a{,2}", "a\\", "[a"})
        EXPECT_THROW((void)to_pcre2(expression, "x"), zt::Error) << expression;
}

TEST(Unicode, LowerCaseAndComposition) {
    EXPECT_EQ(zt::text::to_lower("ΑΣ ÀÉ \xC4\xB0"), "ασ àé i\xCC\x87");
    EXPECT_EQ(zt::text::to_nfc("e\xCC\x81x"), "éx");
    EXPECT_EQ(zt::text::to_nfc("\xE2\x84\xAB"), "Å") << "a singleton decomposes";
}

}  // namespace
