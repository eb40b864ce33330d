// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Factors read, and multiplied; see lora.h.
#include "load/lora.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::load {
namespace {

using weights::CheckpointEntry;

// As LoraSet admits them.
at::ScalarType type_of(const CheckpointEntry& entry) {
    switch (entry.dtype) {
        case weights::Dtype::kBF16: return at::kBFloat16;
        case weights::Dtype::kF16: return at::kHalf;
        case weights::Dtype::kF64: return at::kDouble;
        case weights::Dtype::kF8E4M3: return at::kFloat8_e4m3fn;
        case weights::Dtype::kF8E5M2: return at::kFloat8_e5m2;
        default: return at::kFloat;
    }
}

// A factor as a matrix on `device`, in the type of its file; undefined where there is none. By way of page-locked
// memory where that is not the host, so that nobody waits for it.
at::Tensor read(const LoraDelta& delta, size_t factor, at::Device device, const Cancel* cancel) {
    const CheckpointEntry* entry = delta.factors[factor];
    if (entry == nullptr) return {};
    const at::TensorOptions host = at::TensorOptions(type_of(*entry)).pinned_memory(!device.is_cpu());
    const at::Tensor stored = at::empty(entry->shape, host);
    delta.file->read(*entry, 0, {static_cast<std::byte*>(stored.data_ptr()), stored.nbytes()}, cancel);
    return stored.view({delta.kind == LoraKind::kWhole ? delta.rows : entry->rows(), -1})
        .to(device, stored.scalar_type(), /*non_blocking=*/true);
}

// Runs of rows: `from` in the file, `to` within the rows that the delta changes.
struct Run {
    int64_t from, to, count;
};
std::vector<Run> runs_of(const LoraDelta& delta) {
    if (delta.order == RowOrder::kPerHead) {
        constexpr int64_t kParts = 3;  // q, k, v
        std::vector<Run> runs;
        const int64_t dim = delta.rows / (kParts * delta.heads);
        for (int64_t row = 0; row < kParts * delta.heads; ++row)
            runs.push_back({row * dim, (row % kParts * delta.heads + row / kParts) * dim, dim});
        return runs;
    }
    if (delta.order != RowOrder::kSwapHalves) return {{0, 0, delta.rows}};
    const int64_t half = delta.rows / 2;
    return {{half, 0, delta.rows - half}, {0, delta.rows - half, half}};
}

// A delta whose factors are in memory, as fp32.
struct Change {
    const LoraDelta* delta;
    std::array<at::Tensor, 4> factors;  // of kKronecker: w1 and w2

    Change(const LoraDelta& d, at::Device device, const Cancel* cancel) : delta(&d) {
        for (size_t i = 0; i < factors.size(); ++i)
            if (const at::Tensor stored = read(d, i, device, cancel); stored.defined())
                factors[i] = stored.to(at::kFloat);
        if (d.kind != LoraKind::kKronecker) return;
        const auto product = [](const at::Tensor& a, const at::Tensor& b) { return b.defined() ? at::mm(a, b) : a; };
        factors = {product(factors[0], factors[1]), product(factors[2], factors[3])};
    }

    // Rows [from, from + count) in the order of the file, not yet scaled.
    [[nodiscard]] at::Tensor rows(int64_t from, int64_t count) const {
        const auto some = [&](const at::Tensor& t) { return t.narrow(0, from, count); };
        switch (delta->kind) {
            case LoraKind::kLowRank: return at::mm(some(factors[0]), factors[1]);
            case LoraKind::kWhole: return some(factors[0]);
            case LoraKind::kHadamard:
                return at::mm(some(factors[0]), factors[1]).mul_(at::mm(some(factors[2]), factors[3]));
            case LoraKind::kKronecker: break;
        }
        // Row i is row i / n of w1 with each number times row i % n of w2, where w2 has n rows.
        const at::Tensor index = at::arange(from, from + count, factors[0].options().dtype(at::kLong));
        const int64_t n = factors[1].size(0);
        const at::Tensor left = factors[0].index_select(0, index.div(n, "floor")),
                         right = factors[1].index_select(0, index.remainder(n));
        return (left.unsqueeze(2) * right.unsqueeze(1)).reshape({count, -1});
    }
};

}  // namespace

void merge_loras(const LoraSet& loras, const std::string& name, const at::Tensor& tensor, const Cancel* cancel) {
    const auto deltas = loras.deltas(name);
    if (deltas.empty()) return;
    const int64_t out = tensor.size(0);
    const at::Tensor flat = tensor.view({out, -1});
    std::vector<Change> changes;
    for (const LoraDelta& delta : deltas) changes.emplace_back(delta, tensor.device(), cancel);
    for (int64_t at = 0; at < out; at += kLoraRowsAtOnce) {
        const int64_t end = std::min(out, at + kLoraRowsAtOnce);
        at::Tensor chunk = flat.slice(0, at, end).to(at::kFloat, false, /*copy=*/true);
        for (const Change& change : changes) {
            for (const Run& run : runs_of(*change.delta)) {
                const int64_t first = change.delta->first + run.to;
                const int64_t from = std::max(at, first), to = std::min(end, first + run.count);
                if (from < to)
                    chunk.slice(0, from - at, to - at) +=
                        change.rows(run.from + from - first, to - from) * change.delta->scale;
            }
        }
        flat.slice(0, at, end).copy_(chunk);
    }
}

std::vector<nn::LowRank> loras_beside(const LoraSet& loras, const std::string& name, int64_t out, at::ScalarType type,
                                      at::Device device, const Cancel* cancel) {
    std::vector<nn::LowRank> all;
    for (const LoraDelta& delta : loras.deltas(name)) {
        if (delta.kind != LoraKind::kLowRank)
            throw Error(ZT_ERROR_INTERNAL, "lora " + delta.file->name() + ": " + quote(name) +
                                               ": expected low rank parts only, got others");
        at::Tensor up = read(delta, 0, device, cancel);
        if (delta.rows != out || delta.order != RowOrder::kSame) {
            const at::Tensor placed = at::zeros({out, delta.rank}, at::TensorOptions(device).dtype(type));
            for (const Run& run : runs_of(delta))
                placed.narrow(0, delta.first + run.to, run.count).copy_(up.narrow(0, run.from, run.count));
            up = placed;
        }
        all.push_back({read(delta, 1, device, cancel).to(type), up.to(type), delta.scale});
    }
    return all;
}

}  // namespace zt::load
