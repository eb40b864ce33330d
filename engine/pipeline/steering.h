// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Changes while a generation runs: prompt, seed, guidance, strength, set from any thread. A change takes effect with
// the next chunk that the worker begins. The worker announces the length of each chunk when it begins it, so the first
// frame that obeys a change is known as soon as the change is made.
//
// The shots of a storyboard are changes of the prompt, too. A prompt set by hand holds until the next shot begins; if
// that shot begins with the same chunk, the prompt set by hand wins.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "families/family.h"
#include "pipeline/frame.h"
#include "pipeline/script.h"

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
    bool steered = false;                  // something was changed by hand, now or before
};

// Thread-safe.
class Steering {
public:
    // frames: of the whole clip, -1 = endless; steerable as in families::Limits.
    Steering(const families::Direction& first, int64_t frames, bool steerable, Script script = {});

    // Worker: the most frames the next chunk may have, up to the next shot; INT64_MAX without one.
    [[nodiscard]] int64_t most_frames();
    // Worker: the next chunk begins; it has `frames` frames, or `cut_frames` if it begins with a cut.
    [[nodiscard]] ChunkOrder begin_chunk(int64_t frames, int64_t cut_frames);
    [[nodiscard]] ChunkOrder begin_chunk(int64_t frames) { return begin_chunk(frames, frames); }
    // Worker: the same for a chunk that is there already, as long as nothing was ever changed by hand; else nothing
    // begins.
    [[nodiscard]] std::optional<ChunkOrder> begin_kept_chunk(int64_t frames);
    // Worker: no chunk will begin any more.
    void close();

    // Calls edit with the direction in force, then check with the edited one (throws to refuse it;
    // called without a lock). Returns the first frame that obeys, or nothing when none will. The
    // prompt stays what it is: set_prompt changes it.
    using Check = std::function<void(const families::Direction&)>;
    [[nodiscard]] std::optional<int64_t> change(const std::function<void(families::Direction&)>& edit,
                                                const Check& check);
    [[nodiscard]] std::optional<int64_t> set_prompt(const std::string& prompt, const Check& check);

private:
    [[nodiscard]] families::Direction in_force();
    [[nodiscard]] bool shot_begins() const;                              // with the next chunk; with mutex_ held
    [[nodiscard]] ChunkOrder begin(int64_t frames, int64_t cut_frames);  // with mutex_ held

    std::mutex change_mutex_;  // one change after the other; never taken by the worker
    std::mutex mutex_;         // guards all below
    families::Direction direction_;
    std::shared_ptr<const PromptTag> tag_, begun_tag_;  // of direction_; of the last chunk begun
    const int64_t frames_;
    const bool steerable_;
    const Script script_;
    size_t next_shot_ = 0;       // of script_
    bool prompt_given_ = false;  // live, since the last chunk began
    int64_t next_chunk_ = 0, next_frame_ = 0;
    int32_t shot_ = 0;
    bool closed_ = false, steered_ = false;
};

}  // namespace zt::pipeline
