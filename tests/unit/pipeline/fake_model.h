// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A model for pipeline tests: flat grey 16x16 pictures, chunk by chunk, with a hook that runs at
// the start of each chunk on the worker and may throw, wait or cancel.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/frame_time.h"
#include "families/family.h"

namespace zt::test {

using ChunkHook = std::function<void(int64_t chunk, const families::Direction&, const Cancel&)>;

constexpr int kSampleRate = 32000, kChannels = 2;  // where change_limits() says so

class FakeGeneration final : public families::Generation {
public:
    FakeGeneration(const families::GenerationRequest& request, int64_t chunk_frames, const ChunkHook& hook)
        : request_(request), chunk_frames_(chunk_frames), hook_(hook) {}

    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override {
        const int64_t frames = std::min(chunk_frames_, most_);
        return request_.frames < 0 ? frames : std::min(frames, request_.frames - done_);
    }
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override {
        const int64_t frames = next_frames();
        progress("denoise", 1, 2);
        if (hook_) hook_(chunk_, direction, cancel);
        ++chunk_;
        done_ += frames;
        const auto pixels = std::make_shared<std::vector<float>>(
            static_cast<size_t>(frames) * 3 * static_cast<size_t>(request_.width * request_.height),
            static_cast<float>(direction.seed % 100) / 100.0F);
        families::FrameBatch batch{pixels, pixels->data(), frames};
        if (request_.sound) give_sound(done_ - frames, batch);
        return batch;
    }

private:
    // Each value is its own number in the clip, divided so that none is clamped; and one sample too few or a NaN
    // where the prompt asks for it.
    void give_sound(int64_t first, families::FrameBatch& batch) {
        const auto before = [&](int64_t k) {
            return zt_samples_before(k, kSampleRate, request_.rate.num, request_.rate.den);
        };
        batch.sample_count = before(first + batch.frames) - before(first);
        sound_.clear();
        for (int64_t i = 0; i < batch.sample_count * kChannels; ++i)
            sound_.push_back(static_cast<float>(before(first) * kChannels + i) / 16'777'216.0F);
        if (request_.first.prompt == "too few samples") --batch.sample_count;
        if (request_.first.prompt == "no number") sound_.back() = std::numeric_limits<float>::quiet_NaN();
        if (request_.first.prompt == "too loud") sound_.front() = 3.0F;
        batch.samples = sound_.data();
    }

    const families::GenerationRequest request_;
    const int64_t chunk_frames_;
    const ChunkHook hook_;
    std::vector<float> sound_;
    int64_t chunk_ = 0, done_ = 0, most_ = INT64_MAX;
};

// Immutable.
class FakeModel final : public families::Model {
public:
    explicit FakeModel(ChunkHook hook = {}) : hook_(std::move(hook)) {
        limits_.width = limits_.height = 16;
        limits_.min_width = limits_.min_height = 16;
        limits_.max_width = limits_.max_height = 64;
        limits_.size_step = 16;
        limits_.rates = {{24, 1}, {25, 1}};
        limits_.default_frames = 20;
        limits_.frames_step = 4;
        limits_.chunk_frames = 8;
        limits_.endless = true;
        limits_.default_steps = 3;
        limits_.default_guidance = 2.5;
    }
    [[nodiscard]] const families::Limits& limits() const override { return limits_; }
    [[nodiscard]] families::Limits& change_limits() { return limits_; }  // before sharing it only
    [[nodiscard]] std::string device() const override { return "cpu"; }
    [[nodiscard]] std::string precision() const override { return "fp32"; }
    [[nodiscard]] std::string sha256() const override { return ""; }
    void check(const families::Direction& direction) const override {
        if (direction.prompt == "refused") throw Error(ZT_ERROR_PROMPT, "prompt: expected another, got \"refused\"");
    }
    // "0 a fox; 12 an owl; first last, 48 frames"
    [[nodiscard]] std::string enhance(const families::EnhanceRequest& request) const override {
        std::string text;
        for (const auto& shot : request.shots) text += std::to_string(shot.first_frame) + " " + shot.prompt + "; ";
        return text + (request.first_image ? "first " : "") + (request.last_image ? "last, " : "") +
               std::to_string(request.frames) + " frames";
    }
    [[nodiscard]] std::unique_ptr<families::Generation> begin(
        const families::GenerationRequest& request) const override {
        return std::make_unique<FakeGeneration>(request, limits_.chunk_frames, hook_);
    }

private:
    families::Limits limits_;
    const ChunkHook hook_;
};

}  // namespace zt::test
