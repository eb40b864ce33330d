// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The alphabet of byte-level tokenizers: one printable character for each byte, so that merges can be
// written as text (GPT-2, encoder.py, bytes_to_unicode). Torch-free.
#pragma once

#include <string>
#include <string_view>

namespace zt::text {

// Each byte as its character: "é" is "Ã©", a blank is "Ġ".
[[nodiscard]] std::string to_byte_level(std::string_view bytes);

}  // namespace zt::text
