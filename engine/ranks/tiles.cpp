// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See tiles.h. Each tile that is not rank 0's is one exchange, which all ranks begin in the order of the tiles: its
// owner sends, rank 0 takes, others have nothing in it. Only rank 0 waits for it before it goes on.
#include "ranks/tiles.h"

#include <algorithm>
#include <utility>

#include "ranks/team.h"

namespace zt::ranks {

std::vector<int> owners_of(const std::vector<int64_t>& costs, int size) {
    std::vector<int64_t> busy(static_cast<size_t>(size), 0);  // until when
    std::vector<int> owners;
    for (const int64_t cost : costs) {
        const auto first = std::min_element(busy.begin(), busy.end());
        *first += cost;
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
    return group_->begin(send, shapes, team()->cancel());
}

void Tiles::make_ahead(const std::function<at::Tensor(int64_t tile)>& make) {
    const auto own = std::find(owners_.begin() + static_cast<std::ptrdiff_t>(at_), owners_.end(), 0);
    if (ahead_.defined() || own == owners_.end()) return;
    ahead_ = make(own - owners_.begin()).to(at::kCPU);
}

at::Tensor Tiles::next(at::IntArrayRef shape, const at::TensorOptions& like,
                       const std::function<at::Tensor(int64_t tile)>& make) {
    const size_t tile = at_++;
    if (!spread()) return make(static_cast<int64_t>(tile));
    const Cancel& cancel = team()->cancel();
    const at::ScalarType type = like.dtype().toScalarType();
    const int owner = owners_[tile];
    if (group_->rank() != 0) {
        const at::Tensor made = owner == group_->rank() ? make(static_cast<int64_t>(tile)) : at::Tensor();
        if (owner != 0) under_way_.push_back(send(owner, made, shape, type));
        if (at_ == owners_.size())
            for (Group::Exchange& exchange : std::exchange(under_way_, {})) (void)exchange.wait(cancel);
        return {};
    }
    TileCount& count = team()->tiles();
    count.all++;
    if (owner == 0) {
        if (!ahead_.defined()) return make(static_cast<int64_t>(tile));
        return std::exchange(ahead_, {}).to(like.device());
    }
    Group::Exchange exchange = send(owner, {}, shape, type);
    make_ahead(make);
    const at::Tensor came = exchange.wait(cancel)[static_cast<size_t>(owner)];
    count.came++, count.bytes += came.nbytes();
    return came.to(like.device());
}

}  // namespace zt::ranks
