// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Extended grapheme clusters (UAX 29): what a reader takes for one character, a letter with its accents
// or a family of emoji. By Unicode 17 whatever the machine's libraries know, because the package
// `tokenizers` splits by it and ids must not depend on a machine. Torch-free.
#pragma once

#include <cstddef>
#include <string_view>

namespace zt::text {

// Where the cluster ends that begins at `at`, which must be a boundary of valid UTF-8 and not its end.
[[nodiscard]] size_t grapheme_end(std::string_view text, size_t at) noexcept;

}  // namespace zt::text
