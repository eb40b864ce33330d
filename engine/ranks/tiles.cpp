// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See tiles.h. Each tile that is not rank 0's is one exchange, which all ranks begin in the order of the tiles: its
// owner sends, rank 0 takes, others have nothing in it. Only rank 0 waits for it at once.
#include "ranks/tiles.h"

#include <algorithm>
#include <utility>

#include "ranks/team.h"

namespace zt::ranks {

std::vector<int> owners_of(const std::vector<int64_t>& costs, int size) {
    std::vector<int64_t> busy(static_cast<size_t>(size), 0);  // until when
    int64_t laid = 0;                                         // when all so far are there
    std::vector<int> owners;
    for (const int64_t cost : costs) {
        busy[0] = laid;
        const auto first = std::min_element(busy.begin(), busy.end());
        *first += cost;
        laid = std::max(laid, *first);
        owners.push_back(static_cast<int>(first - busy.begin()));
    }
    return owners;
}

Tiles::Tiles(const std::vector<int64_t>& costs) {
    if (team() == nullptr || costs.size() < 2) return;
    group_ = &team()->all();
    owners_ = owners_of(costs, group_->size());
}

bool Tiles::any_here() const {
    return !spread() || std::find(owners_.begin(), owners_.end(), group_->rank()) != owners_.end();
}

Group::Exchange Tiles::send(int owner, const at::Tensor& tile, at::IntArrayRef shape, at::ScalarType type) const {
    const auto count = static_cast<size_t>(group_->size());
    std::vector<at::Tensor> send(count, at::empty({0}, type));
    std::vector<std::vector<int64_t>> shapes(count, {0});
    if (tile.defined()) send[0] = tile.to(at::kCPU);
    if (group_->rank() == 0) shapes[static_cast<size_t>(owner)] = shape.vec();
    return group_->begin(send, shapes);
}

at::Tensor Tiles::next(at::IntArrayRef shape, const at::TensorOptions& like, const std::function<at::Tensor()>& make) {
    if (!spread()) return make();
    const Cancel& cancel = team()->cancel();
    const int owner = owners_[at_++], rank = group_->rank();
    const at::Tensor made = owner == rank ? make() : at::Tensor();
    TileCount& count = team()->tiles();
    count.all++;
    if (rank == 0) {
        if (made.defined()) return made;
        Group::Exchange exchange = send(owner, {}, shape, like.dtype().toScalarType());
        at::Tensor came = exchange.wait(cancel)[static_cast<size_t>(owner)];
        count.came++, count.bytes += came.nbytes();
        return came.to(like.device());
    }
    if (owner != 0) under_way_.push_back(send(owner, made, shape, like.dtype().toScalarType()));
    if (at_ == owners_.size())
        for (Group::Exchange& exchange : std::exchange(under_way_, {})) (void)exchange.wait(cancel);
    return {};
}

}  // namespace zt::ranks
