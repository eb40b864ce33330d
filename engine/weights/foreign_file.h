// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What downloads leave where a model should be: a server's web page, a pointer of Git LFS, an error
// message, a file that was given its length but not its content. Torch-free.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zt::weights {

// As many bytes of a file as are worth looking at.
inline constexpr size_t kForeignBytes = 256;

// From a file's first bytes, as the "got" half of a message: "an HTML page, ...". Nothing if they do
// not tell, as those of a checkpoint or of JSON never do.
[[nodiscard]] std::optional<std::string> foreign_file(std::string_view start);

}  // namespace zt::weights
