// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tiles of a picture or clip, each decoded by one rank of a team and laid down by rank 0. Ranks decode theirs one after
// the other and do not wait for each other; a tile travels when rank 0 wants it. So that neither does rank 0 wait while
// it has work, it makes its own tiles one ahead, and has that one in (the host's) memory more than alone. A tile is the
// same numbers wherever it is made.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "ranks/group.h"

namespace zt::ranks {

// Which rank of `size` makes each tile: who has done its others first (Graham 1969, list scheduling), so the first is
// rank 0's. costs: of each, in any unit, in the order in which rank 0 lays them down.
[[nodiscard]] std::vector<int> owners_of(const std::vector<int64_t>& costs, int size);

// One thread at a time; not longer than the team of that thread. Without a team, or with one tile, all are made here.
class Tiles {
public:
    explicit Tiles(const std::vector<int64_t>& costs);

    [[nodiscard]] bool spread() const noexcept { return group_ != nullptr; }
    // Whether any is made here.
    [[nodiscard]] bool any_here() const;
    // The next tile, on rank 0; undefined on others, which after the last one have waited until rank 0 has theirs.
    // Every rank calls it for every tile. like: its type, and its device on rank 0. make: gives the tile of that
    // number, this or a later one, where it is made. Throws zt::Error(NETWORK, CANCELLED) and what make throws.
    [[nodiscard]] at::Tensor next(at::IntArrayRef shape, const at::TensorOptions& like,
                                  const std::function<at::Tensor(int64_t tile)>& make);

private:
    void make_ahead(const std::function<at::Tensor(int64_t tile)>& make);
    [[nodiscard]] Group::Exchange send(int owner, const at::Tensor& tile, at::IntArrayRef shape,
                                       at::ScalarType type) const;

    Group* group_ = nullptr;
    std::vector<int> owners_;
    size_t at_ = 0;
    at::Tensor ahead_;                        // rank 0's next one
    std::vector<Group::Exchange> under_way_;  // of another rank
};

}  // namespace zt::ranks
