// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clips of the shipped model: what i2v promises of a picture.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "families/tableau/generation.h"
#include "shipped.h"

namespace {

using namespace zt::tableau;
using zt::families::GenerationRequest;
using zt::families::Picture;

Picture picture(int width, int height, zt_image_role role = ZT_IMAGE_FIRST) {
    Picture p;
    p.role = role, p.width = width, p.height = height;
    p.rgb = std::make_shared<const std::vector<uint8_t>>(shipped::drawn(width, height));
    return p;
}

GenerationRequest request(const std::string& prompt, int64_t frames, int width = 160, int height = 96) {
    GenerationRequest r;
    r.width = width, r.height = height, r.rate = {24, 1}, r.frames = frames, r.steps = 1, r.shot_frames = frames;
    r.first.prompt = prompt, r.first.seed = 5;
    r.images.push_back(picture(width, height));
    r.log = [](zt_log_level, const std::string&) {};
    return r;
}

using Frames = std::vector<std::vector<float>>;

Frames frames_of(const GenerationRequest& r, int64_t count,
                 const std::function<void(int64_t, zt::families::Direction&)>& steer = nullptr) {
    static const auto weights = load_weights(shipped::folder(), false);
    Generation generation(weights, r);
    zt::families::Direction direction = r.first;
    Frames frames;
    const size_t samples = 3 * static_cast<size_t>(r.width) * static_cast<size_t>(r.height);
    while (static_cast<int64_t>(frames.size()) < count) {
        if (steer) steer(static_cast<int64_t>(frames.size()), direction);
        generation.limit_next(24 - static_cast<int64_t>(frames.size()) % 24);  // a chunk may begin there
        const auto batch = generation.next(direction, {}, [](const char*, int, int) {});
        if (!batch) break;
        for (int64_t i = 0; i < batch->frames; i++)
            frames.emplace_back(batch->rgb + samples * static_cast<size_t>(i),
                                batch->rgb + samples * static_cast<size_t>(i + 1));
    }
    return frames;
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) sum += std::abs(a[i] - b[i]);
    return sum / static_cast<double>(a.size());
}

void expect_the_picture(const std::vector<float>& frame, const std::vector<uint8_t>& rgb) {
    const size_t plane = rgb.size() / 3;
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < 3; c++) ASSERT_EQ(std::lround(255 * frame[c * plane + i]), rgb[3 * i + c]);
}

TEST(TableauSession, TheFirstFrameIsThePicture) {
    for (const char* prompt : {"sway", "zoom out", "", "the clouds drift", "handheld"})
        expect_the_picture(frames_of(request(prompt, 12), 1).front(), shipped::drawn(160, 96));
    expect_the_picture(frames_of(request("sway", 12, 161, 97), 1).front(), shipped::drawn(161, 97));
}

TEST(TableauSession, GivesAsManyFramesAsAskedAndTheyMove) {
    const Frames frames = frames_of(request("the ball sways", 31), 100);
    ASSERT_EQ(frames.size(), 31U);
    EXPECT_GT(difference(frames[0], frames[14]), 0.0015);
}

TEST(TableauSession, ALoopsNextFrameIsItsFirst) {
    GenerationRequest r = request("the clouds drift, the ball sways, zoom in", 48);
    r.loop = true;
    const Frames frames = frames_of(r, 100);
    ASSERT_EQ(frames.size(), 48U);
    const double step = difference(frames[23], frames[24]), seam = difference(frames[47], frames[0]);
    EXPECT_LT(seam, 3 * std::max(step, difference(frames[1], frames[0])));
    r.frames = -1, r.shot_frames = -1;
    const Frames endless = frames_of(r, 150);
    EXPECT_EQ(endless[0], endless[144]) << "six seconds later";
    EXPECT_EQ(endless[5], endless[149]);
}

TEST(TableauSession, AChangedSentenceTakesOverWithoutAJump) {
    const auto steer = [](int64_t frame, zt::families::Direction& d) {
        d.prompt = frame < 24 ? "the ball sways" : "the clouds drift to the left, zoom in";
    };
    const Frames frames = frames_of(request("the ball sways", 96), 96, steer);
    std::vector<double> steps;
    for (size_t i = 1; i < frames.size(); i++) steps.push_back(difference(frames[i], frames[i - 1]));
    const double most = *std::max_element(steps.begin() + 22, steps.begin() + 56),
                 before = *std::max_element(steps.begin(), steps.begin() + 22);
    EXPECT_LT(most, 3 * std::max(before, *std::max_element(steps.begin() + 60, steps.end())));
    EXPECT_GT(difference(frames[95], frames[23]), 0.004);
}

