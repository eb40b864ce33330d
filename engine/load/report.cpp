// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See report.h.
#include "load/report.h"

#include <algorithm>
#include <map>

#include "core/utf8.h"

namespace zt::load {
namespace {

constexpr size_t kKeyWidth = 15;

std::string padded(std::string text, size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}
std::string right(const std::string& text, size_t width) {
    return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string count_text(uint64_t count) {
    std::string text = std::to_string(count);
    for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
}

}  // namespace

std::string part_line(const std::string& key, const PartFile& part, const PartNames& names) {
    if (part.checkpoint == nullptr) return "  " + padded(key, kKeyWidth) + "missing\n";
    uint64_t parameters = 0;
    std::map<std::string, uint64_t> bytes;  // by type
    for (const weights::CheckpointEntry& entry : part.checkpoint->entries()) {
        const auto placed = names.place(entry.name);
        if (!placed) continue;
        bytes[entry.type_name()] += entry.size_bytes;
        if (!placed->is_tensor()) continue;
        uint64_t numel = 1;
        for (const int64_t size : entry.shape) numel *= static_cast<uint64_t>(size);
        parameters += numel;
    }
    std::string types;
    for (const auto& [type, size] : bytes) types += (types.empty() ? "" : ", ") + type + " " + size_text(size);
    return "  " + padded(key, kKeyWidth) + right(count_text(parameters), 15) + " parameters  " + types + "  " +
           one_line(part.checkpoint->path(), kShownTextBytes) + (part.from_shapes ? " (shapes from the tensors)" : "") +
           "\n";
}

std::string path_line(const std::string& key, const std::string& path) {
    return "  " + padded(key, kKeyWidth) + (path.empty() ? "missing" : one_line(path, kShownTextBytes)) + "\n";
}

std::string adapter_line(const std::string& key, const LoraSet& loras) {
    const std::vector<std::string> tensors = loras.tensors();
    const auto whole = std::count_if(tensors.begin(), tensors.end(),
                                     [&](const std::string& name) { return loras.changes_whole(name); });
    return padded(key, 11) + count_text(tensors.size()) + " tensors changed, " +
           count_text(static_cast<uint64_t>(whole)) + " of them by more than low rank parts (not packed then)\n";
}

std::string sentence_lines(const std::string& heading, const std::vector<std::string>& sentences) {
    std::string text = sentences.empty() ? "" : heading + "\n";
    for (const std::string& sentence : sentences) text += "  " + sentence + "\n";
    return text;
}

std::string plan_lines(const MemoryPlan& plan, const std::string& clip) {
    std::string text = "memory for " + clip + " (estimate, without about " + size_text(kProcessBytes) +
                       " of the program)\n  phase        weights       data        sum    with streaming\n";
    for (const Phase& phase : plan.phases)
        text += "  " + padded(std::string(phase.name), 9) + right(size_text(phase.weights), 11) +
                right(size_text(phase.data), 11) + right(size_text(phase.bytes()), 11) +
                right(size_text(phase.least_bytes()), 18) + "\n";
    return text + "  " + padded("peak", 9) + right(size_text(plan.peak()), 33) +
           right(size_text(plan.least_peak()), 18) +
           "\n  peak when there is room to keep blocks and decoder for the next clip: " + size_text(plan.kept_peak()) +
           "\n";
}

std::string rank_lines(const MemoryPlan& plan, const ranks::PassShape& shape, int n) {
    const Phase& denoise = plan.phase("denoise");
    const uint64_t blocks = denoise.all_blocks(), ends = denoise.weights - blocks;
    const uint64_t tokens = ranks::step_bytes(shape, 0, n),
                   shares = ranks::gather_bytes(static_cast<int64_t>(blocks), 0, n);
    std::string text = "each of " + std::to_string(n) + " ranks (rank 0), in bytes\n  blocks" + right("held", 30) +
                       right("in use", 18) + right("peak", 18) + right("sent in a step", 20) + "\n";
    const auto line = [&](const char* name, uint64_t held, uint64_t in_use, uint64_t peak, uint64_t sent) {
        text += "  " + padded(name, 18) + right(count_text(held), 18) + right(count_text(in_use), 18) +
                right(count_text(peak), 18) + right(count_text(sent), 20) + "\n";
    };
    line("whole", denoise.weights, 0, plan.peak(), tokens);
    const uint64_t share = ends + blocks / static_cast<uint64_t>(n),
                   gathered = tokens + shares * static_cast<uint64_t>(ranks::passes_of_each(shape, n));
    line("shares", share, denoise.least_weights, shares_peak(plan, n, Gather::kAhead, false), gathered);
    line("shares, one block", share, denoise.least_weights / 2, shares_peak(plan, n, Gather::kAlone, false), gathered);
    line("streamed", ends, denoise.least_weights, plan.least_peak(), tokens);
    return text;
}

}  // namespace zt::load
