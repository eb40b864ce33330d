// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See traffic.h.
#include "ranks/traffic.h"

#include "ranks/share.h"

namespace zt::ranks {
namespace {

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

}  // namespace

uint64_t attention_bytes(const PassShape& shape, int rank, int size) {
    int64_t all = 0, own = 0;  // tokens
    for (const int64_t part : shape.parts) all += part, own += share_of(part, rank, size).count;
    const int64_t mine = share_of(shape.heads, rank, size).count;
    // Queries, keys and values of the others' heads; then the answer for the others' tokens.
    return u(3 * own * shape.head_dim * (shape.heads - mine) + (all - own) * mine * shape.head_dim) *
           u(shape.element_bytes);
}

int64_t passes_of_each(const PassShape& shape, int size) {
    return shape.passes == 2 && size % 2 == 0 ? 1 : shape.passes;
}

uint64_t step_bytes(const PassShape& shape, int rank, int size) {
    const bool halves = passes_of_each(shape, size) < shape.passes;
    const int group = halves ? size / 2 : size, member = rank % group;
    uint64_t pass = 0;
    if (group > 1)
        pass = u(shape.layers) * attention_bytes(shape, member, group) +
               u(share_of(shape.end_tokens, member, group).count) * u(shape.end_columns) * u(shape.element_bytes) *
                   u(group - 1);
    return halves ? pass + u(shape.velocity_bytes) : pass * u(shape.passes);
}

uint64_t gather_bytes(int64_t block_bytes, int rank, int size) {
    return u(share_of(in_units(block_bytes), rank, size).count) * u(kPieceUnit) * u(size - 1);
}

}  // namespace zt::ranks
