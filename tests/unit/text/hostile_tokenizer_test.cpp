// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokenizers made to take for ever: each of their steps is cheap enough, all together are not
// (text/text_budget). And added tokens, many at once, against a plain search for the longest in each
// place (text/added_tokens).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "seed.h"
#include "text/added_tokens.h"
#include "text/bpe_tokenizer.h"

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using zt::text::AddedToken;
using zt::text::BpeTokenizer;

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

BpeTokenizer make(const std::string& parts) {
    return BpeTokenizer::from_json("{" + parts + R"("model":{"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}})",
                                   "tokenizer.json");
}

// 60,000 tokens "a"*k + number, which are searched for in a text where every letter became sixty.
BpeTokenizer many_tokens_and_growth() {
    std::string added = "\"added_tokens\":[";
    for (int i = 0; i < 60'000; ++i)
        added += (i == 0 ? "" : ",") + (R"({"id":)" + std::to_string(100 + i) + R"(,"normalized":true,"content":")" +
                                        std::string(static_cast<size_t>(i % 40), '-') + std::to_string(i) + "\"}");
    const std::string grow =
        R"("normalizer":{"type":"Replace","pattern":{"Regex":"[a-z]"},"content":")" + std::string(60, '-') + "\"},";
    return make(grow + added + "],");
}

// Fourteen expressions; each looks up to forty thousand times in every place and finds nothing.
BpeTokenizer slow_expressions() {
    std::string steps;
    for (int i = 0; i < 14; ++i)
        steps += (i == 0 ? "" : ",") + std::string(R"({"type":"Split","pattern":{"Regex":"a{1,200}a{1,200}b)") +
                 std::to_string(i) + R"("},"behavior":"Isolated"})";
    return make(R"("pre_tokenizer":{"type":"Sequence","pretokenizers":[)" + steps + "]},");
}

void expect_quick_end_and_cancel(const BpeTokenizer& tokenizer, const std::string& text) {
    const double start = processor_seconds();
    try {
        (void)tokenizer.encode(text);
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), ZT_ERROR_WEIGHTS) << error.what();
        EXPECT_NE(std::string(error.what()).find("expected"), std::string::npos);
    }
    EXPECT_LT(processor_seconds() - start, 3.0);

    zt::Cancel cancel;
    std::optional<steady_clock::time_point> ended;
    std::jthread worker([&] {
        try {
            (void)tokenizer.encode(text, true, SIZE_MAX, &cancel);
        } catch (const zt::Error&) {
        }
        ended = steady_clock::now();
    });
    std::this_thread::sleep_for(milliseconds(50));
    cancel.request();
    const auto asked = steady_clock::now();
    worker.join();
    EXPECT_LT(*ended - asked, milliseconds(1000));
}

