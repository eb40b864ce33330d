// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Misspelt words are read as what was meant, real ones are left alone (text/spelling, text/common_words).
#include "text/spelling.h"

#include <gtest/gtest.h>

#include "text/common_words.h"

namespace {

const zt::text::Spelling& world() {
    static const zt::text::Spelling words(
        {"balloon", "butterfly", "hares", "horse", "rabbit", "sleeping", "stars", "swimming", "tree"});
    return words;
}

TEST(Spelling, FindsTheWordThatWasMeant) {
    const std::pair<const char*, const char*> table[] = {{"rabit", "rabbit"},
                                                         {"baloon", "balloon"},
                                                         {"buterfly", "butterfly"},
                                                         {"sleping", "sleeping"},
                                                         {"swiming", "swimming"}};
    for (const auto& [written, meant] : table) EXPECT_EQ(world().nearest_word(written), meant);
    EXPECT_EQ(world().nearest_word("rocket"), "");
    EXPECT_EQ(world().place("horse"), 3);
    EXPECT_EQ(world().place("hores"), -1);
}

TEST(Spelling, PrefersLettersInAnotherOrder) { EXPECT_EQ(world().nearest_word("hores"), "horse"); }

TEST(Spelling, LeavesFormsOfRealWordsAlone) {
    for (const char* word :
         {"swinging", "splashing", "starting", "starring", "sweeping", "stirring", "trees", "starriest"})
        EXPECT_EQ(world().nearest_word(word), "") << word;
}

// Words of a small world, those that real words and misspelt ones come near.
const zt::text::Spelling& larger() {
    // clang-format off
    static const zt::text::Spelling spelling(std::vector<std::string>{"among", "around", "automobile", "back", "balloon", "beach", "bird", "blue", "boat", "book", "bounces", "brown",
        "butterfly", "camera", "car", "cat", "clear", "clip", "cute", "dances", "dancing", "dashes", "deep", "desert", "dog", "drawing", "dream", "drive", "driving",
        "dunes", "dusk", "elephant", "emerald", "evening", "fish", "flies", "float", "flowers", "flying", "forest", "fox", "glowing", "grass", "green",
        "grow", "hand", "hare", "hop", "hopping", "hot", "hover", "jumping", "jumps", "kitten", "leap", "light", "lines", "little", "made", "moon", "mountains",
        "neon", "night", "orange", "panning", "pans", "paper", "pencil", "picture", "pink", "planets", "please", "pulsing", "purple", "rabbit", "race", "rain",
        "red", "rest", "resting", "rocket", "roll", "running", "sail", "sailing", "sand", "scarlet", "sea", "shakes", "shaky", "ship", "shot", "sketch",
        "sleep", "sleeping", "slow", "snow", "snowfall", "snowing", "soar", "space", "spin", "spinning", "stands", "starry", "stars", "still", "stroll", "style",
        "sunny", "sunset", "sway", "swim", "swimming", "swing", "town", "tracking", "trees", "turn", "under", "violet", "walk", "walking", "wander", "want",
        "water", "weather", "while", "winter", "woods", "yellow"});
    // clang-format on
    return spelling;
}

TEST(Spelling, RealWordsAreNotReadAsOthers) {
    // clang-format off
    for (const char* word : {"starts", "duck", "sheep", "stand", "black", "white", "stunning", "starting", "standing", "ducks", "dust", "desk", "disk", "bear", "beat",
             "boot", "boar", "goat", "bark", "bench", "bunch", "breach", "card", "care", "cart", "cast", "clean", "cleaner", "cure", "deer", "dessert", "deserted", "descent",
             "drawn", "drown", "dragon", "driver", "failing", "feeling", "farm", "fresh", "flat", "fort", "glass", "gross", "growl", "greed", "hard", "harp", "horse",
             "however", "kitchen", "lead", "leaf", "mood", "noon", "pants", "parking", "plane", "plants", "purpose", "racket", "rage", "ruin", "read", "seal", "seat",
             "send", "shark", "shoot", "short", "shop", "shout", "showing", "singing", "skill", "snail", "spring", "stairs", "star", "steep", "stretch", "subset",
             "swan", "sweep", "talking", "training", "violent", "wall", "wand", "waiter", "waiting", "whale", "whole", "whether", "winner", "wonder", "working"}) EXPECT_EQ(larger().nearest_word(word), "") << word;
    // clang-format on
}

TEST(Spelling, MisspeltWordsAre) {
    // clang-format off
    const std::vector<std::pair<const char*, const char*>> table = {
        {"rabit", "rabbit"}, {"foxx", "fox"}, {"jumpping", "jumping"}, {"elefant", "elephant"}, {"elephnt", "elephant"}, {"buterfly", "butterfly"},
        {"butterfli", "butterfly"}, {"automobil", "automobile"}, {"baloon", "balloon"}, {"ballon", "balloon"}, {"beech", ""}, {"birdd", "bird"}, {"boaat", "boat"},
        {"brwon", "brown"}, {"camra", "camera"}, {"dancng", "dancing"}, {"danceing", "dancing"}, {"desrt", "desert"}, {"dreem", "dream"}, {"dunez", "dunes"},
        {"emrald", "emerald"}, {"evning", "evening"}, {"flyng", "flying"}, {"foerst", "forest"}, {"forrest", "forest"}, {"glowng", "glowing"},
        {"grean", "green"}, {"gras", "grass"}, {"hoping", ""}, {"kiten", "kitten"}, {"litle", "little"}, {"mountans", "mountains"}, {"mooon", "moon"},
        {"nigth", "night"}, {"oragne", "orange"}, {"papper", "paper"}, {"pensil", "pencil"}, {"plannets", "planets"}, {"puple", "purple"}, {"purpel", "purple"},
        {"rocet", "rocket"}, {"scarlett", "scarlet"}, {"sketh", "sketch"}, {"sleeep", "sleep"}, {"snoww", "snow"},
        {"snowfal", "snowfall"}, {"spinnig", "spinning"}, {"sunest", "sunset"}, {"swiming", "swimming"}, {"swimmming", "swimming"}, {"tracing", ""},
        {"violett", "violet"}, {"walkng", "walking"}, {"wintter", "winter"}, {"yelow", "yellow"}, {"yellwo", "yellow"}};
    // clang-format on
    for (const auto& [written, read] : table) EXPECT_EQ(larger().nearest_word(written), read) << written;
    EXPECT_EQ(larger().nearest_word("狐"), "");  // another alphabet has nothing to do with it
}

TEST(CommonWords, AreFoundFromTheFirstToTheLast) {
    for (const char* word : {"aachen", "aardvark", "starts", "sheep", "zulus", "zuni"})
        EXPECT_TRUE(zt::text::common_word(word)) << word;
    for (const char* word : {"", "a", "aa", "aachem", "rabit", "zzzz", "start\nstarted", "Starts", "\n"})
        EXPECT_FALSE(zt::text::common_word(word)) << word;
}

}  // namespace
