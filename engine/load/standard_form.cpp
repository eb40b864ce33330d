// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See standard_form.h.
#include "load/standard_form.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::load {
namespace {

using weights::CheckpointEntry;
using Shape = std::vector<int64_t>;

int64_t numel(const Shape& shape) {  // fits: checkpoints are validated
    int64_t product = 1;
    for (const int64_t size : shape) product *= size;
    return product;
}

bool fits(const Shape& shape, const Shape& wanted) {
    if (shape.size() != wanted.size()) return false;
    for (size_t i = 0; i < shape.size(); ++i)
        if (wanted[i] >= 0 && shape[i] != wanted[i]) return false;
    return true;
}

// Whether each size of `got` is the product of sizes of `whole` that follow each other.
bool is_grouped(const Shape& got, const Shape& whole) {
    size_t at = 0;
    for (const int64_t size : got) {
        int64_t product = 1;
        do {
            if (at == whole.size()) return false;
            product *= whole[at++];
        } while (product < size);
        if (product != size) return false;
    }
    return std::all_of(whole.begin() + static_cast<ptrdiff_t>(at), whole.end(), [](int64_t size) { return size == 1; });
}

// One tensor as several with the same number of rows each. Factors of fp8 numbers: one for each row is taken apart
// with them, a single one belongs to every piece.
void add_pieces(const weights::Checkpoint& file, const CheckpointEntry& whole, const std::vector<std::string>& names,
                std::vector<CheckpointEntry>& out) {
    const auto count = static_cast<int64_t>(names.size());
    const bool single = numel(whole.shape) == 1;
    if (!single && (whole.shape.empty() || whole.shape.front() % count != 0))
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": tensor " + quote(whole.name) + ": expected rows for " +
                                          std::to_string(count) + " layers, got " + std::to_string(whole.rows()));
    for (size_t i = 0; i < names.size(); ++i) {
        CheckpointEntry piece = whole;
        piece.name = names[i];
        if (!single) {
            piece.shape.front() /= count;
            piece.size_bytes /= static_cast<uint64_t>(count);
            piece.offset += i * piece.size_bytes;
        }
        out.push_back(std::move(piece));
    }
}

}  // namespace

std::optional<Shape> restored_shape(const Shape& got, const Shape& wanted, int64_t rows) {
    if (got.size() >= wanted.size() || wanted.empty()) return std::nullopt;
    const int64_t numbers = numel(got);
    if (numbers <= 0) return std::nullopt;
    // Leading ones left out: what is there are the last sizes.
    Shape longer(wanted.size() - got.size(), 1);
    longer.insert(longer.end(), got.begin(), got.end());
    if (fits(longer, wanted)) {
        const bool told = std::all_of(wanted.begin(), wanted.end() - static_cast<ptrdiff_t>(got.size()),
                                      [](int64_t size) { return size == 1; });
        if (told) return longer;
    }
    Shape filled = wanted;
    if (filled.front() < 0 && rows > 0) filled.front() = rows;
    int64_t known = 1, open = 0;
    for (const int64_t size : filled) size < 0 ? ++open : known *= size;
    if (open > 1 || known <= 0 || numbers % known != 0 || (open == 0 && known != numbers)) return std::nullopt;
    for (int64_t& size : filled)
        if (size < 0) size = numbers / known;
    return is_grouped(got, filled) ? std::optional(filled) : std::nullopt;
}

void standardise(weights::Checkpoint& file, const PartNames& names) {
    const bool gguf = file.container() == weights::Container::kGguf;
    std::vector<CheckpointEntry> entries;
    std::map<std::string, int64_t> biases;
    for (const CheckpointEntry& entry : file.entries()) {
        if (const auto pieces = names.split(entry.name); !pieces.empty())
            add_pieces(file, entry, pieces, entries);
        else
            entries.push_back(entry);
        if (const auto placed = names.place(entry.name); gguf && placed && placed->leaf == "bias")
            biases[placed->module] = numel(entry.shape);
    }
    for (CheckpointEntry& entry : entries) {
        const auto placed = names.place(entry.name);
        if (!placed || placed->pieces != 1) continue;
        const Shape wanted = names.shape_of(*placed);
        while (!wanted.empty() && entry.shape.size() > wanted.size() && entry.shape.front() == 1)
            entry.shape.erase(entry.shape.begin());
        if (!gguf || entry.encoding != weights::Encoding::kDense) continue;
        const auto bias = biases.find(placed->module);
        if (auto shape = restored_shape(entry.shape, wanted, bias == biases.end() ? 0 : bias->second))
            entry.shape = std::move(*shape);
    }
    file.set_entries(std::move(entries));
}

}  // namespace zt::load
