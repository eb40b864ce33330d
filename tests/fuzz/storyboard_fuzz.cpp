// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a shot list. What is accepted gives shots in ascending order whose text is a clean
// prompt; what is refused is refused with a sentence on one line that names the file.
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/utf8.h"
#include "fuzz.h"
#include "text/storyboard.h"

namespace {

void check_shots(const zt::text::ShotList& list) {
    int64_t before = -1;
    for (const zt::text::Shot& shot : list.shots) {
        zt::fuzz::require(shot.first_frame > before, "shots ascend");
        zt::fuzz::require(!shot.prompt.empty() && !zt::find_text_fault(shot.prompt), "a clean prompt");
        before = shot.first_frame;
    }
    zt::fuzz::require(list.shots.front().first_frame == 0, "the first shot begins at frame 0");
    zt::fuzz::require(list.frames > before, "the clip reaches past its last shot");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string name = "shots.srt";
    try {
        const auto cues = zt::text::parse_storyboard(text, name);
        zt::fuzz::require(cues.size() <= zt::text::kStoryboardCues, "at most so many cues");
        for (const zt::text::Cue& cue : cues) {
            zt::fuzz::require(cue.begin_ms >= 0 && cue.begin_ms < cue.end_ms, "cues have a length");
            zt::fuzz::require(cue.text.size() <= zt::text::kCueTextBytes, "at most so much text");
        }
        check_shots(zt::text::plan_shots(cues, {30000, 1001}, name));
    } catch (const zt::Error& error) {
        const std::string_view message = error.what();
        zt::fuzz::require(message.starts_with("shots.srt: "), "the file is named");
        zt::fuzz::require(message.find(": expected ") != message.npos && message.find(", got ") != message.npos,
                          "expected and got");
        zt::fuzz::require(!zt::find_text_fault(message) && message.find_first_of("\t\n") == message.npos, "one line");
        zt::fuzz::require(error.status() == ZT_ERROR_ARGUMENT || error.status() == ZT_ERROR_PROMPT,
                          "a documented status");
    }
    return 0;
}
