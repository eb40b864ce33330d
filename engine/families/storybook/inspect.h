// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "families/family.h"

namespace zt::storybook {

// Words the model was trained with, by what they name; for people to read.
struct KnownWords {
    std::string attribute;                                    // "subject"
    std::vector<std::vector<std::string>> english, chinese;   // [value][synonym], the plain one first
};

// Ours: a folder with the files of a storybook model. Broken: one that has some of them. Never throws zt::Error.
[[nodiscard]] families::Detection detect(const std::string& path);

// Shape, sizes and the words it knows, as lines of text. Reads config.json and the sizes of the other
// files. Throws zt::Error naming the file and field.
[[nodiscard]] std::string inspect(const std::string& folder);

}  // namespace zt::storybook
