// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sizes, lengths and the sequence of MiniMax-H3. That positions are the reference's to the bit is proven in
// tests/parity.
#include "families/minimax_h3/layout.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/error.h"

namespace zt::minimax_h3 {
namespace {

std::string refusal(const auto& call) {
    try {
        call();
    } catch (const Error& e) {
        EXPECT_EQ(e.status(), ZT_ERROR_ARGUMENT);
        return e.what();
    }
    return "";
}

TEST(MiniMaxH3Canvas, OfAspectRatios) {
    EXPECT_EQ(canvas_of(16, 9), (Canvas{1344, 768}));
    EXPECT_EQ(canvas_of(9, 16), (Canvas{768, 1344}));
    EXPECT_EQ(canvas_of(4, 3), (Canvas{1024, 768}));
    EXPECT_EQ(canvas_of(3, 4), (Canvas{768, 1024}));
    EXPECT_EQ(canvas_of(1, 1), (Canvas{768, 768}));
    EXPECT_EQ(canvas_of(21, 9), (Canvas{1536, 672}));
    EXPECT_EQ(canvas_of(4, 1), (Canvas{2016, 512}));
    EXPECT_NE(refusal([] { (void)canvas_of(4.01, 1); }).find("1:4 to 4:1"), std::string::npos);
    for (const double bad :
         {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        EXPECT_NE(refusal([&] { (void)canvas_of(bad, 1); }), "");
        EXPECT_NE(refusal([&] { (void)canvas_of(1, bad); }), "");
    }
    check_canvas(1344, 768);
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    for (const int64_t bad : {int64_t{0}, int64_t{-32}, int64_t{33}, kMost, -kMost})
        EXPECT_NE(refusal([&] { check_canvas(bad, 64); }).find("multiples of 32"), std::string::npos) << bad;
}

TEST(MiniMaxH3Length, StepsBySeventeen) {
    for (const auto& [frames, clip] : {std::pair(1, 22), std::pair(22, 22), std::pair(23, 39), std::pair(120, 124),
                                       std::pair(124, 124), std::pair(346, 362)})
        EXPECT_EQ(clip_frames(frames), clip) << frames;
    EXPECT_EQ(clip_frames(-100), 22);
    for (const auto& [frames, latents, sound] :
         {std::tuple(22, 7, 37), std::tuple(39, 12, 65), std::tuple(124, 37, 207), std::tuple(345, 102, 575)}) {
        EXPECT_EQ(latent_frames(frames), latents);
        EXPECT_EQ(audio_latents(frames), sound);
    }
    check_frames(22), check_frames(124), check_frames(362);
    EXPECT_NE(refusal([] { check_frames(125); }).find("nearest 124 and 141, got 125"), std::string::npos);
    EXPECT_NE(refusal([] { check_frames(379); }).find("nearest 362, got 379"), std::string::npos);
    EXPECT_NE(refusal([] { check_frames(5); }).find("nearest 22, got 5"), std::string::npos);
    EXPECT_NE(refusal([] { check_frames(std::numeric_limits<int64_t>::max()); }), "");
    EXPECT_NE(refusal([] { check_frames(std::numeric_limits<int64_t>::min()); }), "");
}

TEST(MiniMaxH3Layout, HasNoGaps) {
    const std::vector<Tag> text = {Tag::kText, Tag::kVideo, Tag::kText};
    const std::vector<Anchor> both = {Anchor::kFirst, Anchor::kLast};
    const Geometry g = geometry_of(39, {96, 64});
    const Layout layout = make_layout(text, g, both);
    EXPECT_EQ(g.rows_per_frame(), 6);
    EXPECT_EQ(layout.rows(), 3 + 2 * 6 + 2 * 65 + 12 * 6);
    EXPECT_EQ(layout.positions.size(), layout.tags.size());
    int64_t at = 0;
    for (const Segment& s : layout.segments) {
        EXPECT_EQ(s.begin, at);
        at += s.count;
    }
    EXPECT_EQ(at, layout.rows());
    EXPECT_EQ(layout.begin_of(Role::kKeyframe), 3);
    EXPECT_EQ(layout.count_of(Role::kKeyframe), 12);
    EXPECT_EQ(layout.begin_of(Role::kAudio), 15);
    EXPECT_EQ(layout.tags[1], Tag::kVideo);
    EXPECT_EQ(make_layout(text, g, {}).begin_of(Role::kKeyframe), -1);
    // Left and right, and the first picture where the video begins.
    EXPECT_LT(layout.positions[15][2], layout.positions[15 + 65][2]);
    EXPECT_EQ(layout.positions[3][0], 3.0);
    EXPECT_EQ(layout.positions[3], layout.positions[static_cast<size_t>(layout.begin_of(Role::kVideo))]);
    // The last picture where the last latent ends but for one picture's time.
    EXPECT_NEAR(layout.positions[9][0], 3 + 5.0 / 3.0 * (39 - 1), 1e-9);
}

TEST(MiniMaxH3Times, OfAStepAndOfASchedule) {
    const std::vector<Anchor> first = {Anchor::kFirst};
    const std::vector<Tag> text(4, Tag::kText);
    const Layout layout = make_layout(text, geometry_of(22, {64, 32}), first),
                 alone = make_layout(text, geometry_of(22, {64, 32}), {});
    const std::vector<float> video = {0, 0.25F, 0.9995F}, audio = {0, 0.5F, 0.75F};
    const auto at = [&](const Layout& l, size_t i) {
        return times_of(l, std::span(video).subspan(i, 1), std::span(audio).subspan(i, 1)).distinct;
    };
    EXPECT_EQ(at(alone, 0), (std::vector<float>{0}));
    EXPECT_EQ(at(layout, 0), (std::vector<float>{0, 0.999F}));
    EXPECT_EQ(at(layout, 1), (std::vector<float>{0.25F, 0.5F, 0.999F}));
    EXPECT_EQ(at(layout, 2), (std::vector<float>{0.75F, 0.9995F}));  // a keyframe is never noisier than the video
    const Times all = times_of(layout, video, audio);
    EXPECT_EQ(all.distinct, (std::vector<float>{0, 0.25F, 0.5F, 0.75F, 0.999F, 0.9995F}));
    EXPECT_EQ(all.index_of(0.75F), 3);
    EXPECT_THROW((void)all.index_of(0.3F), Error);
}

}  // namespace
}  // namespace zt::minimax_h3
