// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which words are English whatever a model knows: such a word was written as it was meant. Torch-free.
#pragma once

#include <string_view>

namespace zt::text {

// True for a common English word of four letters and more in lower case, inflected forms ("starts") and
// the better-known names included. False for shorter ones: nobody asks for them.
// Never throws; thread-safe.
[[nodiscard]] bool common_word(std::string_view word);

}  // namespace zt::text
