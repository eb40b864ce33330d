// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Other rates than 24 (families/storybook/retime.h): what is shown when, with a source that counts its
// pictures and with the shipped model.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "families/storybook/generation.h"
#include "families/storybook/retime.h"
#include "families/storybook/storybook.h"

namespace {

using namespace zt::storybook;
using zt::families::Direction;
using zt::families::FrameBatch;
using zt::families::GenerationRequest;
using zt::families::Picture;

constexpr zt_rational kFaster[] = {{25, 1}, {30000, 1001}, {30, 1}, {48, 1}, {50, 1}, {60000, 1001}, {60, 1}};

double seconds(int64_t frame, zt_rational rate) { return static_cast<double>(frame) * rate.den / rate.num; }

// Twelve pictures at a time, two numbers each: which shot, and which picture of it.
class Counting final : public zt::families::Generation {
public:
    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override { return std::min<int64_t>(12, most_); }
    std::optional<FrameBatch> next(const Direction& direction, const zt::Cancel&, const zt::families::ProgressFn&) override {
        if (direction.cut) shot_++, picture_ = 0;
        const int64_t frames = next_frames();
        const auto out = std::make_shared<std::vector<float>>();
        for (int64_t i = 0; i < frames; i++) {
            out->push_back(static_cast<float>(shot_));
            out->push_back(static_cast<float>(picture_++));
        }
        return FrameBatch{out, out->data(), frames};
    }

private:
    int64_t most_ = INT64_MAX;
    int shot_ = 0, picture_ = 0;
};

struct Shown {
    int shot, picture;
};

// All frames of a clip with cuts at the given frames, driven as the pipeline drives it.
std::vector<Shown> clip(zt_rational rate, int64_t frames, const std::vector<int64_t>& cuts = {}) {
    Retimed retimed(std::make_unique<Counting>(), {24, 1}, rate, frames, 2);
    std::vector<Shown> shown;
    size_t cut = 0;
    while (true) {
        const auto done = static_cast<int64_t>(shown.size());
        Direction direction;
        if (cut < cuts.size() && cuts[cut] == done) direction.cut = true, cut++;
        const int64_t most = cut < cuts.size() ? cuts[cut] - done : INT64_MAX;
        retimed.limit_next(most);
        const int64_t next = retimed.next_frames();
        EXPECT_LE(next, std::min(most, most_frames(12, {24, 1}, rate)));
        const auto batch = retimed.next(direction, {}, [](const char*, int, int) {});
        if (!batch) {
            EXPECT_EQ(next, 0);
            return shown;
        }
        EXPECT_EQ(batch->frames, next);
        for (int64_t i = 0; i < batch->frames; i++) shown.push_back({static_cast<int>(batch->rgb[2 * i]), static_cast<int>(batch->rgb[2 * i + 1])});
    }
}

TEST(StorybookRates, TheSameTimeShowsTheSamePicture) {
    for (const zt_rational rate : kFaster) {
        const int64_t frames = std::llround(6.0 * rate.num / rate.den);
        const auto shown = clip(rate, frames);
        ASSERT_EQ(static_cast<int64_t>(shown.size()), frames) << rate.num;
        for (int64_t k = 0; k < frames; k++) EXPECT_EQ(shown[static_cast<size_t>(k)].picture, std::floor(seconds(k, rate) * 24 + 1e-9)) << k << " at " << rate.num;
        EXPECT_NEAR(shown.back().picture, 143, 1) << rate.num;
    }
}

TEST(StorybookRates, AShotBeginsOnItsFrame) {
    for (const zt_rational rate : kFaster) {
        const std::vector<int64_t> cuts = {1, 37, 38, 90, 103, 150};
        const auto shown = clip(rate, 200, cuts);
        ASSERT_EQ(shown.size(), 200U);
        int64_t begun = 0;
        int shot = 0;
        for (int64_t k = 0; k < 200; k++) {
            if (std::find(cuts.begin(), cuts.end(), k) != cuts.end()) begun = k, shot++;
            EXPECT_EQ(shown[static_cast<size_t>(k)].shot, shot) << k << " at " << rate.num;
            EXPECT_EQ(shown[static_cast<size_t>(k)].picture, std::floor(seconds(k - begun, rate) * 24 + 1e-9)) << k << " at " << rate.num;
        }
    }
}

TEST(StorybookRates, AnEndlessClipHasNoEnd) {
    Retimed retimed(std::make_unique<Counting>(), {24, 1}, {30000, 1001}, -1, 2);
    int64_t frames = 0, last = 0;
    while (frames < 100000) {
        const auto batch = retimed.next({}, {}, [](const char*, int, int) {});
        ASSERT_TRUE(batch && batch->frames > 0 && batch->frames <= 15);
        frames += batch->frames;
        last = static_cast<int64_t>(batch->rgb[2 * (batch->frames - 1) + 1]);
    }
    EXPECT_EQ(last, (frames - 1) * 24 * 1001 / 30000);
}

TEST(StorybookRates, AHistoryIsPickedByTime) {
    const auto picked = [](int count, zt_rational rate) {
        std::vector<Picture> history;
        for (int i = 0; i < count; i++) history.push_back({ZT_IMAGE_HISTORY, i - count, 1, nullptr});   // the width tells which
        std::vector<int> out;
        for (const Picture& p : at_native_rate(std::move(history), {24, 1}, rate, 16)) out.push_back(p.width);
        return out;
    };
    EXPECT_EQ(picked(40, {24, 1}), (std::vector<int>{-16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1}));
    EXPECT_EQ(picked(40, {48, 1}), (std::vector<int>{-31, -29, -27, -25, -23, -21, -19, -17, -15, -13, -11, -9, -7, -5, -3, -1}));
    for (const zt_rational rate : kFaster) {
        const auto taken = picked(40, rate);
        ASSERT_EQ(taken.size(), 16U) << rate.num;
        for (int i = 0; i < 16; i++) EXPECT_LE(std::abs(seconds(-1 - taken[static_cast<size_t>(15 - i)], rate) - i / 24.0), 0.5001 * seconds(1, rate)) << i << " at " << rate.num;
    }
    EXPECT_EQ(picked(3, {60, 1}), (std::vector<int>{-1}));
    EXPECT_EQ(picked(1, {25, 1}), (std::vector<int>{-1}));
    EXPECT_TRUE(picked(0, {25, 1}).empty());
}

// ---- With the shipped weights, through the family -----------------------------------------------

std::shared_ptr<const zt::families::Model> shipped() {
    at::set_num_threads(1);
    zt::families::LoadOptions options;
    const char* models = std::getenv("ZT_TEST_MODELS");
    options.path = std::string(models ? models : "models") + "/storybook";
    options.log = [](zt_log_level, const std::string&) {};
    static const auto model = zt::families::storybook_family().load(options);
    return model;
}

at::Tensor generate(zt_rational rate, int64_t frames, std::vector<Picture> images = {}) {
    const c10::InferenceMode inference;
    GenerationRequest request;
    request.width = 256, request.height = 144, request.rate = rate, request.frames = frames, request.steps = 2;
    request.first.prompt = "a yellow rabbit jumps in the city", request.first.seed = 4;
    request.log = [](zt_log_level, const std::string&) {};
    request.images = std::move(images);
    const auto generation = shipped()->begin(request);
    std::vector<at::Tensor> out;
    while (true) {
        generation->limit_next(INT64_MAX);
        const auto batch = generation->next(request.first, {}, [](const char*, int, int) {});
        if (!batch) return at::cat(out);
        EXPECT_LE(batch->frames, shipped()->limits().chunk_frames);
        out.push_back(at::from_blob(const_cast<float*>(batch->rgb), {batch->frames, 3, 144, 256}).clone());
    }
}

TEST(StorybookRates, MotionKeepsItsSpeed) {
    const at::Tensor native = generate({24, 1}, 48);
    EXPECT_TRUE(at::equal(generate({24000, 1001}, 48), native));   // one to one
    for (const zt_rational rate : kFaster) {
        const int64_t frames = std::llround(2.0 * rate.num / rate.den);
        const at::Tensor other = generate(rate, frames);
        ASSERT_EQ(other.size(0), frames);
        for (int64_t k = 0; k < frames; k++) ASSERT_TRUE(at::equal(other[k], native[k * 24 * rate.den / rate.num])) << k << " at " << rate.num;
    }
}

TEST(StorybookRates, AClipGoesOnAtItsRate) {
    for (const zt_rational rate : {zt_rational{25, 1}, zt_rational{50, 1}}) {
        const int64_t frames = 2LL * rate.num, looked_at = shipped()->limits().history_images;
        const at::Tensor clip = generate(rate, frames).clamp(0, 1);
        std::vector<Picture> history;
        for (int64_t i = frames - looked_at; i < frames; i++) {
            const at::Tensor bytes = clip[i].mul(255).add(0.5).to(at::kByte).permute({1, 2, 0}).contiguous();
            history.push_back({ZT_IMAGE_HISTORY, 256, 144, std::make_shared<const std::vector<uint8_t>>(bytes.data_ptr<uint8_t>(), bytes.data_ptr<uint8_t>() + bytes.numel())});
        }
        const at::Tensor more = generate(rate, rate.num, history).clamp(0, 1), all = at::cat({clip, more});
        std::vector<double> steps;   // of frames that differ: others are shown again
        for (int64_t i = 1; i < all.size(0); i++)
            if (const double step = (all[i] - all[i - 1]).abs().mean().item<double>(); step > 0) steps.push_back(step);
        std::sort(steps.begin(), steps.end());
        EXPECT_LT((more[0] - clip[frames - 1]).abs().mean().item<double>(), 2 * steps[steps.size() / 2]) << rate.num;
        EXPECT_NEAR(static_cast<double>(steps.size()), 24 * 3, 2) << rate.num;   // 24 pictures a second
    }
}

}  // namespace
