// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the next chunk obeys; see steering.h.
#include "pipeline/steering.h"

#include "core/sha256.h"

namespace zt::pipeline {

std::shared_ptr<const PromptTag> make_prompt_tag(const std::string& prompt) {
    return std::make_shared<const PromptTag>(PromptTag{prompt, sha256_hex(prompt)});
}

Steering::Steering(const families::Direction& first, int64_t frames, bool steerable)
    : direction_(first), tag_(make_prompt_tag(first.prompt)), frames_(frames),
      steerable_(steerable) {}

ChunkOrder Steering::begin_chunk(int64_t frames) {
    const std::lock_guard lock(mutex_);
    direction_.cut = begun_tag_ != nullptr && begun_tag_->text != tag_->text;
    if (direction_.cut) ++shot_;
    ChunkOrder order{next_chunk_, next_frame_, frames, shot_, direction_, tag_};
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

std::optional<int64_t> Steering::change(
    const std::function<void(families::Direction&)>& edit,
    const std::function<void(const families::Direction&)>& check) {
    const std::lock_guard one_change(change_mutex_);
    families::Direction wanted;
    {
        const std::lock_guard lock(mutex_);
        wanted = direction_;
    }
    edit(wanted);
    check(wanted);
    const auto tag = make_prompt_tag(wanted.prompt);

    const std::lock_guard lock(mutex_);
    if (closed_) return std::nullopt;
    direction_ = wanted;
    tag_ = tag;
    return next_frame_;
}

}  // namespace zt::pipeline
