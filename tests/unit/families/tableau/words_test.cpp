// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What sentences ask to move (families/tableau/asked.h), as newcomers type them.
#include <gtest/gtest.h>

#include "core/error.h"
#include "shipped.h"

namespace {

using namespace zt::tableau;

// "sway subject; wind hair left; camera zoom_in; still background"
std::string read_as(const std::string& prompt) {
    static constexpr const char* kWays[] = {"", " left", " right", " up", " down", " nearer", " farther"};
    const Asked a = shipped::words().read(prompt);
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
    for (const Deed& d : a.deeds)
        add(std::string(name_of(d.motion)) + " " + name_of(d.region) + kWays[d.direction] +
            (d.tempo < 0.9F   ? " slow"
             : d.tempo > 1.1F ? " fast"
                              : "") +
            (d.amount < 0.9F   ? " little"
             : d.amount > 1.1F ? " much"
                               : ""));
    for (const CameraMove& c : a.cameras)
        add(std::string("camera ") + name_of(c.camera) + (c.tempo < 0.9F ? " slow" : c.tempo > 1.1F ? " fast" : ""));
    if (a.camera_said && a.cameras.empty()) add("camera still");
    for (int r = 0; r < kRegions; r++)
        if (a.still[static_cast<size_t>(r)]) add(std::string("still ") + name_of(static_cast<Region>(r)));
    return text;
}

// Sentences, and what they are read as.
constexpr std::pair<const char*, const char*> kSentences[] = {
    {"the fox sways", "sway subject"},
    {"clouds drift slowly to the left and the water ripples", "drift sky left slow; ripple water"},
    {"her hair blows in the wind, the camera stays still", "wind hair; camera still"},
    {"wind in the trees", "wind foliage"},
    {"a gentle breeze moves the leaves", "wind foliage little"},
    {"the flag waves", "wave cloth"},
    {"the boat rocks on the waves", "sway subject; ripple water"},
    {"only the hair moves", "move hair"},
    {"the background stays still, the man turns his head", "turn head; still background"},
    {"make it come alive", "move natural"},
    {"nothing moves", "still everything"},
    {"the cat breathes and blinks", "breathe subject; blink head"},
    {"the balloon floats up", "drift subject up"},
    {"the ball bounces quickly", "bounce round fast"},
    {"smoke rises", "flow upper up"},
    {"zoom in slowly", "camera zoom_in slow"},
    {"slow zoom out", "camera zoom_out slow"},
    {"camera pans left slowly while the grass sways gently", "sway foliage little; camera pan_left slow"},
    {"the camera moves to the right", "camera pan_right"},
    {"the camera rotates slowly", "camera roll slow"},
    {"no zoom, just the sky moves", "move sky; camera still"},
    {"handheld", "camera shake"},
    {"the trees do not move, the water flows", "flow water; still foliage"},
    {"the tree sways gently", "sway plant little"},
    {"the trees sway", "sway foliage"},
    {"wind blows through the leaves of the tree", "wind plant"},
    {"a small boat drifts on the sea to the right", "drift subject right"},
    {"小老鼠在海面上慢慢漂向右边", "drift subject right slow"},
    {"画面慢慢放大", "camera zoom_in slow"},
    {"放大猫咪的脸", "camera zoom_in"},
    {"镜头从塔底向上摇到塔尖", "camera tilt_up"},
    {"camera moves sideways along the shore", "camera pan_right"},
    {"女孩把头转向一边", "turn head"},
    {"a rose that beats like a heart", "pulse plant"},
    {"the flag behind her is waving", "wave background"},
    {"he is just standing there, breathing", "breathe natural"},
    {"he waves hello", "wave subject"},
    {"it moves to the left", "move natural left"},
    {"the bird comes closer", "move subject nearer"},
    {"the fox walks towards the camera", "bounce subject nearer"},
    {"a boat drifts in fog", "drift subject; flow upper up"},
    {"it slowly gets closer", "camera dolly_in slow"},
    {"the front wheel spins", "spin round"},
    {"足球在草地上旋转", "spin round"},
    {"the clock ticks", "spin round"},
    {"the coffee ripples in the cup", "ripple round"},
    {"the flower turns round and round like a wheel", "spin plant"},
    {"the bubbles float upwards", "fall everything up"},
    {"the tomatoes fall down", "fall subject"},
    {"猎豹转动脑袋", "turn head"},
    {"手柄像皮球一样弹起来", "bounce subject"},
    {"地球往下坠", "fall round"},
    {"小鱼向右游走", "swim subject right"},
    {"心脏一缩一胀", "pulse subject"},
    {"小猫在呼吸", "breathe subject"},
    {"云慢慢向左飘，水面波光粼粼", "drift sky left slow; ripple water"},
    {"她的头发随风飘动，镜头不动", "wind hair; camera still"},
    {"鏡頭緩緩推近", "camera zoom_in slow"},
    {"树叶在风中沙沙作响", "wind foliage"},
    {"花轻轻摇曳，背景不动", "sway plant little; still background"},
    {"小狗跳起来", "hop subject"},
    {"让画面动起来", "move everything"},
    {"the horse grazes", "nod head"},
    {"the river blorps", "move water"},
    {"the man takes slow deep breaths", "breathe subject slow"},
    {"a red fire hydrant hops", "hop subject"},
    {"小狗均匀地呼吸", "breathe subject"},
    {"知更鸟在杆子上一蹦一跳", "hop subject"},
    {"the penguins hop around while it snows", "hop subject; fall everything"},
    {"the dog wags its tail", "sway subject"},
    {"waves come in", "ripple water"},
    {"海浪轻轻拍打沙滩", "ripple water little"},
    {"the fire crackles and the candle flickers", "move fire; pulse fire"},
    {"her eyes close and open", "blink head"},
    {"bring this picture to life", "move natural"},
    {"we ride along the railway", "camera dolly_in"},
};

TEST(TableauWords, AreReadAsTheyAreMeant) {
    for (const auto& [prompt, expected] : kSentences) EXPECT_EQ(read_as(prompt), expected) << prompt;
}

TEST(TableauWords, WhatCannotBeIsToldWithWhatIsShown) {
    const Asked a = shipped::words().read("the fox starts to run");
    ASSERT_EQ(a.deeds.size(), 1U);
    EXPECT_EQ(a.deeds[0].motion, kBounce);
    ASSERT_EQ(a.notes.size(), 1U);
    EXPECT_EQ(a.notes[0], "'run' is shown as bounce");
    EXPECT_EQ(shipped::words().read("the quetzalcoatl sways").no_effect, std::vector<std::string>{"quetzalcoatl"});
}

TEST(TableauWords, AnyBytesAreRead) {
    std::string bytes;
    for (int i = 1; i < 256; i++) bytes += static_cast<char>(i);
    (void)shipped::words().read(bytes);
    std::string many;
    while (many.size() < 16000) many += "the sky and the water sway not 云 飘 ";
    EXPECT_LE(shipped::words().read(many).deeds.size(), 8U);
}

TEST(TableauWords, WrongFilesAreRefusedByField) {
    const auto refusal = [](const std::string& text) -> std::string {
        try {
            Words(text, "words.json");
        } catch (const zt::Error& e) {
            return e.what();
        }
        return "";
    };
    EXPECT_NE(refusal("{").find("words.json"), std::string::npos);
    EXPECT_NE(refusal(R"({"version": 1, "variants": "", "verbs": {"motion=fly": "fly"}, "nouns": {}, "words": {}})")
                  .find("motion=fly"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"version": 1, "variants": "", "verbs": {"motion=sway": "SWAY"}, "nouns": {}, "words": {}})")
                  .find("SWAY"),
              std::string::npos);
    EXPECT_NE(
        refusal(
            R"({"version": 1, "variants": "", "verbs": {"motion=sway tempo=1e9": "sway"}, "nouns": {}, "words": {}})")
            .find("factors"),
        std::string::npos);
}

}  // namespace
