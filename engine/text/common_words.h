// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A list of 24,000 common English words. A word of a prompt that is on it is taken as it is, even where a model's
// lexicon does not have it: it is not "corrected" to a similar word that the lexicon has. Torch-free.
#pragma once

#include <string_view>

namespace zt::text {

// True for a common English word of four letters and more in lower case, inflected forms ("starts") and
// the better-known names included. False for shorter ones: nobody asks for them.
// Never throws; thread-safe.
[[nodiscard]] bool common_word(std::string_view word);

}  // namespace zt::text
