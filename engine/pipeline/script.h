// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shots of a storyboard: which prompt begins at which frame. Known before anything is generated.
#pragma once

#include <string>

#include "text/storyboard.h"

namespace zt::pipeline {

struct Script {
    std::string name;     // of the file, as messages call it
    text::ShotList list;  // no shots without a storyboard
    bool morph = false;   // a new prompt, of a shot or live, is no cut
};

// Reads a regular file of at most kStoryboardBytes. Throws zt::Error.
[[nodiscard]] Script read_script(const std::string& path, zt_rational rate);

}  // namespace zt::pipeline