TEST(HostileTokenizer, ManyTokensInATextThatGrows) {
    const double start = processor_seconds();
    const BpeTokenizer tokenizer = many_tokens_and_growth();
    EXPECT_LT(processor_seconds() - start, 6.0) << "reading it";
    expect_quick_end_and_cancel(tokenizer, std::string(16'384, 'a'));
}

TEST(HostileTokenizer, ManySlowExpressions) {
    expect_quick_end_and_cancel(slow_expressions(), std::string(16'384, 'a'));
}

TEST(HostileTokenizer, CancelEndsEveryStep) {
    zt::Cancel cancel;
    cancel.request();
    for (const BpeTokenizer& tokenizer : {many_tokens_and_growth(), slow_expressions(), make("")}) {
        try {
            (void)tokenizer.encode(std::string(1 << 20, 'b'), true, SIZE_MAX, &cancel);
            ADD_FAILURE() << "accepted";
        } catch (const zt::Error& error) {
            EXPECT_EQ(error.status(), ZT_ERROR_CANCELLED) << error.what();
        }
    }
}

TEST(HostileTokenizer, AllStepsTogetherMayGrowATextSoMuch) {
    std::string steps;
    for (const char* letter : {"a", "b"})
        steps += std::string(steps.empty() ? "" : ",") + R"({"type":"Replace","pattern":{"String":")" + letter +
                 R"("},"content":")" + std::string(40, 'b') + "\"}";
    const BpeTokenizer tokenizer = make(R"("normalizer":{"type":"Sequence","normalizers":[)" + steps + "]},");
    EXPECT_NO_THROW((void)tokenizer.encode("a"));
    EXPECT_THROW((void)tokenizer.encode(std::string(1000, 'a')), zt::Error);
}

TEST(HostileTokenizer, MarksInARowAreNotQuadratic) {
    const BpeTokenizer tokenizer = make(
        R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":"a"},"content":")" +
        [] {
            std::string marks;
            for (int i = 0; i < 12; ++i) marks += "\xCC\x81\xCC\xA7";
            return marks;
        }() +
        R"("},{"type":"NFC"}]},)");
    const double start = processor_seconds();
    EXPECT_THROW((void)tokenizer.encode(std::string(16'384, 'a')), zt::Error);
    EXPECT_LT(processor_seconds() - start, 3.0);
}

TEST(AddedTokens, AllBytesTogetherHaveALimit) {
    std::string added = "\"added_tokens\":[";
    for (int i = 0; i < 10'000; ++i)
        added += (i == 0 ? "" : ",") + (R"({"id":)" + std::to_string(100 + i) + R"(,"content":")" +
                                        std::string(500, 'x') + std::to_string(i) + "\"}");
    try {
        (void)make(added + "],");
        ADD_FAILURE() << "accepted";
    } catch (const zt::Error& error) {
        EXPECT_EQ(std::string(error.what()).substr(0, 70),
                  "tokenizer.json: added_tokens: expected at most 4194304 bytes of tokens");
    }
}

// The ids of the tokens found, and the text between them: by looking for each token in each place.
std::vector<std::pair<std::string, int32_t>> plain_search(const std::vector<AddedToken>& tokens,
                                                          const std::string& text) {
    std::vector<std::pair<std::string, int32_t>> parts;
    std::string between;
    for (size_t at = 0; at < text.size();) {
        const AddedToken* longest = nullptr;
        for (const AddedToken& t : tokens)
            if (!t.content.empty() && text.compare(at, t.content.size(), t.content) == 0 &&
                (longest == nullptr || t.content.size() > longest->content.size()))
                longest = &t;
        if (longest == nullptr) {
            between += text[at++];
            continue;
        }
        if (!between.empty()) parts.emplace_back(between, -1);
        between.clear();
        parts.emplace_back(longest->content, longest->id);
        at += longest->content.size();
    }
    if (!between.empty()) parts.emplace_back(between, -1);
    return parts;
}

TEST(AddedTokens, TheLongestInEachPlaceAsAPlainSearchFindsIt) {
    std::mt19937_64 random(zt::test::test_seed());
    const auto word = [&](size_t most, const std::string& alphabet) {
        std::string made;
        for (size_t n = random() % (most + 1); n > 0; --n) made += alphabet[random() % alphabet.size()];
        return made;
    };
    size_t found = 0;
    for (int round = 0; round < 2000; ++round) {
        const std::string alphabet = std::string("ab<>|z").substr(0, 2 + random() % 5);
        std::vector<AddedToken> tokens;
        for (size_t n = random() % 30; n > 0; --n)
            tokens.push_back({.content = word(6, alphabet), .id = static_cast<int32_t>(tokens.size())});
        const std::string text = word(60, alphabet);
        zt::text::TextBudget budget(text.size());
        std::vector<std::pair<std::string, int32_t>> parts;
        for (const auto& part : zt::text::AddedTokens(tokens).split(text, budget))
            parts.emplace_back(part.text, part.id.value_or(-1));
        ASSERT_EQ(parts, plain_search(tokens, text)) << text;
        found += parts.size();
    }
    EXPECT_GT(found, 10'000U);
}

}  // namespace
