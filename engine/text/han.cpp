// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See han.h.
#include "text/han.h"

#include <algorithm>
#include <cstddef>

#include "core/utf8.h"

namespace zt::text {

bool has_han(std::string_view text) noexcept {
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = utf8_sequence_bytes(text, at);
        if (bytes >= 3) {  // no Han below U+0800
            char32_t c = static_cast<unsigned char>(text[at]) & (bytes == 3 ? 0x0FU : 0x07U);
            for (size_t i = 1; i < bytes; i++) c = c << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
            if (is_han(c)) return true;
        }
        at += std::max<size_t>(bytes, 1);
    }
    return false;
}

}  // namespace zt::text
