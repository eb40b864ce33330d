// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See steering.h.
#include "pipeline/steering.h"

#include <utility>

#include "core/sha256.h"

namespace zt::pipeline {

std::shared_ptr<const PromptTag> make_prompt_tag(const std::string& prompt) {
    return std::make_shared<const PromptTag>(PromptTag{prompt, sha256_hex(prompt)});
}

Steering::Steering(const families::Direction& first, int64_t frames, bool steerable, Script script)
    : direction_(first), tag_(make_prompt_tag(first.prompt)), frames_(frames), steerable_(steerable),
      script_(std::move(script)) {}

bool Steering::shot_begins() const {
    const auto& shots = script_.list.shots;
    return next_shot_ < shots.size() && shots[next_shot_].first_frame == next_frame_;
}

int64_t Steering::most_frames() {
    const std::lock_guard lock(mutex_);
    const auto& shots = script_.list.shots;
    const size_t next = next_shot_ + (shot_begins() ? 1 : 0);
    return next < shots.size() ? shots[next].first_frame - next_frame_ : INT64_MAX;
}

ChunkOrder Steering::begin_chunk(int64_t frames, int64_t cut_frames) {
    const std::lock_guard lock(mutex_);
    return begin(frames, cut_frames);
}

std::optional<ChunkOrder> Steering::begin_kept_chunk(int64_t frames) {
    const std::lock_guard lock(mutex_);
    if (steered_) return std::nullopt;
    return begin(frames, frames);
}

ChunkOrder Steering::begin(int64_t plain_frames, int64_t cut_frames) {
    const bool scripted = shot_begins();
    if (scripted) {
        if (!prompt_given_) {
            direction_.prompt = script_.list.shots[next_shot_].prompt;
            tag_ = make_prompt_tag(direction_.prompt);
        }
        ++next_shot_;
    }
    prompt_given_ = false;
    // A shot of a script is one even if its prompt is the last one's.
    const bool new_shot = begun_tag_ != nullptr && (scripted || begun_tag_->text != tag_->text);
    if (new_shot) ++shot_;
    direction_.cut = new_shot && !script_.morph;
    const int64_t frames = direction_.cut ? cut_frames : plain_frames;
    ChunkOrder order{next_chunk_, next_frame_, frames, shot_, direction_, tag_, steered_};
    begun_tag_ = tag_;
    ++next_chunk_;
    next_frame_ += frames;
    // No other chunk will begin, or none that could obey.
    if (!steerable_ || next_frame_ == frames_) closed_ = true;
    return order;
}

void Steering::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
}

families::Direction Steering::in_force() {
    const std::lock_guard lock(mutex_);
    return direction_;
}

std::optional<int64_t> Steering::change(const std::function<void(families::Direction&)>& edit, const Check& check) {
    const std::lock_guard one_change(change_mutex_);
    families::Direction wanted = in_force();
    edit(wanted);
    check(wanted);

    const std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    wanted.prompt = direction_.prompt;  // meanwhile a shot may have begun
    direction_ = std::move(wanted);
    steered_ = true;
    return next_frame_;
}

std::optional<int64_t> Steering::set_prompt(const std::string& prompt, const Check& check) {
    const std::lock_guard one_change(change_mutex_);
    families::Direction wanted = in_force();
    wanted.prompt = prompt;
    check(wanted);
    const auto tag = make_prompt_tag(prompt);

    const std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    direction_.prompt = prompt;
    tag_ = tag;
    prompt_given_ = steered_ = true;
    return next_frame_;
}

}  // namespace zt::pipeline
