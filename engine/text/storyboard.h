// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shot lists: an SRT or WebVTT file in which each cue is a shot and its text the prompt. What is accepted and what is
// refused is in docs/storyboard.md. The text may be hostile. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "include/zoetrope/zoetrope.h"

namespace zt::text {

// Limits of a shot list. Reasons in docs/reliability.md.
inline constexpr size_t kStoryboardBytes = size_t{1} << 20;
inline constexpr size_t kStoryboardCues = 4096;
inline constexpr size_t kCueTextBytes = 16 * 1024;            // as for any prompt
inline constexpr int64_t kStoryboardMs = 24LL * 3600 * 1000;  // as for any duration

// One cue, its tags gone and its lines joined. Text may be empty: nothing new is to be seen.
struct Cue {
    int64_t begin_ms = 0, end_ms = 0;  // begin < end
    std::string text;
    size_t line = 0;  // of its time span in the file, 1-based
};

// The cues of a file's content by their start, those of the same start in the order of the file.
// name is how messages call the file: "shots.srt: line 12: expected ..., got ...". Throws
// ZT_ERROR_ARGUMENT for a form that is neither SRT nor WebVTT, ZT_ERROR_PROMPT for text that is
// neither UTF-8 nor UTF-16 with a byte-order mark, holds control characters or is too long.
[[nodiscard]] std::vector<Cue> parse_storyboard(std::string_view content, const std::string& name);

// From first_frame on, until the next shot's, this prompt is in force.
struct Shot {
    int64_t first_frame = 0;
    std::string prompt;  // never empty
    size_t line = 0;     // of its first cue
};

// At least one shot, the first at frame 0, the others in ascending order.
struct ShotList {
    std::vector<Shot> shots;
    int64_t frames = 0;          // up to the latest end of any cue, at least one frame past the last shot
    std::vector<size_t> joined;  // lines of the cues that begin on the frame of another and joined it
};

// The frame a cue's time falls on: the first whose time, rounded to the milliseconds that SRT and
// WebVTT write, is not before it. Exact in integers: num and den up to a million, ms up to a day.
[[nodiscard]] int64_t frame_at(int64_t ms, zt_rational rate);

// Cues without text and gaps continue the shot before them; before the first shot there is its own
// prompt; a cue that overlaps another ends it; cues that begin on the same frame are one shot, their
// texts joined. Throws ZT_ERROR_ARGUMENT when no cue has text, ZT_ERROR_PROMPT when joined texts are
// too long.
[[nodiscard]] ShotList plan_shots(const std::vector<Cue>& cues, zt_rational rate, const std::string& name);

}  // namespace zt::text
