// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Is a checkpoint whole? See part_checks.h.
#include "load/part_checks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::load {
namespace {

using weights::Checkpoint;
using weights::CheckpointEntry;
using weights::Encoding;

[[noreturn]] void refuse(const Checkpoint& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + what);
}

std::string and_more(size_t others, const char* what = "") {
    return others == 0 ? "" : " (and " + std::to_string(others) + " more" + what + ")";
}

bool is_fp8(const CheckpointEntry& entry) {
    return entry.encoding == Encoding::kF8E4M3 || entry.encoding == Encoding::kF8E5M2;
}

// Tables of embeddings: looked up, not multiplied, so tools leave them unscaled; and rows of unused ids may be zero.
bool is_table(const std::string& module) {
    constexpr std::array<std::string_view, 4> kEnds = {"embed_tokens", "_embedding", "shared",
                                                       "relative_attention_bias"};
    return std::any_of(kEnds.begin(), kEnds.end(), [&](std::string_view end) { return module.ends_with(end); });
}

bool is_matrix(const CheckpointEntry& entry, const Placed& placed) {
    return placed.leaf == "weight" && entry.shape.size() >= 2;
}

// ComfyUI's mark that fp8 matrices have scales beside them.
const CheckpointEntry* scale_mark(const Checkpoint& file) {
    constexpr std::string_view kMark = "scaled_fp8";
    for (const CheckpointEntry& entry : file.entries())
        if (entry.name == kMark || entry.name.ends_with("." + std::string(kMark))) return &entry;
    return nullptr;
}

// One matrix of the file: a piece of a fused one has a scale of its own.
using Key = std::pair<std::string, int>;

struct Scales {
    std::vector<std::pair<Key, const CheckpointEntry*>> codes;  // fp8 matrices
    std::set<Key> scaled;
    bool only_blocks = true;  // the convention of fp8_scale: matrices outside the blocks may be plain
    bool announced = false;   // by a mark of any kind
    std::string by;           // what announced them
};

Scales scales_of(const Checkpoint& file, const PartNames& part) {
    Scales s;
    const auto announce = [&s](const std::string& by) {
        s.announced = true;
        s.only_blocks = false;
        if (s.by.empty()) s.by = by;
    };
    if (const CheckpointEntry* mark = scale_mark(file)) announce("the mark " + quote(mark->name) + " says");
    if (file.metadata().contains("_quantization_metadata")) announce("_quantization_metadata says");
    for (const CheckpointEntry& entry : file.entries()) {
        const auto placed = part.place(entry.name);
        if (!placed) continue;
        const Key key{placed->module, placed->piece};
        if (is_matrix(entry, *placed) && weights::needs_scale(entry.encoding) &&
            (!is_fp8(entry) || !is_table(placed->module)))
            s.codes.emplace_back(key, &entry);
        if (placed->leaf == "comfy_quant") announce("tensor " + quote(entry.name) + " says");
        if (!is_scale(placed->leaf)) continue;
        s.scaled.insert(key);
        s.only_blocks = s.only_blocks && placed->leaf == "fp8_scale";
    }
    if (s.by.empty()) s.by = "others have";
    return s;
}

// Placed names, and how many pieces of each there are.
std::map<std::string, int> pieces_of(const Checkpoint& file, const PartNames& part) {
    std::map<std::string, int> missing;  // pieces that are not there
    for (const CheckpointEntry& entry : file.entries())
        if (const auto placed = part.place(entry.name)) --missing.emplace(placed->name(), placed->pieces).first->second;
    return missing;
}

// ---- Values ----

constexpr uint64_t kWindowBytes = 4096;
constexpr int kWindows = 4;  // evenly spread, the first at the beginning, the last at the end

// One of the windows of a tensor, read from the file.
class Window {
public:
    void read(const Checkpoint& file, const CheckpointEntry& entry, int index) {
        used_ = std::min(entry.size_bytes, kWindowBytes);
        const uint64_t room = entry.size_bytes - used_;
        file.read(
            entry,
            room / (kWindows - 1) * static_cast<uint64_t>(index) + (index == kWindows - 1 ? room % (kWindows - 1) : 0),
            bytes());
    }
    [[nodiscard]] bool is_zero() {
        return std::all_of(bytes().begin(), bytes().end(), [](std::byte b) { return b == std::byte{0}; });
    }
    // Most fp8 numbers are 16 or more: of weights next to none are, of codes that a scale makes weights of nearly all.
    [[nodiscard]] bool is_scaled_up(Encoding encoding) {
        const auto least = encoding == Encoding::kF8E4M3 ? std::byte{0x58} : std::byte{0x4c};
        const auto large =
            std::count_if(bytes().begin(), bytes().end(), [&](std::byte b) { return (b & std::byte{0x7f}) >= least; });
        return static_cast<uint64_t>(large) * 2 > used_;
    }

private:
    std::span<std::byte> bytes() { return std::span(buffer_).first(used_); }

