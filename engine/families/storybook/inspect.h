// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family. Torch-free.
#pragma once

#include <string>

namespace zt::storybook {

// True for a folder with the files of a storybook model.
[[nodiscard]] bool looks_like_storybook(const std::string& path);

// Shape, sizes and the words it knows, as lines of text. Reads config.json and the sizes of the other
// files. Throws zt::Error naming the file and field.
[[nodiscard]] std::string inspect(const std::string& folder);

}  // namespace zt::storybook
