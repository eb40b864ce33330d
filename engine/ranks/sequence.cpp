// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sequence.h.
#include "ranks/sequence.h"

#include <algorithm>
#include <numeric>
#include <optional>
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
    const at::Tensor send = group_->as_sent(rows);
    return at::cat(group_->exchange(std::vector<at::Tensor>(shapes.size(), send), shapes, team()->cancel()))
        .to(rows.device());
}

struct Sequence::Stand {
    Split split;
    int rank = 0, size = 1;
    int first = 0;                // of the ranks that exchange heads with this one
    std::vector<int64_t> tokens;  // of every rank

    // Of a part of `all` tokens, those of `count` ranks from `from` on.
    [[nodiscard]] int64_t of_part(int64_t all, int from, int count) const {
        return share_of(all, from + count - 1, size).first + share_of(all, from + count - 1, size).count -
               share_of(all, from, size).first;
    }
    // Of all ranks of a group that exchanges heads.
    [[nodiscard]] int64_t of_group(int group) const {
        const auto begin = tokens.begin() + group * split.exchange;
        return std::accumulate(begin, begin + split.exchange, int64_t{0});
    }
    [[nodiscard]] bool neighbours(int other) const { return other >= first && other < first + split.exchange; }
    // Of all rows of those who exchange, in the order of the parts as one rank would have them, those of `other`.
    [[nodiscard]] std::vector<Share> rows_of(int other, const std::vector<int64_t>& parts) const {
        std::vector<Share> rows;
        int64_t at = 0;
        for (const int64_t part : parts)
            for (int r = first; r < first + split.exchange; r++) {
                const int64_t count = share_of(part, r, size).count;
                if (r == other) rows.push_back({at, count});
                at += count;
            }
        return rows;
    }
    // Tokens as one rank would have them, part by part, so that an attention to them is the same bits. Each member,
    // [.., tokens, dim], has those of `each` ranks, the first of rank `from` and its next ones, and so on.
    [[nodiscard]] at::Tensor in_order(const std::vector<at::Tensor>& members, int from, int each,
                                      const std::vector<int64_t>& parts) const {
        std::vector<at::Tensor> rows;
        std::vector<int64_t> taken(members.size(), 0);
        for (const int64_t part : parts)
            for (size_t m = 0; m < members.size(); m++) {
                const int64_t count = of_part(part, from + static_cast<int>(m) * each, each);
                rows.push_back(members[m].narrow(-2, taken[m], count));
                taken[m] += count;
            }
        return at::cat(rows, -2);
    }
};

// own [3, heads, own tokens, dim] -> [3, heads of this rank, tokens of those who exchange, dim]
at::Tensor Sequence::to_heads(const at::Tensor& own, const Stand& stand) const {
    if (stand.split.exchange == 1) return own;
    const int64_t each = stand.split.heads;
    std::vector<at::Tensor> send;
    std::vector<std::vector<int64_t>> shapes;
    for (int r = 0; r < stand.size; r++) {
        const bool here = stand.neighbours(r);
        send.push_back(own.narrow(1, here ? (r - stand.first) * each : 0, here ? each : 0));
        shapes.push_back({3, each, here ? stand.tokens[static_cast<size_t>(r)] : 0, own.size(3)});
    }
    std::vector<at::Tensor> got = group_->exchange(send, shapes, team()->cancel());
    got = {got.begin() + stand.first, got.begin() + stand.first + stand.split.exchange};
    return stand.in_order(got, stand.first, 1, parts_);
}

// [tokens of those who exchange, dim of this rank's heads] -> [own tokens, dim of all heads]
at::Tensor Sequence::to_tokens(const at::Tensor& attended, const Stand& stand) const {
    if (stand.split.exchange == 1) return attended;
    const int64_t own = stand.tokens[static_cast<size_t>(stand.rank)];
    std::vector<at::Tensor> send;
    std::vector<std::vector<int64_t>> shapes;
    for (int r = 0; r < stand.size; r++) {
        std::vector<at::Tensor> rows;
        for (const Share& of : stand.rows_of(r, parts_)) rows.push_back(attended.narrow(0, of.first, of.count));
        send.push_back(rows.empty() ? attended.narrow(0, 0, 0) : rows.size() == 1 ? rows[0] : at::cat(rows));
        shapes.push_back({own, stand.neighbours(r) ? attended.size(1) : 0});
    }
    return at::cat(group_->exchange(send, shapes, team()->cancel()), 1);
}

// q [heads, tokens, dim] to the keys and values of all groups, of which kv [2, heads, tokens, dim] are this group's ->
// [tokens, heads * dim]. While it attends with some heads, the keys and values of the next ones come.
at::Tensor Sequence::to_all_keys(const at::Tensor& q, const at::Tensor& kv, const Stand& stand) const {
    const int64_t heads = q.size(0), dim = q.size(2), run = heads_at_a_time(heads);
    const int group = stand.rank / stand.split.exchange;
    const at::Tensor ours = group_->as_sent(kv);
    const auto begin = [&](int64_t first) {
        const int64_t count = std::min(run, heads - first);
        const at::Tensor own = ours.narrow(1, first, count);
        std::vector<at::Tensor> send(static_cast<size_t>(stand.size), own.narrow(2, 0, 0));
        std::vector<std::vector<int64_t>> shapes(send.size(), {2, count, 0, dim});
        for (int g = 0; g < stand.split.groups; g++) {
            const auto other = static_cast<size_t>(stand.rank + (g - group) * stand.split.exchange);
            send[other] = own;
            shapes[other][2] = stand.of_group(g);
        }
        return group_->begin(send, shapes, team()->cancel());
    };
    const auto keys_of = [&](Group::Exchange& coming) {
        const std::vector<at::Tensor> got = coming.wait(team()->cancel());
        std::vector<at::Tensor> groups;
        for (int r = stand.rank % stand.split.exchange; r < stand.size; r += stand.split.exchange)
            groups.push_back(got[static_cast<size_t>(r)]);
        return stand.in_order(groups, 0, stand.split.exchange, parts_).to(q.device());
    };
    const at::Tensor out = at::empty({q.size(1), heads, dim}, q.options());
    std::optional<Group::Exchange> coming(begin(0));
    for (int64_t first = 0; first < heads; first += run) {
        const at::Tensor all = keys_of(*coming);
        if (first + run < heads) coming.emplace(begin(first + run));
        const int64_t count = std::min(run, heads - first);
        if (q.size(1) > 0)
            out.narrow(1, first, count)
                .copy_(nn::self_attention(q.narrow(0, first, count), all[0], all[1]).view({-1, count, dim}));
    }
    return out.flatten(1);
}

at::Tensor Sequence::attention(const at::Tensor& own) const {
    if (!spread()) return nn::attention(own[0], own[1], own[2]);
    Stand stand{split_of(own.size(1), group_->size()), group_->rank(), group_->size(), 0, {}};
    stand.first = stand.rank / stand.split.exchange * stand.split.exchange;
    stand.tokens.assign(static_cast<size_t>(stand.size), 0);
    for (int r = 0; r < stand.size; r++)
        for (const int64_t part : parts_) stand.tokens[static_cast<size_t>(r)] += share_of(part, r, stand.size).count;
    at::Tensor here = to_heads(own, stand);
    const at::Tensor attended = stand.split.groups > 1 ? to_all_keys(here[0], here.narrow(0, 1, 2), stand)
                                                       : nn::attention(here[0], here[1], here[2]);
    here.reset();
    return to_tokens(attended, stand);
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