    std::array<std::byte, kWindowBytes> buffer_{};
    uint64_t used_ = 0;
};

// Two windows in a row at the end, or all of a table: what a download that stopped leaves. A trained matrix has not
// even one, but a few rows of zeros would be no mistake.
bool ends_in_zeros(Window& last, const Checkpoint& file, const CheckpointEntry& entry, bool all) {
    if (!last.is_zero()) return false;
    if (entry.size_bytes <= kWindowBytes) return true;
    Window other;
    for (int i = kWindows - 2; i >= (all ? 0 : kWindows - 2); --i) {
        other.read(file, entry, i);
        if (!other.is_zero()) return false;
    }
    return true;
}

struct Finding {
    std::string first;
    size_t others = 0;
    bool int8 = false;
    void add(const CheckpointEntry& entry) {
        if (first.empty())
            first = entry.name, int8 = weights::is_int8(entry.encoding);
        else
            ++others;
    }
};

}  // namespace

void check_packing(const Checkpoint& file) {
    struct Mark {
        std::string_view text, name;
    };
    constexpr std::array<Mark, 7> kMarks = {{{".quant_state.bitsandbytes__nf4", "NF4 of bitsandbytes"},
                                             {".quant_state.bitsandbytes__fp4", "FP4 of bitsandbytes"},
                                             {".absmax", "4 bits of bitsandbytes"},
                                             {".SCB", "8 bits of bitsandbytes"},
                                             {".qweight", "GPTQ, AWQ or SVDQuant"},
                                             {".weight_packed", "compressed-tensors"},
                                             {".weight_global_scale", "NVFP4 of compressed-tensors"}}};
    // ComfyUI's NVFP4 has a mark beside each matrix; that of others lies otherwise.
    const auto marked = [&](std::string_view name) {
        constexpr std::string_view kScale = ".weight_scale_2";
        const std::string module(name.substr(0, name.size() - kScale.size()));
        return file.find(module + ".comfy_quant") != nullptr || file.metadata().contains("_quantization_metadata");
    };
    for (const CheckpointEntry& entry : file.entries())
        if (entry.name.ends_with(".weight_scale_2") && !marked(entry.name))
            throw Error(ZT_ERROR_UNSUPPORTED,
                        file.name() +
                            ": expected fp32, bf16, fp16, fp8, int8 or NVFP4 with ComfyUI's marks, got "
                            "NVFP4 without them (tensor " +
                            quote(entry.name) + ")");
    for (const Mark& mark : kMarks)
        for (const CheckpointEntry& entry : file.entries())
            if (entry.name.ends_with(mark.text))
                throw Error(ZT_ERROR_UNSUPPORTED, file.name() + ": expected fp32, bf16, fp16, fp8 or GGUF, got " +
                                                      std::string(mark.name) + " (tensor " + quote(entry.name) + ")");
}

void check_scales(const Checkpoint& file, const PartNames& part) {
    const Scales s = scales_of(file, part);
    if (!s.announced && s.scaled.empty()) return;
    Finding without;
    for (const auto& [key, entry] : s.codes) {
        if (!s.scaled.contains(key) && !(s.only_blocks && part.may_be_unscaled(key.first))) without.add(*entry);
    }
    if (!without.first.empty())
        refuse(file, "tensor " + quote(without.first) + ": expected a scale beside " + (without.int8 ? "int8" : "fp8") +
                         " numbers, as " + s.by + ", got none" + and_more(without.others));
}

void check_names(const Checkpoint& file, const PartNames& part, std::span<const std::string> needed) {
    const std::map<std::string, int> missing = pieces_of(file, part);
    std::string first;
    size_t others = 0;
    for (const std::string& name : needed) {
        const auto found = missing.find(name);
        if (found != missing.end() && found->second <= 0) continue;
        if (!first.empty())
            ++others;
        else
            first = "tensor " + quote(name) + ": expected one in the file, got " +
                    (found == missing.end() ? "none" : "only some of its parts");
    }
    if (!first.empty()) refuse(file, first + and_more(others));
}

