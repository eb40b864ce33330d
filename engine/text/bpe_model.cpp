// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See bpe_model.h.
#include "text/bpe_model.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "text/unicode.h"

namespace zt::text {

BpeModel::BpeModel(Vocabulary vocabulary, std::vector<Merge> merges, BpeRules rules)
    : vocabulary_(std::move(vocabulary)), rules_(std::move(rules)) {
    // Of the same pair the highest rank comes first and stays.
    std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
        if (a.left != b.left) return a.left < b.left;
        return a.right != b.right ? a.right < b.right : a.rank > b.rank;
    });
    const auto same = [](const Merge& a, const Merge& b) { return a.left == b.left && a.right == b.right; };
    merges.erase(std::unique(merges.begin(), merges.end(), same), merges.end());
    first_.assign(static_cast<size_t>(vocabulary_.id_end()) + 1, 0);
    joins_.reserve(merges.size());
    for (const Merge& m : merges) {
        ++first_[static_cast<size_t>(m.left) + 1];
        joins_.push_back({m.right, m.joined, m.rank});
    }
    for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

const BpeModel::Join* BpeModel::find(int32_t left, int32_t right) const noexcept {
    const auto begin = joins_.begin() + first_[static_cast<size_t>(left)];
    const auto end = joins_.begin() + first_[static_cast<size_t>(left) + 1];
    const auto at = std::lower_bound(begin, end, right, [](const Join& j, int32_t wanted) { return j.right < wanted; });
    return at == end || at->right != right ? nullptr : &*at;
}

std::vector<BpeModel::Symbol> BpeModel::characters(std::string_view piece, TextBudget& budget) const {
    std::vector<Symbol> symbols;
    const auto add = [&symbols](int32_t id) {
        const auto at = static_cast<int32_t>(symbols.size());
        symbols.push_back({id, at - 1, at + 1});
    };
    bool after_unknown = false;
    for (size_t at = 0; at < piece.size();) {
        budget.work();
        const size_t start = at;
        (void)next_code_point(piece, at);
        std::string_view character = piece.substr(start, at - start);
        std::string with_suffix;
        if (at == piece.size() && !rules_.end_of_word_suffix.empty()) {
            with_suffix.append(character).append(rules_.end_of_word_suffix);
            character = with_suffix;
        }
        const std::optional<int32_t> id = vocabulary_.id(character);
        if (id) {
            add(*id);
        } else if (rules_.unknown && !(after_unknown && rules_.fuse_unknown)) {
            add(*rules_.unknown);
        }
        after_unknown = !id;
    }
    if (!symbols.empty()) symbols.back().next = -1;
    return symbols;
}

void BpeModel::join(std::vector<Symbol>& symbols, TextBudget& budget) const {
    struct Candidate {
        uint32_t rank;
        int32_t at, joined;
        bool operator<(const Candidate& other) const noexcept {  // the queue gives the largest first
            return rank != other.rank ? rank > other.rank : at > other.at;
        }
    };
    std::priority_queue<Candidate> queue;
    const auto consider = [&](int32_t at) {
        const Symbol& left = symbols[static_cast<size_t>(at)];
        if (const Join* j = find(left.id, symbols[static_cast<size_t>(left.next)].id))
            queue.push({j->rank, at, j->joined});
    };
    for (size_t i = 0; i + 1 < symbols.size(); ++i) consider(static_cast<int32_t>(i));
    while (!queue.empty()) {
        budget.work();
        const Candidate best = queue.top();
        queue.pop();
        Symbol& left = symbols[static_cast<size_t>(best.at)];
        if (left.id < 0 || left.next < 0) continue;
        // The neighbours may have changed since. As in the reference a candidate still counts when
        // the pair that stands there now makes the same token.
        Symbol& right = symbols[static_cast<size_t>(left.next)];
        const Join* now = find(left.id, right.id);
        if (now == nullptr || now->joined != best.joined) continue;
        left.id = best.joined;
        left.next = right.next;
        right.id = -1;
        if (left.next >= 0) {
            symbols[static_cast<size_t>(left.next)].previous = best.at;
            consider(best.at);
        }
        if (left.previous >= 0) consider(left.previous);
    }
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget) const {
    if (piece.empty()) return;
    if (rules_.ignore_merges) {
        if (const auto whole = vocabulary_.id(piece)) {
            ids.push_back(*whole);
            return;
        }
    }
    std::vector<Symbol> symbols = characters(piece, budget);
    join(symbols, budget);
    for (const Symbol& s : symbols)
        if (s.id >= 0) ids.push_back(s.id);
}

}  // namespace zt::text
