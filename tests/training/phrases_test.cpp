// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the shipped words make of free phrases (training/phrases), which were written without sight of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "families/storybook/model_files.h"
#include "phrases.h"

namespace {

std::string folder(const char* variable, const char* otherwise) {
    const char* value = std::getenv(variable);
    return value != nullptr ? value : otherwise;
}

TEST(Phrases, AreUnderstood) {
    const auto weights = zt::storybook::load_weights(folder("ZT_TEST_MODELS", "models") + "/storybook", at::kFloat);
    for (const char* language : {"en", "zh"}) {
        const auto phrases =
            zt::training::read_phrases(folder("ZT_TEST_PHRASES", "training/phrases") + "/" + language + ".tsv");
        ASSERT_GE(phrases.size(), 300U);
        size_t right = 0;
        std::string wrong;
        for (const auto& phrase : phrases) {
            const auto verdict =
                zt::training::compare(weights->lexicon, phrase, read_sentence(weights->lexicon, phrase.sentence));
            right += verdict.wrong.empty() ? 1 : 0;
            if (!verdict.wrong.empty()) wrong += "  " + phrase.sentence + ": " + verdict.wrong.front() + "\n";
        }
        EXPECT_GE(10 * right, 9 * phrases.size())
            << language << ": " << right << " of " << phrases.size() << " are all right, not\n"
            << wrong;
    }
}

// The judge can say no: labels of another sentence are not met.
TEST(Phrases, TheJudgeSeesWhatIsWrong) {
    const auto weights = zt::storybook::load_weights(folder("ZT_TEST_MODELS", "models") + "/storybook", at::kFloat);
    const zt::storybook::Lexicon& words = weights->lexicon;
    const zt::storybook::Wish nothing;
    const zt::training::Phrase phrase{"a red fox", {{1, "subject", "fox"}, {1, "colour", "red"}}};
    EXPECT_EQ(zt::training::compare(words, phrase, nothing).wrong.size(), 2U);
    zt::storybook::Wish more;
    more.actors.emplace_back();
    more.actors[0].subject = words.value_of(zt::storybook::kSubject, "fox");
    more.actors[0].colour = words.value_of(zt::storybook::kColour, "red");
    EXPECT_TRUE(zt::training::compare(words, phrase, more).wrong.empty());
    more.time = 1;
    EXPECT_EQ(zt::training::compare(words, phrase, more).wrong.size(), 1U) << "night was never said";
}

}  // namespace