TEST(TableauSession, ACutBeginsWithThePictureAgain) {
    const auto steer = [](int64_t frame, zt::families::Direction& d) {
        d.cut = frame == 24, d.prompt = frame < 24 ? "zoom in" : "pan left";
    };
    const Frames frames = frames_of(request("zoom in", 48), 48, steer);
    EXPECT_EQ(frames[24], frames[0]);
}

// What one sentence lifts out of the picture is not the next one's: once it has taken over, the clip is the one that it
// would have begun.
TEST(TableauSession, ANewSentenceLiftsOutWhatItMoves) {
    const std::array<const char*, 5> prompts{"the ball hops", "the ball falls down", "the wheel turns",
                                             "the ball drifts to the left", "the clouds drift"};
    constexpr int64_t kTaken = 30;  // frames after which the old sentence is gone
    std::array<Frames, prompts.size()> alone;
    for (size_t i = 0; i < prompts.size(); i++) {
        alone[i] = frames_of(request(prompts[i], 100), kTaken + 12);
        for (size_t j = 0; j < i; j++) ASSERT_NE(alone[i].back(), alone[j].back()) << prompts[i] << " / " << prompts[j];
    }
    for (size_t i = 0; i < prompts.size(); i++)
        for (size_t j = 0; j < prompts.size(); j++) {
            if (i == j) continue;
            for (const bool cut : {false, true}) {
                const auto steer = [&](int64_t frame, zt::families::Direction& d) {
                    d.cut = cut && frame == 24, d.prompt = prompts[frame < 24 ? i : j];
                };
                const Frames frames = frames_of(request(prompts[i], 100), 24 + kTaken + 12, steer);
                for (const int64_t k : {kTaken, kTaken + 11})
                    EXPECT_EQ(frames[static_cast<size_t>(24 + k)], alone[j][static_cast<size_t>(k)])
                        << prompts[i] << ", then " << prompts[j] << ", cut " << cut;
            }
        }
}

TEST(TableauSession, AMaskOrAnAlphaChannelSaysWhoMoves) {
    const int width = 160, height = 96;
    const auto of_left = [&](const Frames& frames, bool left) {
        double sum = 0;
        for (size_t c = 0; c < 3; c++)
            for (int y = 0; y < height; y++)
                for (int x = left ? 0 : 110; x < (left ? 50 : width); x++) {
                    const size_t i = c * static_cast<size_t>(width * height) + static_cast<size_t>(y * width + x);
                    sum += std::abs(frames[14][i] - frames[0][i]);
                }
        return sum;
    };
    std::vector<uint8_t> alpha(static_cast<size_t>(width * height)), white(3 * alpha.size());
    for (size_t i = 0; i < alpha.size(); i++) {
        alpha[i] = i % static_cast<size_t>(width) < 50 ? 255 : 0;
        white[3 * i] = white[3 * i + 1] = white[3 * i + 2] = alpha[i];
    }
    GenerationRequest masked = request("sway", 16);
    masked.mask = picture(width, height, ZT_IMAGE_MASK);
    masked.mask->rgb = std::make_shared<const std::vector<uint8_t>>(white);
    GenerationRequest clear = request("sway", 16);
    clear.images[0].alpha = std::make_shared<const std::vector<uint8_t>>(alpha);
    for (const GenerationRequest& r : {masked, clear}) {
        const Frames frames = frames_of(r, 16);
        EXPECT_GT(of_left(frames, true), 20 * of_left(frames, false));
    }
}

TEST(TableauSession, GoesOnFromTheNewestFrame) {
    GenerationRequest r = request("sway", 12);
    r.images = {picture(160, 96, ZT_IMAGE_HISTORY), picture(160, 96, ZT_IMAGE_HISTORY)};
    std::vector<uint8_t> other(3 * 160 * 96, 200);
    r.images[0].rgb = std::make_shared<const std::vector<uint8_t>>(other);
    const Frames history = frames_of(r, 2), first = frames_of(request("sway", 12), 3);
    EXPECT_EQ(history[0], first[1]) << "the newest frame has been shown already";
    EXPECT_EQ(history[1], first[2]);
}

}  // namespace
