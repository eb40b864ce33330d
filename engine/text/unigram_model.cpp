// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See unigram_model.h.
#include "text/unigram_model.h"

#include <algorithm>
#include <limits>

#include "text/unicode.h"

namespace zt::text {
namespace {

constexpr double kUnknownPenalty = 10;  // below the worst score of the vocabulary

// Orders as the text does; equal for texts that begin alike. Most comparisons end here.
uint64_t head_of(std::string_view text) noexcept {
    uint64_t head = 0;
    for (size_t i = 0; i < 8; ++i) head = head << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0U);
    return head;
}

struct Sorted {
    uint64_t head;
    std::string_view text;
    int32_t id;
};

std::vector<Sorted> by_text(const UnigramPieces& pieces) {
    std::vector<Sorted> sorted;
    sorted.reserve(pieces.pieces.size());
    for (const auto& p : pieces.pieces) {
        const std::string_view text = std::string_view(pieces.text).substr(p.start, p.length);
        sorted.push_back({head_of(text), text, static_cast<int32_t>(sorted.size())});
    }
    // Of equal ones the last comes first: building the trie keeps the first.
    std::sort(sorted.begin(), sorted.end(), [](const Sorted& a, const Sorted& b) {
        if (a.head != b.head) return a.head < b.head;
        const int order = a.text.compare(b.text);
        return order != 0 ? order < 0 : a.id > b.id;
    });
    return sorted;
}

}  // namespace

UnigramModel::UnigramModel(const UnigramPieces& pieces, UnigramRules rules) : rules_(rules) {
    double worst = std::numeric_limits<double>::infinity();
    scores_.reserve(pieces.pieces.size());
    for (const auto& p : pieces.pieces) {
        scores_.push_back(p.score);
        worst = std::min(worst, p.score);
    }
    unknown_score_ = worst - kUnknownPenalty;

    const std::vector<Sorted> sorted = by_text(pieces);
    // A node is a stretch of pieces that begin alike.
    struct Stretch {
        uint32_t from, to;
    };
    std::vector<Stretch> level = {{0, static_cast<uint32_t>(sorted.size())}}, below;
    bytes_.push_back(0);
    for (size_t depth = 0; !level.empty(); ++depth, level.swap(below), below.clear()) {
        const size_t next_level = bytes_.size();
        for (auto [at, to] : level) {
            first_.push_back(static_cast<uint32_t>(next_level + below.size()));
            // The shortest of the stretch stand first.
            ends_.push_back(at < to && sorted[at].text.size() == depth ? sorted[at].id : -1);
            while (at < to && sorted[at].text.size() == depth) ++at;
            while (at < to) {
                const char byte = sorted[at].text[depth];
                const uint32_t from = at;
                while (at < to && sorted[at].text[depth] == byte) ++at;
                below.push_back({from, at});
                bytes_.push_back(static_cast<uint8_t>(byte));
            }
        }
    }
    first_.push_back(static_cast<uint32_t>(bytes_.size()));
    bytes_.shrink_to_fit();
    first_.shrink_to_fit();
    ends_.shrink_to_fit();

    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (size_t b = 0; b < byte_ids_.size(); ++b)
        byte_ids_[b] = id({"<0x" + std::string{kDigits[b >> 4], kDigits[b & 0xF]} + ">"}).value_or(-1);
}

std::optional<size_t> UnigramModel::child(size_t node, char byte) const noexcept {
    const auto begin = bytes_.begin() + first_[node], end = bytes_.begin() + first_[node + 1];
    const auto at = std::lower_bound(begin, end, static_cast<uint8_t>(byte));
    if (at == end || *at != static_cast<uint8_t>(byte)) return std::nullopt;
    return static_cast<size_t>(at - bytes_.begin());
}

std::optional<int32_t> UnigramModel::id(std::string_view piece) const noexcept {
    std::optional<size_t> node = first_.empty() ? std::nullopt : std::optional<size_t>(0);
    for (size_t i = 0; node && i < piece.size(); ++i) node = child(*node, piece[i]);
    return node && ends_[*node] >= 0 ? std::optional(ends_[*node]) : std::nullopt;
}

std::vector<UnigramModel::Token> UnigramModel::best_cut(std::string_view piece, TextBudget& budget) const {
    constexpr size_t kNowhere = SIZE_MAX;
    struct Best {
        double score = 0;         // of the best cut of the text up to here
        size_t start = kNowhere;  // of its last token
        int32_t id = 0;
    };
    std::vector<Best> best(piece.size() + 1);
    for (size_t at = 0, next = 0; at < piece.size(); at = next) {
        (void)next_code_point(piece, next);
        // Of equal cuts the first that was found stays: tokens that start earlier, then shorter ones.
        const auto offer = [&](size_t end, int32_t id, double score) {
            const double sum = score + best[at].score;
            if (best[end].start == kNowhere || sum > best[end].score) best[end] = {sum, at, id};
        };
        bool has_single = false;
        size_t end = at;
        for (std::optional<size_t> node = 0; end < piece.size() && (node = child(*node, piece[end]));) {
            ++end;
            const int32_t id = ends_[*node];
            if (id < 0) continue;
            offer(end, id, scores_[static_cast<size_t>(id)]);
            has_single = has_single || end == next;
        }
        budget.work(end - at + 1);
        if (!has_single) offer(next, rules_.unknown, unknown_score_);
    }
    std::vector<Token> cut;
    for (size_t end = piece.size(); end > 0; end = best[end].start) cut.push_back({best[end].start, best[end].id});
    std::reverse(cut.begin(), cut.end());
    return cut;
}

void UnigramModel::add_unknown(std::string_view characters, std::vector<int32_t>& ids) const {
    // Several unknown ones together may be a token whose own score was too low.
    if (const auto known = id(characters)) return ids.push_back(*known);
    const auto byte_id = [this](char c) { return byte_ids_[static_cast<uint8_t>(c)]; };
    if (rules_.byte_fallback &&
        std::all_of(characters.begin(), characters.end(), [&](char c) { return byte_id(c) >= 0; })) {
        for (const char c : characters) ids.push_back(byte_id(c));
    } else {
        ids.push_back(rules_.unknown);
    }
}

void UnigramModel::encode(std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget) const {
    constexpr size_t kNone = SIZE_MAX;
    size_t unknown_from = kNone;  // where the run of unknown tokens began that goes on
    const auto end_run = [&](size_t end) {
        if (unknown_from != kNone) add_unknown(piece.substr(unknown_from, end - unknown_from), ids);
        unknown_from = kNone;
    };
    for (const Token& token : best_cut(piece, budget)) {
        if (token.id == rules_.unknown) {
            if (unknown_from == kNone) unknown_from = token.start;
            continue;
        }
        end_run(token.start);
        ids.push_back(token.id);
    }
    end_run(piece.size());
}

}  // namespace zt::text
