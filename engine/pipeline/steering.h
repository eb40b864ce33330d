// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the next chunk obeys, changed from any thread while the worker runs. A change takes effect
// with the next chunk begun; since the worker says how long a chunk is when it begins one, the
// first frame that obeys a change is known at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "families/family.h"
#include "pipeline/frame.h"

namespace zt::pipeline {

[[nodiscard]] std::shared_ptr<const PromptTag> make_prompt_tag(const std::string& prompt);

// One chunk as the worker is to make it.
struct ChunkOrder {
    int64_t chunk = 0;        // 0-based
    int64_t first_frame = 0;  // pts
    int64_t frames = 0;
    int32_t shot = 0;
    families::Direction direction;
    std::shared_ptr<const PromptTag> tag;  // of direction.prompt
};

// Thread-safe.
class Steering {
public:
    // frames: of the whole clip, -1 = endless; steerable as in families::Limits.
    Steering(const families::Direction& first, int64_t frames, bool steerable);

    // Worker: the next chunk, `frames` long, begins.
    [[nodiscard]] ChunkOrder begin_chunk(int64_t frames);
    // Worker: no chunk will begin any more.
    void close();

    // Calls edit with the direction in force, then check with the edited one (throws to refuse it;
    // called without a lock). Returns the first frame that obeys, or nothing when none will.
    [[nodiscard]] std::optional<int64_t> change(
        const std::function<void(families::Direction&)>& edit,
        const std::function<void(const families::Direction&)>& check);

private:
    std::mutex change_mutex_;  // one change after the other; never taken by the worker
    std::mutex mutex_;         // guards all below
    families::Direction direction_;
    std::shared_ptr<const PromptTag> tag_, begun_tag_;  // of direction_; of the last chunk begun
    const int64_t frames_;
    const bool steerable_;
    int64_t next_chunk_ = 0, next_frame_ = 0;
    int32_t shot_ = 0;
    bool closed_ = false;
};

}  // namespace zt::pipeline
