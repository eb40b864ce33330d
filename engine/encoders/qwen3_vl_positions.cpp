// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See qwen3_vl_positions.h.
#include "encoders/qwen3_vl_positions.h"

#include <algorithm>

namespace zt::encoders {

std::array<std::vector<int64_t>, 3> token_positions(int64_t tokens, std::span<const PictureSpan> spans) {
    std::array<std::vector<int64_t>, 3> positions;
    for (std::vector<int64_t>& axis : positions) axis.reserve(static_cast<size_t>(tokens));
    const auto put = [&](int64_t time, int64_t row, int64_t column) {
        positions[0].push_back(time), positions[1].push_back(row), positions[2].push_back(column);
    };
    int64_t at = 0, next = 0;
    const auto put_text = [&](int64_t end) {
        for (; at < end; ++at, ++next) put(next, next, next);
    };
    for (const PictureSpan& span : spans) {
        put_text(span.start);
        for (int64_t row = 0; row < span.rows; ++row)
            for (int64_t column = 0; column < span.columns; ++column) put(next, next + row, next + column);
        at += span.tokens();
        next += std::max(span.rows, span.columns);
    }
    put_text(tokens);
    return positions;
}

}  // namespace zt::encoders
