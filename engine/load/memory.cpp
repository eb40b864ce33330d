// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sums over headers; see memory.h.
#include "load/memory.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/error.h"
#include "ranks/traffic.h"

namespace zt::load {
namespace {

using weights::Checkpoint;
using weights::CheckpointEntry;

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

uint64_t numel_of(const CheckpointEntry& entry) {
    uint64_t numel = 1;
    for (const int64_t size : entry.shape) numel *= u(size);  // fits: the file was validated
    return numel;
}

bool is_packed(const CheckpointEntry& entry, const std::string& name, const Resident& as) {
    return as.keep_packed && entry.encoding != weights::Encoding::kDense && entry.shape.size() == 2 &&
           !(as.loras != nullptr && as.loras->changes_whole(name));
}

// A tensor with the adapters beside it: numel * element_bytes, or the file's own bytes for what stays packed.
uint64_t tensor_bytes(const CheckpointEntry& entry, const Placed& placed, const Resident& as) {
    const std::string name = placed.name();
    if (!is_packed(entry, name, as)) return numel_of(entry) * u(as.element_bytes);
    const bool first = placed.piece == 0;  // adapters are for all pieces together
    return entry.size_bytes + (as.loras != nullptr && first ? as.loras->numbers_beside(name) * u(as.element_bytes) : 0);
}

// Of the block of a list that has most, what `bytes` says of its tensors.
uint64_t largest_block(const Checkpoint& file, const PartNames& names, std::string_view list, const Wanted& wanted,
                       const std::function<uint64_t(const CheckpointEntry&, const Placed&)>& bytes) {
    std::map<int64_t, uint64_t> blocks;
    for (const CheckpointEntry& entry : file.entries()) {
        const auto placed = names.place(entry.name);
        if (!placed || (wanted && !wanted(placed->name()))) continue;
        const int64_t number = block_number(placed->module, list);
        if (number >= 0) blocks[number] += bytes(entry, *placed);
    }
    uint64_t largest = 0;
    for (const auto& [number, sum] : blocks) largest = std::max(largest, sum);
    return largest;
}

// What a rank of so many has of the denoise phase's weights, whose first blocks are whole.
double held(const Phase& denoise, const std::vector<double>& block_share, int64_t whole, int ranks) {
    const uint64_t blocks = denoise.all_blocks();
    double of_all = 0, of_each = 0;
    for (size_t i = 0; i < block_share.size(); i++)
        (static_cast<int64_t>(i) < whole ? of_all : of_each) += block_share[i];
    return static_cast<double>(denoise.weights - blocks) +
           static_cast<double>(blocks) * (of_all + of_each / static_cast<double>(ranks));
}

// The most that phases need beside what stays of the denoise phase: of that its one or two whole blocks, and what is on
// its way; keep: also while other phases work.
uint64_t beside_blocks(const MemoryPlan& plan, Gather gather, bool keep) {
    const Phase& denoise = plan.phase("denoise");
    uint64_t most = denoise.data + denoise.least_weights / (gather == Gather::kAhead ? 1 : 2) +
                    denoise.least_weights / ranks::kPartsOfRun;
    for (const Phase& phase : plan.phases)
        if (keep && phase.name != "denoise") most = std::max(most, phase.bytes());
    return most;
}

// As many whole blocks as fit. To keep them comes first: what is shared is read from the disk once, whole, by each.
SharesBudget fit_shares(const MemoryPlan& plan, const MemoryLimit& limit, const std::vector<double>& block_share,
                        int ranks, Gather gather) {
    const Phase& denoise = plan.phase("denoise");
    const uint64_t room = limit.bytes - limit.program;
    for (const bool keep : {true, false}) {
        const uint64_t beside = beside_blocks(plan, gather, keep);
        for (auto whole = static_cast<int64_t>(block_share.size()) - 1; whole >= 0 && beside <= room; whole--) {
            const double weights = held(denoise, block_share, whole, ranks);
            if (weights > static_cast<double>(room - beside)) continue;
            return {whole, keep,
                    limit.program + std::max(static_cast<uint64_t>(weights) + beside, keep ? 0 : plan.least_peak())};
        }
    }
    return {};
}

}  // namespace

int64_t block_number(std::string_view name, std::string_view list) {
    if (!name.starts_with(list)) return -1;
    int64_t number = 0;
    for (const char c : name.substr(list.size())) {
        if (c < '0' || c > '9') break;
        number = number * 10 + (c - '0');
    }
    return number;
}
uint64_t resident_bytes(const Checkpoint& file, const PartNames& names, const Resident& as, const Wanted& wanted) {
    uint64_t sum = 0;
    for (const CheckpointEntry& entry : file.entries()) {
        const auto placed = names.place(entry.name);
        if (!placed || !placed->is_tensor()) continue;
        if (!wanted || wanted(placed->name())) sum += tensor_bytes(entry, *placed, as);
    }
    return sum;
}

uint64_t two_blocks(const Checkpoint& file, const PartNames& names, const Resident& as, std::string_view list,
                    const Wanted& wanted) {
    return 2 * largest_block(file, names, list, wanted, [&](const CheckpointEntry& entry, const Placed& placed) {
               return tensor_bytes(entry, placed, as);
           });
}

uint64_t all_blocks(const Checkpoint& file, const PartNames& names, const Resident& as, std::string_view list,
                    const Wanted& wanted) {
    return resident_bytes(file, names, as, [&](std::string_view name) {
        return block_number(name, list) >= 0 && (!wanted || wanted(name));
    });
}

uint64_t decoded_matrix(const Checkpoint* file, const Resident& as) {
    uint64_t largest = 0;
    if (file == nullptr || !as.keep_packed) return 0;
    for (const CheckpointEntry& entry : file->entries()) {
        if (entry.encoding == weights::Encoding::kDense || entry.shape.size() != 2) continue;
        largest = std::max(largest, numel_of(entry) * u(as.element_bytes));
    }
    return largest;
}

uint64_t decoded_block(const Checkpoint* file, const PartNames& names, const Resident& as, std::string_view list,
                       const Wanted& wanted) {
    if (file == nullptr) return 0;
    return largest_block(*file, names, list, wanted, [&](const CheckpointEntry& entry, const Placed& placed) {
        return is_packed(entry, placed.name(), as) ? numel_of(entry) * u(as.element_bytes) : 0;
    });
}

uint64_t MemoryPlan::peak() const noexcept {
    uint64_t most = 0;
    for (const Phase& phase : phases) most = std::max(most, phase.bytes());
    return most;
}

uint64_t MemoryPlan::least_peak() const noexcept {
    uint64_t most = 0;
    for (const Phase& phase : phases) most = std::max(most, phase.least_bytes());
    return most;
}

uint64_t MemoryPlan::kept_peak() const noexcept {
    uint64_t kept = 0, beside = 0;
    for (const Phase& phase : phases) {
        const bool stays = phase.name == "denoise" || phase.name == "decode";
        if (stays) kept += phase.weights;
        beside = std::max(beside, stays ? phase.data : phase.bytes());
    }
    return kept + beside;
}

const Phase& MemoryPlan::phase(std::string_view name) const {
    const auto found =
        std::find_if(phases.begin(), phases.end(), [&](const Phase& phase) { return phase.name == name; });
    if (found == phases.end())
        throw Error(ZT_ERROR_INTERNAL, "memory plan: expected a phase, got \"" + std::string(name) + "\"");
    return *found;
}

Budget fit_into(const MemoryPlan& plan, const MemoryLimit& limit, const std::vector<double>& block_share,
                const std::string& clip, int ranks) {
    for (const Phase& phase : plan.phases) {
        const uint64_t least = phase.least_bytes() + limit.program;
        if (least <= limit.bytes) continue;
        throw Error(ZT_ERROR_MEMORY, "memory: expected at least " + size_text(least) + " for the phase \"" +
                                         std::string(phase.name) + "\" of " + clip + ", got " + size_text(limit.bytes));
    }
    const uint64_t room = limit.bytes - limit.program;
    const Phase& denoise = plan.phase("denoise");
    Budget budget;
    budget.counts_kept = limit.counts_kept;
    if (ranks > 1) {  // also where this rank has room for all: another may have less
        budget.ranks = ranks;
        budget.ahead = fit_shares(plan, limit, block_share, ranks, Gather::kAhead);
        budget.alone = fit_shares(plan, limit, block_share, ranks, Gather::kAlone);
    }
    budget.keep = plan.kept_peak() <= room;
    if (budget.keep || denoise.bytes() <= room) {
        budget.resident_blocks = static_cast<int64_t>(block_share.size());
        budget.peak = (budget.keep ? plan.kept_peak() : plan.peak()) + limit.program;
        return budget;
    }
    double left = static_cast<double>(room - denoise.least_bytes());
    for (size_t i = 0; i < block_share.size(); i++) {
        left -= static_cast<double>(denoise.weights) * block_share[i];
        if (left < 0) break;
        budget.resident_blocks = static_cast<int64_t>(i) + 1;
    }
    budget.peak = limit.bytes;  // filled up with blocks
    return budget;
}

uint64_t shares_peak(const MemoryPlan& plan, int ranks, Gather gather, bool keep) {
    const auto weights = static_cast<uint64_t>(held(plan.phase("denoise"), {1.0}, 0, ranks));
    return std::max(weights + beside_blocks(plan, gather, keep), keep ? 0 : plan.least_peak());
}

std::string budget_text(const Budget& budget, int64_t blocks) {
    return "memory: about " + size_text(budget.peak) + " foreseen, " + std::to_string(budget.resident_blocks) + " of " +
           std::to_string(blocks) + " blocks in memory" + (budget.keep ? ", kept for the next clip" : "");
}

std::string size_text(uint64_t bytes) {
    constexpr std::array<std::pair<uint64_t, const char*>, 4> kUnits = {
        {{1'000'000'000, " GB"}, {1'000'000, " MB"}, {1000, " kB"}, {1, " B"}}};
    for (const auto& [unit, name] : kUnits) {
        if (bytes < unit && unit > 1) continue;
        // One decimal below 100, rounded.
        const uint64_t tenths = (bytes * 10 + unit / 2) / unit;
        if (unit == 1 || tenths >= 1000) return std::to_string((tenths + 5) / 10) + name;
        return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + name;
    }
    return {};
}

}  // namespace zt::load
