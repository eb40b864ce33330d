// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The bytes that a rank sends to the others, and those that the exchange around an attention takes of its memory,
// foreseen: what docs/many-machines.md says and `zoetrope inspect --ranks` prints; tests compare it with what is
// counted. Arithmetic only; torch-free.
#pragma once

#include <cstdint>
#include <vector>

namespace zt::ranks {

// One pass of a transformer whose tokens are spread over ranks (sequence.h).
struct PassShape {
    std::vector<int64_t> parts;               // tokens of each kind, each spread by itself
    int64_t heads = 0, head_dim = 0;          // of the attention
    int64_t layers = 0;                       // that have one
    int64_t element_bytes = 0;                // of queries, keys, values and what the attention gives
    int64_t end_tokens = 0, end_columns = 0;  // gathered behind the last layer, in elements of the same size
    int64_t passes = 1;                       // of a step: 2 with guidance
    int64_t velocity_bytes = 0;               // of a pass: what two halves tell each other
};

// Around one attention, by rank `rank` of the `size` that share the tokens of a pass.
[[nodiscard]] uint64_t attention_bytes(const PassShape& shape, int rank, int size);
// That every rank makes in a step: of an even number each half makes one of two.
[[nodiscard]] int64_t passes_of_each(const PassShape& shape, int size);
// Of all `size` rank 0 has most: tokens of a pass; and what is in memory around one attention, in bytes: queries, keys,
// values and the answer, and where several ranks share the pass, what is sent and what comes.
[[nodiscard]] int64_t most_tokens(const PassShape& shape, int size);
[[nodiscard]] uint64_t attention_memory(const PassShape& shape, int size);
// In one step, by rank `rank` of all `size`.
[[nodiscard]] uint64_t step_bytes(const PassShape& shape, int rank, int size);

// Runs of bytes are divided between ranks in units, so that a tensor never begins inside of a vector's alignment.
inline constexpr int64_t kPieceUnit = 64;
[[nodiscard]] constexpr int64_t in_units(int64_t bytes) { return (bytes + kPieceUnit - 1) / kPieceUnit; }
// A run travels in so many parts, for each of which there is room twice.
inline constexpr int64_t kPartsOfRun = 64;
// Of a block of weights that all ranks put together of their pieces, once.
[[nodiscard]] uint64_t gather_bytes(int64_t block_bytes, int rank, int size);

}  // namespace zt::ranks
