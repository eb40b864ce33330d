// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Plain sentences and storyboards in MiniMax-H3's prompt form, without LibTorch.
#include "families/minimax_h3/text/prompt_form.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zt::minimax_h3 {
namespace {

std::string form(const std::string& text, const FormPictures& pictures = {}) {
    const FormShot shot{0, text};
    return structured_prompt({&shot, 1}, pictures);
}

// One field of a form, without its name.
std::string field(const std::string& form, const std::string& name) {
    const size_t at = form.find(name + ": ");
    if (at == form.npos) return "none";
    const size_t start = at + name.size() + 2;
    return form.substr(start, form.find('\n', start) - start);
}
std::string description(const std::string& form) { return field(form, "integrated_multimodal_description"); }
std::string sound(const std::string& form) { return field(form, "overall_soundscape"); }
std::string music(const std::string& form) { return field(form, "non_diegetic_music"); }

TEST(PromptForm, APlainSentenceBecomesThreeFields) {
    EXPECT_EQ(form("A red fox runs through the snow"),
              "integrated_multimodal_description: [Shot 1] A red fox runs through the snow.\n"
              "overall_soundscape: Natural sound of what is seen, in time with it.\n"
              "non_diegetic_music: None.");
    EXPECT_EQ(form("一只红色的狐狸在雪地里奔跑"),
              "integrated_multimodal_description: [Shot 1] 一只红色的狐狸在雪地里奔跑。\n"
              "overall_soundscape: 与画面同步的自然声音。\n"
              "non_diegetic_music: 无。");
}

TEST(PromptForm, WhiteSpaceIsOneBlankAndEndsStay) {
    EXPECT_EQ(description(form("  A fox\n\truns\u3000fast! ")), "[Shot 1] A fox runs fast!");
    EXPECT_EQ(description(form("")), "[Shot 1]");
    EXPECT_EQ(description(form("\xff\xfe fox")), "[Shot 1] \xff\xfe fox.");
}

TEST(PromptForm, LabelledSentencesGoToTheirFields) {
    const std::string made =
        form("A fox runs. Sound of rain on leaves. Music: a slow piano. The camera is 3.5 m high. Sounds: wind");
    EXPECT_EQ(description(made), "[Shot 1] A fox runs. The camera is 3.5 m high.");
    EXPECT_EQ(sound(made), "Sound of rain on leaves. wind.");
    EXPECT_EQ(music(made), "a slow piano.");
    EXPECT_EQ(description(form("A band plays music. A man hears a sound.")),
              "[Shot 1] A band plays music. A man hears a sound.");
    const std::string chinese = form("狐狸在奔跑。背景音乐：缓慢的钢琴。环境音是雨声");
    EXPECT_EQ(description(chinese), "[Shot 1] 狐狸在奔跑。");
    EXPECT_EQ(music(chinese), "缓慢的钢琴。");
    EXPECT_EQ(sound(chinese), "环境音是雨声。");
}

TEST(PromptForm, QuotesBehindAWordOfSpeakingAreDialogue) {
    EXPECT_EQ(description(form("A man says, \"Hold on. Wait!\" and runs")),
              "[Shot 1] A man says, <d>[English] Hold on. Wait!</d> and runs.");
    EXPECT_EQ(description(form("A sign with \"Open. Now\" on it")), "[Shot 1] A sign with \"Open. Now\" on it.");
    EXPECT_EQ(description(form("He essays \"a\"")), "[Shot 1] He essays \"a\"");
    EXPECT_EQ(description(form("老人说：“等一下。”然后离开")), "[Shot 1] 老人说：<d>[Chinese] 等一下。</d>然后离开。");
    EXPECT_EQ(description(form("She whispers “こんにちは”")), "[Shot 1] She whispers <d>[Japanese] こんにちは</d>");
    EXPECT_EQ(description(form("He says \"no end")), "[Shot 1] He says \"no end.");
    EXPECT_EQ(description(form("He says <d>[English] \"So. It is\" said</d> and goes")),
              "[Shot 1] He says <d>[English] \"So. It is\" said</d> and goes.");
    EXPECT_EQ(description(form("<d>")), "[Shot 1] <d>");
}

TEST(PromptForm, StoryboardsHaveAShotForEachCue) {
    const std::vector<FormShot> shots = {
        {0, "A fox wakes up"}, {3500, "It runs. Sound of wind"}, {65'007, "Night falls"}};
    const std::string made = structured_prompt(shots, {});
    EXPECT_EQ(description(made),
              "[Shot 1] A fox wakes up. [Shot 2] At 00:03.500, the camera cuts to a new shot: It runs. "
              "[Shot 3] At 01:05.007, the camera cuts to a new shot: Night falls.");
    EXPECT_EQ(sound(made), "Sound of wind.");
    const std::vector<FormShot> chinese = {{0, "狐狸醒来"}, {3500, "它在奔跑"}};
    EXPECT_EQ(description(structured_prompt(chinese, {})),
              "[Shot 1] 狐狸醒来。 [Shot 2] 在00:03.500，镜头切换到新的画面：它在奔跑。");
}

TEST(PromptForm, CuesOfAStoryboardAreShotsAtTheTimeOfTheirFrame) {
    const zt_rational rate{24, 1};
    const text::ShotList list = text::plan_shots(
        text::parse_storyboard("1\n00:00:00,000 --> 00:00:03,500\nA fox\n\n2\n00:00:03,510 --> 00:00:05,000\nA cat\n",
                               "s.srt"),
        rate, "s.srt");
    EXPECT_EQ(description(structured_prompt(form_shots(list, rate), {})),
              "[Shot 1] A fox. [Shot 2] At 00:03.542, the camera cuts to a new shot: A cat.");
}

TEST(PromptForm, PicturesAreNamedFirst) {
    const auto line = [](bool first, bool last, int64_t frames, const std::string& text = "A fox") {
        const std::string made = form(text, {first, last, frames});
        return made.substr(0, made.find("integrated"));
    };
    EXPECT_EQ(line(false, false, 124), "");
    EXPECT_EQ(line(true, false, 124), "<Picture 1> (from [Shot 1]) is fully referenced at 0.00 seconds.\n\n");
    EXPECT_EQ(line(true, true, 124),
              "<Picture 1> is aligned with the 0.00-second mark and <Picture 2> with the 5.17-second mark.\n\n");
    EXPECT_EQ(line(false, true, 39), "<Picture 1> is aligned with the 1.62-second mark.\n\n");
    EXPECT_EQ(line(false, true, 345), "<Picture 1> is aligned with the 14.38-second mark.\n\n");
    EXPECT_EQ(line(true, true, 22, "狐狸"), "<Picture 1>对齐到0.00秒处，<Picture 2>对齐到0.92秒处。\n\n");
}

TEST(PromptForm, AFormStaysAsItIs) {
    for (const FormPictures& pictures : {FormPictures{}, FormPictures{true, false}, FormPictures{true, true}}) {
        for (const char* text : {"A fox says \"hold on\". Music: a piano", "狐狸说“等一下”。环境音是雨声", ""}) {
            const std::string once = form(text, pictures);
            EXPECT_EQ(form(once, pictures), once);
        }
    }
    const std::string written = "integrated_multimodal_description: [Shot 1] A  fox";
    EXPECT_EQ(form(written), written);
    EXPECT_EQ(form(written, {true, false}),
              "<Picture 1> (from [Shot 1]) is fully referenced at 0.00 seconds.\n\n" + written);
    EXPECT_EQ(description(form("[Shot 1] A fox. [Shot 2] A cat")), "[Shot 1] A fox. [Shot 2] A cat.");
}

}  // namespace
}  // namespace zt::minimax_h3
