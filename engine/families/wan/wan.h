// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Wan 2.1 and 2.2; see README.md.
#pragma once

#include "families/family.h"

namespace zt::wan {

inline constexpr double kFlowShift = 5.0;  // where neither the request nor the files say

// What the models were published with ("sample_neg_prompt" of the original repository, Apache-2.0): over-exposed,
// static, blurred, subtitles, worst quality, deformed hands, walking backwards, and so on. An empty sentence:
// negative_prompt=" ".
inline constexpr const char* kNegativePrompt =
    "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，"
    "丑陋的，残缺的，多余的手指，画得不好的手部，"
    "画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走";

}  // namespace zt::wan

namespace zt::families {
const Family& wan_family();
}  // namespace zt::families
