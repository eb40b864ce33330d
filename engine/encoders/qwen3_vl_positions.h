// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the tokens of a text with pictures stand on the three axes of Qwen3-VL's rotary positions (M-RoPE). Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace zt::encoders {

// A picture among the tokens: rows * columns of them, row by row, from token `start` on.
struct PictureSpan {
    int64_t start = 0, rows = 0, columns = 0;
    [[nodiscard]] int64_t tokens() const { return rows * columns; }
};

// [time, row, column][tokens]. Text advances all three by one a token. A picture that begins at c is all at time c, its
// grid at rows c + i and columns c + j; the text behind it goes on at c + the larger of its sides. spans: ascending,
// inside the tokens, none over another.
// Source: get_rope_index of transformers 5.23, modeling_qwen3_vl.
[[nodiscard]] std::array<std::vector<int64_t>, 3> token_positions(int64_t tokens, std::span<const PictureSpan> spans);

}  // namespace zt::encoders
