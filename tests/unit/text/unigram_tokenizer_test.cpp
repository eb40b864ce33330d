// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a small tokenizer.json with a unigram model does, rule by rule, how odd ones are refused, and that
// none takes long (text/unigram_tokenizer and the files behind it). Identity with the reference is
// tests/parity/unigram_test.py.
#include "text/unigram_tokenizer.h"

#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/unigram_model.h"
#include "text/unigram_score.h"

namespace {

using zt::text::UnigramTokenizer;
using Ids = std::vector<int32_t>;

constexpr const char* kPieces =
    R"(["<pad>",0],["</s>",0.0],["<s>",0],["<unk>",0],["▁",-2],["a",-3],["b",-3.0],["▁ab",-4.5],["ab",-5],["é",-6])";

std::string json(const std::string& model_extra = R"("unk_id":3)", const std::string& steps = "",
                 const std::string& pieces = kPieces) {
    return R"({"version":"1.0","truncation":{"max_length":2},"padding":null,"added_tokens":[{"id":0,"content":"<pad>"},{"id":1,"content":"</s>"}],)" +
           (steps.empty() ? R"("pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},)"
                          : steps) +
           R"("post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
            "pair":[],"special_tokens":{"</s>":{"id":"</s>","ids":[1],"tokens":["</s>"]}}},
        "model":{"type":"Unigram",)" +
           model_extra + R"(,"vocab":[)" + pieces + "]}}";
}

UnigramTokenizer make(const std::string& text) { return UnigramTokenizer::from_json(text, "tokenizer.json"); }

std::string refusal(const std::function<void()>& call, zt_status status) {
    try {
        call();
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), status) << error.what();
        return error.what();
    }
    return "accepted";
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(UnigramTokenizer, TakesTheBestCut) {
    const UnigramTokenizer t = make(json());
    EXPECT_EQ(t.encode("ab").ids, (Ids{7, 1})) << "-4.5 beside -2 -5 and -2 -3 -3";
    EXPECT_EQ(t.encode("b ab").ids, (Ids{4, 6, 7, 1}));
    EXPECT_EQ(t.encode("").ids, (Ids{1}));
    EXPECT_EQ(t.encode("  ").ids, (Ids{4, 4, 1}));
    EXPECT_EQ(t.id("▁ab"), 7);
    EXPECT_EQ(t.id("</s>"), 1);
    EXPECT_EQ(t.id("nobody"), std::nullopt);
    EXPECT_EQ(t.id_end(), 10);
}

TEST(UnigramTokenizer, TheFirstOfEqualCutsStays) {
    // "xyx" as x+yx or xy+x: the token that ends there first started earlier.
    const std::string specials = R"(["<pad>",0],["</s>",0],["<s>",0],["<unk>",0],["▁",-1],)";
    EXPECT_EQ(make(json(R"("unk_id":3)", "", specials + R"(["x",-2],["y",-9],["xy",-3],["yx",-3])")).encode("xyx").ids,
              (Ids{4, 5, 8, 1}));
    EXPECT_EQ(make(json(R"("unk_id":3)", "", specials + R"(["x",-2],["x",-1],["▁x",-2])")).encode("x").ids, (Ids{7, 1}))
        << "of a piece twice the last counts";
}

TEST(UnigramTokenizer, UnknownCharacters) {
    EXPECT_EQ(make(json()).encode("a猫狗b").ids, (Ids{4, 5, 3, 6, 1})) << "several are one";
    const std::string bytes = std::string(kPieces) + R"(,["<0xE7>",-9],["<0x8C>",-9],["<0xAB>",-9])";
    const UnigramTokenizer t = make(json(R"("unk_id":3,"byte_fallback":true)", "", bytes));
    EXPECT_EQ(t.encode("a猫").ids, (Ids{4, 5, 10, 11, 12, 1}));
    EXPECT_EQ(t.encode("猫狗").ids, (Ids{4, 3, 1})) << "not all of their bytes have a token";
    EXPECT_EQ(t.encode("猫a猫").ids, (Ids{4, 10, 11, 12, 5, 10, 11, 12, 1}));
}

