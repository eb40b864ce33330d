// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sequence.h.
#include "ranks/sequence.h"

#include <numeric>
#include <optional>
#include <utility>

#include "nn/attention.h"
#include "nn/attention_parts.h"
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

    // Of all ranks that exchange heads with `rank`.
    [[nodiscard]] int64_t together(int of) const {
        const auto begin = tokens.begin() + of / split.exchange * split.exchange;
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
};

// own [3, heads, own tokens, dim] -> q [heads of this rank, tokens of those who exchange, dim] and kv [2, ...]. Where
// all ranks exchange, tokens stand as one rank would have them, and so attention is the same bits.
Sequence::Heads Sequence::to_heads(const at::Tensor& own, const Stand& stand) const {
    if (stand.split.exchange == 1) return {own[0], own.narrow(0, 1, 2)};
    const int64_t each = stand.split.heads;
    std::vector<at::Tensor> send;
    std::vector<std::vector<int64_t>> shapes;
    for (int r = 0; r < stand.size; r++) {
        const bool here = stand.neighbours(r);
        send.push_back(own.narrow(1, here ? (r - stand.first) * each : 0, here ? each : 0));
        shapes.push_back({3, each, here ? stand.tokens[static_cast<size_t>(r)] : 0, own.size(3)});
    }
    const std::vector<at::Tensor> got = group_->exchange(send, shapes, team()->cancel());
    std::vector<at::Tensor> q, kv;
    std::vector<int64_t> taken(got.size(), 0);
    for (const int64_t part : parts_)
        for (int r = stand.first; r < stand.first + stand.split.exchange; r++) {
            const auto from = static_cast<size_t>(r);
            const int64_t count = share_of(part, r, stand.size).count;
            const at::Tensor rows = got[from].narrow(2, taken[from], count);
            q.push_back(rows[0]), kv.push_back(rows.narrow(0, 1, 2));
            taken[from] += count;
        }
    return {at::cat(q, 1), at::cat(kv, 2)};
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

// q [heads, tokens, dim] to the keys and values [2, heads, tokens, dim] of the whole ring. While it attends to those
// that are here, the next ones come. They go on from where they came to, by Gloo the host's memory.
at::Tensor Sequence::around(const at::Tensor& q, at::Tensor kv, const Stand& stand) const {
    const int ring = stand.split.ring, step = stand.split.exchange;
    const auto other = [&](int ahead) { return (stand.rank + ahead * step + stand.size) % stand.size; };
    at::Tensor travels = group_->as_sent(kv);
    nn::AttentionPart found;
    for (int turn = 0; turn < ring; turn++) {
        std::optional<Group::Exchange> coming;
        if (turn + 1 < ring) {
            std::vector<at::Tensor> send(static_cast<size_t>(stand.size), at::empty({0}, travels.options()));
            std::vector<std::vector<int64_t>> shapes(send.size(), {0});
            send[static_cast<size_t>(other(1))] = travels;
            shapes[static_cast<size_t>(other(-1))] = {2, kv.size(1), stand.together(other(-1 - turn)), kv.size(3)};
            coming.emplace(group_->begin(send, shapes, team()->cancel()));
        }
        if (q.size(1) > 0 && kv.size(2) > 0) {
            const nn::AttentionPart part = nn::attention_part(q, kv[0], kv[1]);
            if (found.out.defined())
                nn::merge(found, part);
            else
                found = part;
        }
        if (coming) {
            travels = coming->wait(team()->cancel())[static_cast<size_t>(other(-1))];
            kv = travels.to(q.device());
        }
    }
    return found.out.defined() ? found.out.to(q.scalar_type()).flatten(1)
                               : at::empty({0, q.size(0) * q.size(2)}, q.options());
}

at::Tensor Sequence::attention(const at::Tensor& own) const {
    if (!spread()) return nn::attention(own[0], own[1], own[2]);
    Stand stand{split_of(own.size(1), group_->size()), group_->rank(), group_->size(), 0, {}};
    stand.first = stand.rank / stand.split.exchange * stand.split.exchange;
    stand.tokens.assign(static_cast<size_t>(stand.size), 0);
    for (int r = 0; r < stand.size; r++)
        for (const int64_t part : parts_) stand.tokens[static_cast<size_t>(r)] += share_of(part, r, stand.size).count;
    Heads here = to_heads(own, stand);
    const at::Tensor attended = stand.split.ring > 1 ? around(here.q, std::move(here.kv), stand)
                                                     : nn::attention(here.q, here.kv[0], here.kv[1]);
    here = {};
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
