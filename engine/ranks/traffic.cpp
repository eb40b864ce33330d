// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See traffic.h.
#include "ranks/traffic.h"

#include <algorithm>
#include <numeric>

#include "ranks/share.h"

namespace zt::ranks {
namespace {

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

}  // namespace

uint64_t attention_bytes(const PassShape& shape, int rank, int size) {
    const Split split = split_of(shape.heads, size);
    const auto tokens_of = [&](int first, int count) {  // of so many ranks
        int64_t tokens = 0;
        for (int r = first; r < first + count; r++)
            for (const int64_t part : shape.parts) tokens += share_of(part, r, size).count;
        return tokens;
    };
    const int first = rank / split.exchange * split.exchange;  // of those who exchange heads with this rank
    const int64_t own = tokens_of(rank, 1), together = tokens_of(first, split.exchange);
    // Queries, keys and values of the others' heads, and the answer for the others' tokens; keys and values of the
    // group to each of the other groups.
    int64_t vectors = 3 * own * (split.exchange - 1) + together - own;
    vectors += 2 * together * (split.groups - 1);
    return u(vectors * split.heads * shape.head_dim) * u(shape.element_bytes);
}

int64_t passes_of_each(const PassShape& shape, int size) {
    return shape.passes == 2 && size % 2 == 0 ? 1 : shape.passes;
}

namespace {

// How many of all `size` share the tokens of a pass: all, or a half.
int sharers(const PassShape& shape, int size) { return passes_of_each(shape, size) < shape.passes ? size / 2 : size; }

}  // namespace

int64_t most_tokens(const PassShape& shape, int size) {
    int64_t tokens = 0;
    for (const int64_t part : shape.parts) tokens += share_of(part, 0, sharers(shape, size)).count;
    return tokens;
}

uint64_t attention_memory(const PassShape& shape, int size) {
    const int group = sharers(shape, size);
    const Split split = split_of(shape.heads, group);
    const uint64_t vectors = u(most_tokens(shape, size) * shape.heads * shape.head_dim);  // one for each token
    const uint64_t each = vectors * u(shape.element_bytes);
    if (group < 2) return 4 * each;
    // Where heads are exchanged: the three that the block made, as many in the row that is sent, and that came.
    const uint64_t exchanged = split.exchange > 1 ? 9 * each : 0;
    if (split.groups < 2) return exchanged;
    // Where keys and values are gathered: the block's three, the three of this rank's heads, the answer; and of the
    // heads at a time their answer, the keys and values of all tokens, as many of the next heads that come meanwhile,
    // and the row in which those are sent.
    const int64_t heads = heads_at_a_time(split.heads);
    const uint64_t all = 2 * u(std::accumulate(shape.parts.begin(), shape.parts.end(), int64_t{0}) * heads *
                               shape.head_dim * shape.element_bytes);
    return std::max(exchanged, (split.exchange > 1 ? 7 : 4) * each + each * u(heads) / u(split.heads) + 3 * all);
}

uint64_t step_bytes(const PassShape& shape, int rank, int size) {
    const bool halves = passes_of_each(shape, size) < shape.passes;
    const int group = sharers(shape, size), member = rank % group;
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
