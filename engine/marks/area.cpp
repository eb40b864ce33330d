// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See area.h.
#include "marks/area.h"

#include <algorithm>
#include <cmath>

namespace zt::marks {

AreaMap::AreaMap(int samples, double from, double to, int cells) {
    const double length = (to - from) / cells;
    for (int index = 0; index < cells; ++index) {
        const double low = from + length * index, high = low + length;
        const int last_sample = samples - 1;
        const int first = std::clamp(static_cast<int>(std::floor(low)), 0, last_sample);
        const int last = std::clamp(static_cast<int>(std::ceil(high)) - 1, first, last_sample);
        cells_.push_back({first, last - first + 1, static_cast<int>(weights_.size())});
        double total = 0.0;
        std::vector<double> shares;
        for (int at = first; at <= last; ++at) {
            // The samples at both ends reach as far as they are asked.
            const double left = at == 0 ? low : std::max<double>(low, at);
            const double right = at == last_sample ? high : std::min<double>(high, at + 1);
            shares.push_back(std::max(0.0, std::min(right, high) - std::max(left, low)));
            total += shares.back();
        }
        for (const double share : shares)
            weights_.push_back(
                static_cast<float>(total > 0.0 ? share / total : 1.0 / static_cast<double>(shares.size())));
    }
}

void AreaMap::average(const float* samples, float* cells) const noexcept {
    for (size_t index = 0; index < cells_.size(); ++index) {
        const Cell& cell = cells_[index];
        const float* const weights = weights_.data() + cell.weights;
        float sum = 0.0F;
        for (int n = 0; n < cell.count; ++n) sum += weights[n] * samples[cell.first + n];
        cells[index] = sum;
    }
}

}  // namespace zt::marks
