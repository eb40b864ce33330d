// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sequence.h.
#include "ranks/sequence.h"

#include <utility>

#include "nn/attention.h"
#include "ranks/group.h"
#include "ranks/team.h"

namespace zt::ranks {

Sequence::Sequence(std::vector<int64_t> parts) : parts_(std::move(parts)) {
    if (team() != nullptr) group_ = team()->sequence();
}

Share Sequence::share(int64_t all) const {
    return spread() ? share_of(all, group_->rank(), group_->size()) : Share{0, all};
}

at::Tensor Sequence::mine(const at::Tensor& rows) const {
    const Share own = share(rows.size(0));
    return spread() ? rows.narrow(0, own.first, own.count) : rows;
}

at::Tensor Sequence::gather(const at::Tensor& rows, int64_t all) const {
    if (!spread()) return rows;
    std::vector<std::vector<int64_t>> shapes;
    for (int r = 0; r < group_->size(); r++) shapes.push_back({share_of(all, r, group_->size()).count, rows.size(1)});
    return at::cat(group_->exchange(std::vector<at::Tensor>(shapes.size(), rows), shapes, team()->cancel()));
}

at::Tensor Sequence::attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
    if (!spread()) return nn::attention(q, k, v);
    const int n = group_->size();
    const int64_t heads = q.size(0), own = q.size(1), dim = q.size(2);
    std::vector<int64_t> tokens(static_cast<size_t>(n), 0);  // of every rank
    for (int r = 0; r < n; r++)
        for (const int64_t part : parts_) tokens[static_cast<size_t>(r)] += share_of(part, r, n).count;
    const int64_t mine = share_of(heads, group_->rank(), n).count;

    std::vector<at::Tensor> send;
    std::vector<std::vector<int64_t>> shapes;
    for (int r = 0; r < n; r++) {
        const Share of = share_of(heads, r, n);
        send.push_back(at::stack(
            {q.narrow(0, of.first, of.count), k.narrow(0, of.first, of.count), v.narrow(0, of.first, of.count)}));
        shapes.push_back({3, mine, tokens[static_cast<size_t>(r)], dim});
    }
    const at::Tensor all = at::cat(group_->exchange(send, shapes, team()->cancel()), 2);  // [3, mine, all tokens, dim]
    send.clear(), shapes.clear();
    const at::Tensor attended =
        mine > 0 ? nn::attention(all[0], all[1], all[2]) : at::empty({all.size(2), 0}, q.options());
    for (int64_t at = 0, r = 0; r < n; r++) {
        send.push_back(attended.narrow(0, at, tokens[static_cast<size_t>(r)]));
        shapes.push_back({own, share_of(heads, static_cast<int>(r), n).count * dim});
        at += tokens[static_cast<size_t>(r)];
    }
    return at::cat(group_->exchange(send, shapes, team()->cancel()), 1).contiguous();
}

Halves::Halves(bool wanted) : on_(wanted && team() != nullptr && team()->halve()) {}

Halves::~Halves() {
    if (on_) team()->join();
}

bool Halves::second() const { return team()->in_second_half(); }

std::vector<at::Tensor> Halves::swap(const std::vector<at::Tensor>& own) const {
    Group& all = team()->all();
    const int half = all.size() / 2, other = (all.rank() + half) % all.size();
    std::vector<at::Tensor> got;
    for (const at::Tensor& one : own) {
        std::vector<at::Tensor> send(static_cast<size_t>(all.size()), at::empty({0}, one.options()));
        std::vector<std::vector<int64_t>> shapes(send.size(), {0});
        send[static_cast<size_t>(other)] = one.contiguous();
        shapes[static_cast<size_t>(other)] = one.sizes().vec();
        got.push_back(all.exchange(send, shapes, team()->cancel())[static_cast<size_t>(other)]);
    }
    return got;
}

}  // namespace zt::ranks
