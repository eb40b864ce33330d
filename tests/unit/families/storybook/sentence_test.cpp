// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is said of sentences that name nobody (families/storybook/sentence.h), with the shipped weights.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "families/storybook/generation.h"
#include "families/storybook/sentence.h"

namespace {

using namespace zt::storybook;

std::shared_ptr<const Weights> shipped() {
    const char* models = std::getenv("ZT_TEST_MODELS");
    static const auto loaded = std::make_shared<const Weights>(load_weights(std::string(models ? models : "models") + "/storybook", at::kFloat));
    return loaded;
}

// Lines about subjects while the prompts come one after the other, each for a chunk, and its first frame.
struct Said {
    std::vector<std::string> lines;
    std::vector<at::Tensor> frames;
};
Said say(const std::vector<std::string>& prompts) {
    const c10::InferenceMode inference;
    Said said;
    zt::families::GenerationRequest request;
    request.width = 256, request.height = 144, request.rate = {24, 1}, request.frames = -1, request.steps = 2;
    request.first.seed = 3;
    request.log = [&](zt_log_level, const std::string& line) {
        if (line.find("no subject") != line.npos) said.lines.push_back(line);
    };
    Generation generation(shipped(), request);
    for (const std::string& prompt : prompts) {
        zt::families::Direction direction = request.first;
        direction.prompt = prompt;
        direction.cut = true;
        const auto batch = generation.next(direction, {}, [](const char*, int, int) {});
        said.frames.push_back(at::from_blob(const_cast<float*>(batch->rgb), {batch->frames, 3, 144, 256})[0].clone());
    }
    return said;
}

std::string between(const std::string& line, const std::string& before, const std::string& after) {
    const size_t at = line.find(before);
    if (at == line.npos) return "";
    return line.substr(at + before.size(), line.find(after, at) - at - before.size());
}

TEST(StorybookSentence, WithoutASubjectItSaysWhatIsShown) {
    for (const std::string rest : {"castle on the beach", "tiger runs in the snow at night", "blue dragon flies in the city"}) {
        const Said first = say({"a " + rest});
        ASSERT_EQ(first.lines.size(), 1U) << rest;
        EXPECT_NE(first.lines[0].find("prompt: no subject that this model knows in \"a " + rest + "\"; shown is a"), std::string::npos) << first.lines[0];
        EXPECT_NE(first.lines[0].find("(subjects: fox, cat, rabbit, "), std::string::npos) << first.lines[0];
        // It is shown: the very sentence with that subject looks the same, with another one it does not.
        const std::string shown = between(first.lines[0], "shown is ", " (subjects");
        const Said named = say({shown + " " + rest, "an elephant " + rest});
        EXPECT_TRUE(named.lines.empty()) << named.lines[0];
        const auto far = [&](size_t i) { return (named.frames[i] - first.frames[0]).abs().mean().item<double>(); };
        EXPECT_LT(far(0), far(1) / 4) << shown;
    }
}

TEST(StorybookSentence, ColoursAreThoseOfTheSentence) {
    EXPECT_NE(say({"a blue dragon flies"}).lines.at(0).find("shown is a blue "), std::string::npos);
    EXPECT_NE(say({"a purple castle"}).lines.at(0).find("shown is a purple "), std::string::npos);
}

TEST(StorybookSentence, AnEmptyStageIsCalledThat) {
    const c10::InferenceMode inference;
    // Whoever the plan puts nowhere is nobody; weights decide, so any sentence may be asked.
    const auto ids = shipped()->words.encode("a horse and a tiger in the forest", 60).ids;
    const std::string shown = shown_subject(*shipped(), ids, layout_ids(shipped()->words)[0]);
    const Cues said = cues(shipped()->denoiser.plan, sentence_feature(*shipped(), ids, layout_ids(shipped()->words)[0]));
    EXPECT_EQ(shown == "nobody", !said.acts.any().item<bool>()) << shown;
}

TEST(StorybookSentence, KnownSubjectsNeedNoWord) {
    for (const char* prompt : {"a red fox runs", "foxes", "a rabit jumps", "the kitten sleeps", "a hot air balloon", "一只红色的狐狸在雪地里奔跑", "飞船", "a duck and a dog"})
        EXPECT_TRUE(say({prompt}).lines.empty()) << prompt;
}

TEST(StorybookSentence, EachPromptThatComesIsJudged) {
    EXPECT_EQ(say({"a red fox runs", "a castle", "a dog", "一座城堡", "starts"}).lines.size(), 3U);
}

}  // namespace