void check_tensors(const Checkpoint& file, const PartNames& part, std::span<const std::string> needed) {
    check_names(file, part, needed);
    const std::set<std::string_view> known(needed.begin(), needed.end());
    for (const CheckpointEntry& entry : file.entries()) {
        const auto placed = part.place(entry.name);
        const bool used = placed && (!placed->is_tensor() || known.contains(placed->name()));
        if (!used && (placed || !part.is_ignored(entry.name)))
            refuse(file, "tensor " + quote(entry.name) + ": expected only tensors of " + std::string(part.title()) +
                             ", got one more");
    }
}

void check_published(const weights::Checkpoint& file, const std::string& prefix, int64_t width, int64_t got,
                     int64_t expected) {
    if (got != expected)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + prefix + "*: expected " + std::to_string(expected) +
                                          " blocks, as the model of width " + std::to_string(width) +
                                          " has (a config.json beside the file can say another number), got " +
                                          std::to_string(got));
}

void check_count(const weights::Checkpoint& file, const std::string& prefix, int64_t got, int64_t expected) {
    if (got != expected)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + prefix + "*: expected " + std::to_string(expected) +
                                          " blocks (config.json), got " + std::to_string(got));
}

void add_tensors(std::string_view module, int64_t blocks, bool bias, std::vector<std::string>& names) {
    const bool numbered = module.find("{}") != module.npos;
    for (int64_t i = 0; i < (numbered ? blocks : 1); ++i) {
        const std::string name = with_number(module, std::to_string(i));
        names.push_back(name + ".weight");
        if (bias) names.push_back(name + ".bias");
    }
}

bool same_bytes(const Checkpoint& file, const CheckpointEntry& a, const CheckpointEntry& b) {
    if (a.encoding != b.encoding || a.dtype != b.dtype || a.shape != b.shape) return false;
    constexpr uint64_t kPieces = 64;
    std::array<std::byte, kWindowBytes> left{}, right{};
    const uint64_t bytes = std::min<uint64_t>(a.size_bytes, kWindowBytes), room = a.size_bytes - bytes;
    for (uint64_t i = 0; i < kPieces; ++i) {
        const uint64_t from = room / (kPieces - 1) * i + (i == kPieces - 1 ? room % (kPieces - 1) : 0);
        const std::span<std::byte> here = std::span(left).first(bytes), there = std::span(right).first(bytes);
        file.read(a, from, here);
        file.read(b, from, there);
        if (!std::equal(here.begin(), here.end(), there.begin())) return false;
    }
    return true;
}

void warn_of_values(const Checkpoint& file, const PartNames& part, std::vector<std::string>& warnings) {
    const Scales scales = scales_of(file, part);
    Finding zeros, unscaled;
    Window window;
    for (const CheckpointEntry& entry : file.entries()) {
        const auto placed = part.place(entry.name);
        if (!placed || entry.size_bytes == 0 || !(is_matrix(entry, *placed) || is_scale(placed->leaf))) continue;
        window.read(file, entry, kWindows - 1);
        if (ends_in_zeros(window, file, entry, is_table(placed->module))) zeros.add(entry);
        const bool plain =
            is_fp8(entry) && !is_table(placed->module) && !scales.scaled.contains({placed->module, placed->piece});
        if (plain && window.is_scaled_up(entry.encoding)) unscaled.add(entry);
    }
    if (!zeros.first.empty())
        warnings.push_back(file.name() + ": tensor " + quote(zeros.first) + ": expected weights, got zero bytes" +
                           and_more(zeros.others, " such tensors") + "; the file is not complete, download it again");
    if (!unscaled.first.empty())
        warnings.push_back(file.name() + ": tensor " + quote(unscaled.first) +
                           ": expected fp8 weights, got numbers of 16 and more" +
                           and_more(unscaled.others, " such tensors") + "; their scales are not in the file");
    const bool any_fp8 = std::any_of(file.entries().begin(), file.entries().end(), is_fp8);
    if (const CheckpointEntry* mark = scale_mark(file); mark != nullptr && !any_fp8)
        warnings.push_back(file.name() + ": tensor " + quote(mark->name) +
                           ": expected fp8 matrices with scales in a file with this mark, got none; the numbers are "
                           "taken as they are");
}

std::vector<std::string> warnings_of_values(std::span<const PartRow> parts) {
    std::vector<std::string> warnings;
    for (const PartRow& row : parts)
        if (row.part->checkpoint != nullptr) warn_of_values(*row.part->checkpoint, *row.names, warnings);
    return warnings;
}

}  // namespace zt::load
