// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Averages over areas whose edges lie between samples: how a picture of any size becomes the same small grid of cells.
#pragma once

#include <cstddef>
#include <vector>

namespace zt::marks {

// How one direction of a picture is divided. Immutable.
class AreaMap {
public:
    // Cells of equal length from `from` to `to`, in samples; what lies outside of 0..samples is the sample at the edge.
    // samples, cells >= 1, from < to.
    AreaMap(int samples, double from, double to, int cells);

    struct Cell {
        int first = 0, count = 0;  // samples it covers, wholly or in part
        int weights = 0;           // index of the first of their weights
    };
    [[nodiscard]] int cells() const noexcept { return static_cast<int>(cells_.size()); }
    [[nodiscard]] const Cell& cell(int index) const noexcept { return cells_[static_cast<size_t>(index)]; }
    // Of the n-th sample of a cell; together 1.
    [[nodiscard]] float weight(const Cell& cell, int n) const noexcept {
        return weights_[static_cast<size_t>(cell.weights + n)];
    }
    // The averages of one row or column that holds all samples.
    void average(const float* samples, float* cells) const noexcept;

private:
    std::vector<Cell> cells_;
    std::vector<float> weights_;
};

}  // namespace zt::marks
