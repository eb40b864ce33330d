// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family. Torch-free.
#pragma once

#include <string>

#include "families/inspector.h"

namespace zt::storybook {

// Ours: a folder with the files of a storybook model. Broken: one that has some of them. Never throws zt::Error.
[[nodiscard]] families::Detection detect(const std::string& path);

// Shape, sizes, what there is in its world and the words it reads, as lines of text. Reads config.json, lexicon.json
// and the sizes of the other files. Throws zt::Error naming the file and field.
[[nodiscard]] std::string inspect(const std::string& folder);

[[nodiscard]] families::Inspector inspector();

}  // namespace zt::storybook
