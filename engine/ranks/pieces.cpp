// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See pieces.h.
#include "ranks/pieces.h"

#include <algorithm>
#include <vector>

#include "ranks/group.h"
#include "ranks/traffic.h"

namespace zt::ranks {
namespace {

// Of a run, what is on its way at a time: large enough for the network, small beside the run.
constexpr int64_t kLeast = 1 << 20, kMost = 32 << 20;
int64_t at_once(int64_t run_bytes) { return std::clamp(run_bytes / kPartsOfRun, kLeast, kMost); }

}  // namespace

Share piece_of(int64_t bytes, int rank, int size) {
    const Share units = share_of(in_units(bytes), rank, size);
    return {units.first * kPieceUnit, units.count * kPieceUnit};
}

void join_pieces(Group& group, const at::Tensor& own, const at::Tensor& run, const Cancel& cancel) {
    const int n = group.size();
    const int64_t bytes = run.numel(), each = std::max(kPieceUnit, at_once(bytes) / n / kPieceUnit * kPieceUnit);
    for (int64_t at = 0; at < piece_of(bytes, 0, n).count; at += each) {  // rank 0 has a longest piece
        const auto part = [&](int rank) { return std::clamp<int64_t>(piece_of(bytes, rank, n).count - at, 0, each); };
        const int64_t mine = part(group.rank());
        std::vector<std::vector<int64_t>> shapes;
        for (int r = 0; r < n; r++) shapes.push_back({part(r)});
        const at::Tensor send = group.as_sent(own.narrow(0, mine > 0 ? at : 0, mine));  // once, not once for each rank
        const std::vector<at::Tensor> got =
            group.exchange(std::vector<at::Tensor>(static_cast<size_t>(n), send), shapes, cancel);
        for (int r = 0; r < n; r++)
            run.narrow(0, std::min(piece_of(bytes, r, n).first + at, bytes), part(r))
                .copy_(got[static_cast<size_t>(r)]);
    }
}

}  // namespace zt::ranks
