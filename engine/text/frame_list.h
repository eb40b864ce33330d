// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recognises prompts that list frame numbers ("0: a fox, 24: an owl"), as other programs take them, so that the log can
// point at storyboards. Torch-free.
#pragma once

#include <string_view>

namespace zt::text {

// Whether a text is a list of frames with a prompt for each, "0: a fox, 30: a cat", also with the
// numbers in quotes or brackets: it begins with 0, and a higher number follows. Times of day ("at
// 10:30") and lists that begin with 1 are none.
[[nodiscard]] bool is_frame_list(std::string_view text);

}  // namespace zt::text
