// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Regular inflection of English: plurals, -s, -ing and -ed forms of a lexicon's words. Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zt::text {

struct InflectedForm {
    std::string phrase;
    bool plural = false, participle = false;
};

// Which forms an item has besides its own.
enum class Inflects { kNot, kAsNoun, kAsVerb };

// item: a phrase in lower case; what stands behind | takes the place of the plural, or of the past: "mouse|mice",
// "run|ran", "take a nap|took a nap". A noun's last word gets -s, -es or -ies; a verb's first word -s, -ing and -ed.
[[nodiscard]] std::vector<InflectedForm> inflected(std::string_view item, Inflects how);

}  // namespace zt::text