TEST(UnigramTokenizer, SpecialTokensAndTruncation) {
    const UnigramTokenizer t = make(json());
    EXPECT_EQ(t.encode("ab</s>ab").ids, (Ids{7, 1, 7, 1})) << "truncation of the file is not ours";
    const auto cut = t.encode("ab ab ab ab", 3);
    EXPECT_EQ(cut.ids, (Ids{7, 7, 1}));
    EXPECT_EQ(cut.dropped, 2U);
    EXPECT_EQ(t.encode("ab", 2).dropped, 0U);
}

TEST(UnigramTokenizer, Steps) {
    const auto ids = [](const std::string& steps, const std::string& text) {
        return make(json(R"("unk_id":3)", steps)).encode(text).ids;
    };
    EXPECT_EQ(ids(R"("pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"},)", "ab ab"),
              (Ids{8, 7, 1}));
    EXPECT_EQ(ids(R"("pre_tokenizer":{"type":"Metaspace","replacement":"▁"},)", "▁ab"), (Ids{7, 1}))
        << "nothing before what begins so";
    const std::string both =
        R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","add_prefix_space":true}]},)";
    EXPECT_EQ(ids(both, " \n ab\u3000\u3000ab "), (Ids{7, 7, 1}));
    const std::string t5 =
        R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Strip","strip_left":false,"strip_right":true},
        {"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}]},)" +
        both;
    EXPECT_EQ(ids(t5, "ab   ab  "), (Ids{7, 7, 1}));
    EXPECT_EQ(ids(R"("normalizer":{"type":"Strip","strip_left":true,"strip_right":true},)", " \t"), (Ids{1}));
}

TEST(UnigramTokenizer, RefusesWhatIsNotDoneByName) {
    const auto text = [](const std::string& model, const std::string& steps = "") {
        return refusal([&] { (void)make(json(model, steps)); }, ZT_ERROR_UNSUPPORTED);
    };
    EXPECT_EQ(text(R"("unk_id":null)"), "tokenizer.json: model: expected an unk_id, got none");
    EXPECT_EQ(text(R"("unk_id":3,"alpha":0.1)"), "tokenizer.json: model: expected known settings, got \"alpha\"");
    EXPECT_EQ(
        text(R"("unk_id":3)", R"("normalizer":{"type":"Nmt"},)"),
        "tokenizer.json: normalizer: expected NFC, Replace, Lowercase, Strip, Precompiled or Sequence, got \"Nmt\"");
    EXPECT_EQ(
        text(R"("unk_id":3)", R"("pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"},)"),
        "tokenizer.json: pre_tokenizer: prepend_scheme: expected always or never, got \"first\"");
    EXPECT_EQ(refusal([] { (void)make(R"({"model":{"type":"BPE","vocab":{},"merges":[]}})"); }, ZT_ERROR_UNSUPPORTED),
              "tokenizer.json: model: expected type Unigram, got \"BPE\"");
}

TEST(UnigramTokenizer, RefusesDamagedFiles) {
    const auto text = [](const std::string& pieces, const std::string& model = R"("unk_id":0)") {
        return refusal([&] { (void)make(json(model, R"("added_tokens_":0,)", pieces)); }, ZT_ERROR_WEIGHTS);
    };
    EXPECT_EQ(text(R"(["a"])"), "tokenizer.json: model: vocab[0]: expected a piece and its score, got 1 values");
    EXPECT_EQ(text(R"(["a",1,2])"),
              "tokenizer.json: model: vocab[0]: expected a piece and its score, got a number in another place");
    EXPECT_EQ(text(R"(["a",1],["b","c"])"),
              "tokenizer.json: model: vocab[1]: expected a piece and its score, got \"c\"");
    EXPECT_EQ(text(R"(["a",1],7)"), "tokenizer.json: model: vocab[1]: expected a piece and its score, got a number");
    EXPECT_EQ(text(R"(["a",null])"), "tokenizer.json: model: vocab[0]: expected a piece and its score, got null");
    EXPECT_EQ(text(R"([["a"],1])"), "tokenizer.json: model: vocab[0]: expected a piece and its score, got an array");
    EXPECT_EQ(text("[\"" + std::string(513, 'a') + "\",1]"),
              "tokenizer.json: model: vocab[0]: expected pieces of at most 512 bytes, got 513");
    EXPECT_EQ(text(R"(["a",1])", R"("unk_id":1)"),
              "tokenizer.json: model: unk_id: expected an integer from 0 to 0, got 1");
    EXPECT_EQ(text(""), "tokenizer.json: model: vocab: expected pieces, got none");
    EXPECT_EQ(
        refusal([] { (void)make(R"({"model":{"type":"Unigram","unk_id":0,"vocab":{"a":1}}})"); }, ZT_ERROR_WEIGHTS),
        "tokenizer.json: model: vocab: expected an array of pieces and scores, got an object");
    EXPECT_EQ(refusal([] { (void)make(json()).encode("a\xFF"); }, ZT_ERROR_PROMPT),
              "prompt: expected UTF-8, got something else at byte 1");
    EXPECT_NE(refusal([] { (void)UnigramTokenizer::open("/nonexistent"); }, ZT_ERROR_NOT_FOUND), "accepted");
}

TEST(UnigramTokenizer, LongTextsAndPiecesAreNotQuadratic) {
    const UnigramTokenizer t = make(json());
    double start = processor_seconds();
    EXPECT_EQ(t.encode(std::string(1 << 20, 'a')).ids.size(), (size_t{1} << 20) + 2);
    EXPECT_LT(processor_seconds() - start, 2.0);
    // The longest piece, looked for in every place.
    const UnigramTokenizer slow =
        make(json(R"("unk_id":3)", "", std::string(kPieces) + ",[\"" + std::string(512, 'a') + "\",-1e9]"));
    start = processor_seconds();
    EXPECT_EQ(slow.encode(std::string(16'384, 'a')).ids.size(), 16'384U + 2);
    EXPECT_LT(processor_seconds() - start, 1.0);
    zt::Cancel cancel;
    cancel.request();
    EXPECT_EQ(refusal([&] { (void)slow.encode(std::string(1 << 20, 'a'), SIZE_MAX, &cancel); }, ZT_ERROR_CANCELLED),
              "session: cancelled");
}

TEST(UnigramTokenizer, AVocabularyOfRealSizeOpensQuickly) {
    std::string pieces = kPieces;
    uint32_t state = 7;
    for (int i = 0; i < 256'000; ++i) {
        pieces += ",[\"" + std::string(i % 3 == 0 ? "▁" : "");
        for (int k = 0; k < 2 + i % 9; ++k)
            pieces += static_cast<char>('a' + ((state = state * 1664525 + 1013904223) >> 24) % 26);
        pieces += "_" + std::to_string(i) + "\",-12.345678710937" + std::to_string(i % 10) + "]";
    }
    const double start = processor_seconds();
    const UnigramTokenizer t = make(json(R"("unk_id":3)", "", pieces));
    EXPECT_LT(processor_seconds() - start, 3.0) << "0.4 s on the machine it was written on";
    EXPECT_EQ(t.id_end(), 256'010);
}

// Numbers of a published vocabulary where the reference's reader is one step beside the nearest double.
TEST(UnigramScore, IsReadAsTheReferenceDoes) {
    using zt::text::read_score;
    EXPECT_EQ(read_score("-15.774467468261719"), -15.77446746826172);
    EXPECT_EQ(read_score("-1.8771917819976807"), -1.8771917819976809);
    EXPECT_EQ(read_score("-11.751611709594727"), -11.751611709594728);
    EXPECT_EQ(read_score("-2.5"), -2.5);
    EXPECT_EQ(read_score("-2,5"), -2.5) << "a locale's decimal point";
    EXPECT_EQ(read_score("1e3"), 1000.0);
    EXPECT_EQ(read_score("25E-1"), 2.5);
    EXPECT_EQ(read_score("12.5e+1"), 125.0);
    EXPECT_EQ(read_score("184467440737095516160"), 184467440737095516160.0);
    EXPECT_EQ(read_score("0.00000000000000000000000000000001"), 1 / 1e32);
    EXPECT_EQ(read_score("1e-400"), 0.0);
    EXPECT_EQ(read_score("1e-99999999999999999999"), 0.0);
    EXPECT_EQ(read_score("0e99999999999999999999"), 0.0);
    EXPECT_EQ(read_score("1e309"), std::nullopt);
    EXPECT_EQ(read_score("1" + std::string(400, '0')), std::nullopt);
}

TEST(UnigramModel, AnEmptyOneHasNoTokens) {
    EXPECT_EQ(zt::text::UnigramModel().id("a"), std::nullopt);
    EXPECT_FALSE(zt::text::UnigramModel().has_id(0));
}

}  // namespace
