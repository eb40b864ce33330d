// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Any bytes as a prompt, the cost of long ones, hostile lexicons (families/storybook/wish.h, lexicon.h).
#include <gtest/gtest.h>

#include <cstdint>
#include <new>
#include <random>

#include "core/utf8.h"
#include "families/storybook/wish_notation.h"

// Work is counted, not timed: looking phrases up and keeping things takes memory. Not inlined, since a compiler that
// sees free() in there takes it for the wrong partner of new.
static size_t allocations = 0;
[[gnu::noinline]] void* operator new(size_t bytes) {
    allocations++;
    if (void* p = std::malloc(bytes ? bytes : 1)) return p;
    throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace {

using zt::storybook::kMostActors;
using zt::storybook::Lexicon;
using zt::storybook::Wish;
using zt::storybook_test::describe;
using zt::storybook_test::lexicon;
using zt::storybook_test::lexicon_text;
using zt::storybook_test::wish;

// The same numbers on every platform.
struct Random {
    explicit Random(unsigned seed) : engine(seed) {}
    uint32_t operator()() { return static_cast<uint32_t>(engine()); }
    std::mt19937 engine;
};

void expect_sound(const Wish& w, const std::string& prompt) {
    int total = 0;
    for (const auto& a : w.actors) {
        EXPECT_GE(a.count, 1) << prompt;
        EXPECT_TRUE(a.unknown.empty() || a.subject < 0) << prompt;
        total += a.count;
    }
    EXPECT_LE(total, kMostActors) << prompt;
    EXPECT_LE(w.not_understood.size(), 64U) << prompt;
    EXPECT_LE(w.notes.size(), 128U) << prompt;
    for (const auto* list : {&w.not_understood, &w.notes})
        for (const std::string& line : *list) EXPECT_FALSE(zt::find_text_fault(line)) << prompt;
}

TEST(StorybookWishHostile, AnyBytesGiveAWish) {
    Random random(7);
    for (int round = 0; round < 3000; round++) {
        std::string prompt;
        for (unsigned n = random() % 200; n > 0; n--) prompt += static_cast<char>(random() % (round % 2 ? 256 : 128));
        expect_sound(wish(prompt), prompt);
    }
}

TEST(StorybookWishHostile, AnyCharactersGiveAWish) {
    Random random(8);
    for (int round = 0; round < 1000; round++) {
        std::string prompt;
        for (unsigned n = random() % 100; n > 0; n--) {
            char32_t c = random() % (round % 3 == 0 ? 0x110000 : round % 3 == 1 ? 0x10000 : 0x3000);
            if (c < 0xD800 || c > 0xDFFF) zt::append_code_point(prompt, c);
        }
        expect_sound(wish(prompt), prompt);
    }
}

// Words of the lexicon in any order: every branch of the reader, in states that no grammar would give.
TEST(StorybookWishHostile, AnyOrderOfKnownWordsGivesAWish) {
    const std::vector<std::string> words{
        "a",      "the",         "another",   "one",  "two",        "99",    "fox",  "cats",    "dragon",
        "rose",   "fly",         "orange",    "baby", "red",        "small", "runs", "running", "chases",
        "looks",  "stops",       "forest",    "snow", "in the sea", "night", "rain", "camera",  "zoom",
        "neon",   "to the left", "it",        "they", "that",       "and",   "or",   "but",     "is",
        "not",    "no",          "in",        "over", "with",       "like",  ",",    ".",       "wug",
        "slowly", "of",          "beautiful", "lake", "一只",       "两只",  "猫",   "红",      "的",
        "在",     "跑",          "没有",      "它",   "雪",         "戴着",  "帽子", "追",      "小"};
    Random random(9);
    for (int round = 0; round < 20000; round++) {
        std::string prompt;
        for (unsigned n = 1 + random() % 14; n > 0; n--) prompt += words[random() % words.size()] + " ";
        const Wish first = wish(prompt);
        expect_sound(first, prompt);
        if (round % 50 == 0) {
            EXPECT_EQ(describe(first), describe(wish(prompt)));
        }
    }
}

// Memory taken for a prompt of so many bytes made of one part.
size_t cost(const std::string& part, size_t bytes) {
    std::string prompt;
    while (prompt.size() < bytes) prompt += part;
    const size_t before = allocations;
    (void)wish(prompt);
    return allocations - before;
}

TEST(StorybookWishHostile, WorkGrowsWithTheLengthAlone) {
    // clang-format off
    for (const char* part : {"a ", "fox ", "red ", "no ", "of ", "a red fox runs, ", "to the left ", "rabit ", "beautiful ", "in ", "and red ", "the camera ", "wugga ", "红", "的", "一只红色的狐狸", "在",
                             "它", "龘", "one ", "two cats ", "a of ", "not ", ", ", ". ", "it ", "snow forest ", "\xFF", "'", "s's", "from the right side to the left ", "running the "}) {
        // clang-format on
        const size_t half = cost(part, 8 << 10), whole = cost(part, 16 << 10);
        EXPECT_LT(whole, half * 5 / 2 + 2000) << part;
        EXPECT_LT(whole, 16U * (16 << 10)) << part;
    }
    // Words that all look misspelt: few of them are looked at.
    std::string prompt;
    for (int i = 0; prompt.size() < (16 << 10); i++)
        prompt += std::string("forst") + static_cast<char>('a' + i % 26) + static_cast<char>('a' + i / 26 % 26) + " ";
    const size_t before = allocations;
    expect_sound(wish(prompt), "misspelt");
    EXPECT_LT(allocations - before, 400000U);
}

std::string refusal(const std::string& text) {
    try {
        const Lexicon read(text, "lexicon.json");
    } catch (const zt::Error& e) {
        return e.what();
    }
    return "";
}

TEST(StorybookLexicon, RefusesWhatIsNone) {
    const std::string values =
        R"("values": {"subject": ["fox", "cat"], "colour": ["red"], "motion": ["fly"], "direction": ["left"], "size": ["big"], "scene": ["snow"], "time": ["day"], "weather": ["rain"], "camera": ["zoom"], "style": ["neon"]}, "alive": "fox")";
    const auto with = [&](const std::string& english) {
        return R"({"version": 1, )" + values + R"(, "english": {)" + english + R"(}, "chinese": {}, "natural": {}})";
    };
    EXPECT_EQ(refusal(with(R"("nouns": {"subject=fox": "fox, vixen"})")), "");
    const std::pair<std::string, const char*> table[] = {
        {"", "lexicon.json"},
        {"[]", "lexicon.json"},
        {"{}", "version"},
        {R"({"version": 2, "english": {}, "chinese": {}, "natural": {}})", "version"},
        {R"({"version": 1, "english": {}, "chinese": {}, "natural": {}})", "values"},
        {R"({"version": 1, "values": {"subject": []}, "alive": "", "english": {}, "chinese": {}, "natural": {}})",
         "1 to 100 names"},
        {R"({"version": 1, "values": {"subject": ["fox", "fox"]}, "alive": "", "english": {}, "chinese": {}, "natural": {}})",
         "a name of its own"},
        {R"({"version": 1, "values": {"subject": ["a fox"]}, "alive": "", "english": {}, "chinese": {}, "natural": {}})",
         "a name of its own"},
        {R"({"version": 1, )" + values + R"(x", "english": {}, "chinese": {}, "natural": {}})", "lexicon.json"},
        {R"({"version": 1, )" + values + R"(, "chinese": {}, "natural": {}})", "english"},
        {with(R"("nonsense": {})"), "a section of a lexicon"},
        {with(R"("nouns": {"subject=dragon": "dragon"})"), "attribute=value"},
        {with(R"("nouns": {"subject": "fox"})"), "attribute=value"},
        {with(R"("nouns": {"mood=happy": "fox"})"), "attribute=value"},
        {with(R"("nouns": {"subject=fox": 7})"), "a string"},
        {with(R"("nouns": {"subject=fox": "Fox"})"), "lower case"},
        {with(R"("nouns": {"subject=fox": "fox", "subject=cat": "fox"})"), "one meaning of each phrase"},
        {with(R"("nouns": {"subject=fox": "a b c d e f g h i j k l"})"), "at most 10 words"},
        {with(R"("nouns": {"subject=fox": ")" + std::string(100, 'x') + R"("})"), "at most 10 words"},
        {with(R"("counts": {"0": "none"})"), "a number from 1 to 99"},
        {with(R"("counts": {"100": "many"})"), "a number from 1 to 99"},
        {with(R"("counts": {"x": "many"})"), "a number from 1 to 99"},
        {with(R"("grammar": {"verbs": "many"})"), "a role of words"},
        {with(R"("verbs": {"motion=fly dragon.motion=fly": "float"})"), "a subject or no"},
        {R"({"version": 1, )" + values + R"(, "english": {}, "chinese": {"variants": "ab"}, "natural": {}})",
         "pairs of characters"},
        {R"({"version": 1, )" + values + R"(, "english": {}, "chinese": {}, "natural": {"moon": "grey"}})",
         "scenes with their colours"}};
    for (const auto& [text, part] : table)
        EXPECT_NE(refusal(text).find(part), std::string::npos) << text << " -> " << refusal(text);
    // Half a file, at each byte of the start and then some.
    const std::string whole = lexicon_text();
    EXPECT_EQ(refusal(whole), "");
    for (size_t n = 0; n < whole.size(); n += n < 300 ? 1 : 997) EXPECT_NE(refusal(whole.substr(0, n)), "") << n;
}

TEST(StorybookLexicon, HasEveryValueInBothLanguages) {
    using namespace zt::storybook;
    const zt::json::Value root = zt::json::parse_value(lexicon_text(), {}, {"lexicon.json"});
    const zt::json::Field file(root, {"lexicon.json"});
    for (int a = 0; a < kAttributes; a++)
        for (const std::string& value : lexicon().value_names(static_cast<Attribute>(a)))
            for (const char* language : {"english", "chinese"}) {
                bool found = false;
                const std::string meaning = std::string(attribute_name(static_cast<Attribute>(a))) + "=" + value;
                for (const char* section : {"nouns", "verbs", "adjectives", "world", "directions"})
                    for (const std::string_view key : file.at(language).at(section).keys())
                        found = found || key == meaning || key.starts_with(meaning + " ");
                EXPECT_TRUE(found) << language << ": " << meaning;
            }
}

}  // namespace
