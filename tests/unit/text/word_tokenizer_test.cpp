// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Splitting of English and Chinese, unknown words, hostile bytes (text/word_tokenizer).
#include "text/word_tokenizer.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "text/common_words.h"

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

// English words of a small world, those that real words and misspelt ones come near.
const WordTokenizer& world() {
    static const WordTokenizer words({"among", "around", "automobile", "back", "balloon", "beach", "bird", "blue", "boat", "book", "bounces", "brown",
        "butterfly", "camera", "car", "cat", "clear", "clip", "cute", "dances", "dancing", "dashes", "deep", "desert", "dog", "drawing", "dream", "drive", "driving",
        "dunes", "dusk", "elephant", "emerald", "evening", "fish", "flies", "float", "flowers", "flying", "forest", "fox", "glowing", "grass", "green",
        "grow", "hand", "hare", "hop", "hopping", "hot", "hover", "jumping", "jumps", "kitten", "leap", "light", "lines", "little", "made", "moon", "mountains",
        "neon", "night", "orange", "panning", "pans", "paper", "pencil", "picture", "pink", "planets", "please", "pulsing", "purple", "rabbit", "race", "rain",
        "red", "rest", "resting", "rocket", "roll", "running", "sail", "sailing", "sand", "scarlet", "sea", "shakes", "shaky", "ship", "shot", "sketch",
        "sleep", "sleeping", "slow", "snow", "snowfall", "snowing", "soar", "space", "spin", "spinning", "stands", "starry", "stars", "still", "stroll", "style",
        "sunny", "sunset", "sway", "swim", "swimming", "swing", "town", "tracking", "trees", "turn", "under", "violet", "walk", "walking", "wander", "want",
        "water", "weather", "while", "winter", "woods", "yellow"});
    return words;
}

TEST(WordTokenizer, RealWordsAreNotReadAsOthers) {
    for (const char* word : {"starts", "duck", "sheep", "stand", "black", "white", "stunning", "starting", "standing", "ducks", "dust", "desk", "disk", "bear", "beat",
             "boot", "boar", "goat", "bark", "bench", "bunch", "breach", "card", "care", "cart", "cast", "clean", "cleaner", "cure", "deer", "dessert", "deserted", "descent",
             "drawn", "drown", "dragon", "driver", "failing", "feeling", "farm", "fresh", "flat", "fort", "glass", "gross", "growl", "greed", "hard", "harp", "horse",
             "however", "kitchen", "lead", "leaf", "mood", "noon", "pants", "parking", "plane", "plants", "purpose", "racket", "rage", "ruin", "read", "seal", "seat",
             "send", "shark", "shoot", "short", "shop", "shout", "showing", "singing", "skill", "snail", "spring", "stairs", "star", "steep", "stretch", "subset",
             "swan", "sweep", "talking", "training", "violent", "wall", "wand", "waiter", "waiting", "whale", "whole", "whether", "winner", "wonder", "working"}) {
        const auto out = world().encode(word, 10);
        EXPECT_TRUE(out.ids.empty()) << word << " is read as " << (out.corrected.empty() ? "?" : out.corrected[0].second);
        EXPECT_EQ(out.unknown, (Words{word}));
    }
}

TEST(WordTokenizer, MisspeltWordsAre) {
    const std::vector<std::pair<const char*, const char*>> table = {
        {"rabit", "rabbit"}, {"foxx", "fox"}, {"jumpping", "jumping"}, {"elefant", "elephant"}, {"elephnt", "elephant"}, {"buterfly", "butterfly"},
        {"butterfli", "butterfly"}, {"automobil", "automobile"}, {"baloon", "balloon"}, {"ballon", "balloon"}, {"beech", ""}, {"birdd", "bird"}, {"boaat", "boat"},
        {"brwon", "brown"}, {"camra", "camera"}, {"dancng", "dancing"}, {"danceing", "dancing"}, {"desrt", "desert"}, {"dreem", "dream"}, {"dunez", "dunes"},
        {"emrald", "emerald"}, {"evning", "evening"}, {"flyng", "flying"}, {"foerst", "forest"}, {"forrest", "forest"}, {"glowng", "glowing"},
        {"grean", "green"}, {"gras", "grass"}, {"hoping", ""}, {"kiten", "kitten"}, {"litle", "little"}, {"mountans", "mountains"}, {"mooon", "moon"},
        {"nigth", "night"}, {"oragne", "orange"}, {"papper", "paper"}, {"pensil", "pencil"}, {"plannets", "planets"}, {"puple", "purple"}, {"purpel", "purple"},
        {"rocet", "rocket"}, {"runing", "running"}, {"saling", "sailing"}, {"scarlett", "scarlet"}, {"sketh", "sketch"}, {"sleeep", "sleep"}, {"snoww", "snow"},
        {"snowfal", "snowfall"}, {"spinnig", "spinning"}, {"sunest", "sunset"}, {"swiming", "swimming"}, {"swimmming", "swimming"}, {"tracing", ""},
        {"violett", "violet"}, {"walkng", "walking"}, {"watter", "water"}, {"wintter", "winter"}, {"yelow", "yellow"}, {"yellwo", "yellow"},
        // A plural for its singular and back, which are real words.
        {"foxes", "fox"}, {"birds", "bird"}, {"boats", "boat"}, {"rabbits", "rabbit"}, {"beaches", "beach"}, {"tree", "trees"}, {"planet", "planets"},
        {"flower", "flowers"}, {"wood", "woods"}};
    for (const auto& [written, read] : table) {
        const auto out = world().encode(written, 10);
        EXPECT_EQ(out.corrected.empty() ? "" : out.corrected[0].second, read) << written;
    }
    // Another alphabet has nothing to do with it.
    EXPECT_EQ(world().encode("狐", 10).unknown, (Words{"狐"}));
}

TEST(WordTokenizer, CommonWordsAreFoundFromTheFirstToTheLast) {
    for (const char* word : {"aachen", "aardvark", "starts", "sheep", "zulus", "zuni"}) EXPECT_TRUE(zt::text::common_word(word)) << word;
    for (const char* word : {"", "a", "aa", "aachem", "rabit", "zzzz", "start\nstarted", "Starts", "\n"}) EXPECT_FALSE(zt::text::common_word(word)) << word;
}

TEST(WordTokenizer, RefusesDoubleAndEmptyWords) {
    EXPECT_THROW(WordTokenizer({"red", "red"}), zt::Error);
    EXPECT_THROW(WordTokenizer({""}), zt::Error);
}

}  // namespace
