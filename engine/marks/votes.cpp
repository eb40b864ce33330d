// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See votes.h.
#include "marks/votes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "marks/payload.h"

namespace zt::marks {

namespace {

constexpr double kBentkus = 3.1787;    // 1 / (4 Q(sqrt 2))
constexpr double kPayloads = 65536.0;  // as many as there are

std::vector<float> in_order_of_bits(const Layout& layout, const std::vector<float>& votes) {
    std::vector<float> by_bit(votes.size());
    for (size_t n = 0; n < votes.size(); ++n) by_bit[static_cast<size_t>(layout.carriers[n].bit)] = votes[n];
    return by_bit;
}

// T of the bits from `first` up to `end`.
double alignment(const std::vector<float>& by_bit, const CodeWord& word, size_t first, size_t end) {
    double sum = 0.0, squares = 0.0;
    for (size_t bit = first; bit < end; ++bit) {
        sum += word[bit] * static_cast<double>(by_bit[bit]);
        squares += static_cast<double>(by_bit[bit]) * by_bit[bit];
    }
    return squares > 0.0 ? sum / std::sqrt(squares) : 0.0;
}

}  // namespace

void Voter::add(const Layout& layout, const ViewMaps& maps, const View& view, const float* luma, int samples_across,
                std::vector<float>& votes) {
    const int columns = maps.across.cells();
    row_.resize(static_cast<size_t>(samples_across));
    cells_.resize(static_cast<size_t>(columns) * static_cast<size_t>(maps.down.cells()));
    parts_.resize(layout.carriers.size());
    float* const row = row_.data();
    for (int y = 0; y < maps.down.cells(); ++y) {
        const AreaMap::Cell& cell = maps.down.cell(y);
        std::fill(row_.begin(), row_.end(), 0.0F);
        for (int n = 0; n < cell.count; ++n) {
            const float* const line = luma + static_cast<ptrdiff_t>(cell.first + n) * samples_across;
            const float weight = maps.down.weight(cell, n);
            for (int x = 0; x < samples_across; ++x) row[x] += weight * line[x];
        }
        float* const cells = cells_.data() + static_cast<ptrdiff_t>(y) * columns;
        maps.across.average(row, cells);
        if (view.mirrored) std::reverse(cells, cells + columns);
    }
    measure(layout, cells_.data(), parts_.data());
    constexpr auto kTurn = static_cast<float>(2.0 * std::numbers::pi);
    for (size_t n = 0; n < parts_.size(); ++n) {
        const Carrier& carrier = layout.carriers[n];
        const float steps = view.gain * parts_[n] / layout.step - carrier.dither;
        votes[n] += static_cast<float>(carrier.sign) * std::cos(kTurn * steps);
    }
}

double chance_of(double t) noexcept { return std::min(1.0, kBentkus * 0.5 * std::erfc(t / std::numbers::sqrt2)); }

double tag_of(const Layout& layout, const std::vector<float>& votes) {
    return alignment(in_order_of_bits(layout, votes), encode(0), 0, kTagBits);
}

Verdict judge(const Layout& layout, const std::vector<float>& votes) {
    const std::vector<float> by_bit = in_order_of_bits(layout, votes);
    Verdict verdict;
    verdict.tag = alignment(by_bit, encode(0), 0, kTagBits);
    verdict.chance = chance_of(verdict.tag);
    if (!layout.has_payload()) return verdict;
    verdict.model = decode(by_bit.data() + kTagBits);
    if (!verdict.model) return verdict;
    const CodeWord word = encode(*verdict.model);
    verdict.chance = std::min(verdict.chance, kPayloads * chance_of(alignment(by_bit, word, 0, by_bit.size())));
    verdict.payload_chance = kPayloads * chance_of(alignment(by_bit, word, kTagBits, by_bit.size()));
    return verdict;
}

}  // namespace zt::marks
