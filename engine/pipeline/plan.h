// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Validation: a request becomes a plan. Every field is checked against the limits of the library and of the model,
// and every default is filled in. Nothing is computed or allocated yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "families/family.h"
#include "include/zoetrope/zoetrope.h"
#include "pipeline/marking.h"
#include "pipeline/script.h"

namespace zt::pipeline {

// Limits of the library; families may be narrower. Reasons in docs/reliability.md.
inline constexpr size_t kPromptBytes = 16 * 1024;
inline constexpr size_t kPromptFileBytes = 64 * 1024;
inline constexpr int kMinSide = 16, kMaxSide = 4096;
inline constexpr int64_t kMaxPixels = 4096LL * 2160LL;
inline constexpr int64_t kMaxFrames = 2147483647;
inline constexpr int64_t kMaxDurationUs = 24LL * 3600 * 1000000;
inline constexpr int kMaxSteps = 1000;
inline constexpr double kMaxGuidance = 100.0, kMaxFlowShift = 100.0;
inline constexpr double kMinMotion = 0.01, kMaxMotion = 3.0, kMinTempo = 0.1, kMaxTempo = 4.0;
inline constexpr int kMaxPrefetch = 4;
inline constexpr size_t kMaxQueueBytes = size_t{256} << 20;  // finished frames ahead, past one chunk

struct Plan {
    families::GenerationRequest generation;
    Script script;
    zt_pixel_format format = ZT_PIXEL_YUV420P;
    int64_t start_frame = 0;
    int prefetch = 1;
    std::optional<families::Picture> mask;
    Marking marking;
    zt_cache cache = ZT_CACHE_OFF;
    bool seed_drawn = false;  // by us: nobody will ask for the same again
    // Of the model, by who opened it: as the user wrote it, and what it is known by (sharing_key).
    std::string model_name, model_identity;
};

// kAsk: what would be, for a host that has no pixels yet; no picture is copied, a random seed is
// not drawn and stays -1.
enum class Purpose { kStart, kAsk };

// Throws zt::Error. Reads prompt_file or storyboard; draws a random seed; logs what it decided by itself.
[[nodiscard]] Plan make_plan(const zt_request& request, const families::Model& model, const Log& log,
                             Purpose purpose = Purpose::kStart);

// Throws ZT_ERROR_PROMPT unless text is 1..kPromptBytes bytes of UTF-8 without control characters.
void check_prompt(const std::string& text);
// Warns where the text is meant for a program that takes frame numbers inside a prompt.
void hint_at_storyboard(const std::string& prompt, const Log& log);
// As check_prompt, but empty is well and the model must be able to obey.
void check_negative_prompt(const std::string& text, const families::Limits& limits);
// The checks of the two other values that may change while running; both fill in the default.
[[nodiscard]] int64_t resolve_seed(int64_t seed, const Log& log);
[[nodiscard]] double resolve_guidance(double guidance, const families::Limits& limits);

}  // namespace zt::pipeline
