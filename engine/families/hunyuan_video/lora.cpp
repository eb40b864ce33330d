// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading and applying LoRA files; see lora.h.
#include "families/hunyuan_video/lora.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <utility>

#include "core/text_number.h"
#include "core/utf8.h"
#include "families/hunyuan_video/lora_names.h"
#include "weights/checkpoint.h"

namespace zt::hunyuan_video {
namespace {

using weights::Checkpoint;
using weights::CheckpointEntry;

constexpr int64_t kRowsAtOnce = 1024;   // of a matrix in fp32 while it is merged

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, "lora " + file + ": " + what);
}

std::string shown(at::IntArrayRef sizes) {
    std::ostringstream out;
    out << sizes;
    return out.str();
}

at::Tensor read_fp32(const Checkpoint& file, const CheckpointEntry& entry, const Cancel* cancel) {
    using weights::Dtype;
    at::ScalarType type = at::kFloat;
    switch (entry.dtype) {
    case Dtype::kF32: break;
    case Dtype::kBF16: type = at::kBFloat16; break;
    case Dtype::kF16: type = at::kHalf; break;
    case Dtype::kF64: type = at::kDouble; break;
    case Dtype::kI64: type = at::kLong; break;
    case Dtype::kI32: type = at::kInt; break;
    case Dtype::kF8E4M3: type = at::kFloat8_e4m3fn; break;
    case Dtype::kF8E5M2: type = at::kFloat8_e5m2; break;
    case Dtype::kBool: case Dtype::kU8: case Dtype::kI8: case Dtype::kU16: case Dtype::kI16: case Dtype::kU32: case Dtype::kU64:
        refuse(file.name(), "tensor " + quote(entry.name) + ": expected a number type with arithmetic, got " + entry.type_name());
    }
    const at::Tensor stored = at::empty(entry.shape, type);
    file.read(entry, 0, {static_cast<std::byte*>(stored.data_ptr()), stored.nbytes()}, cancel);
    return stored.to(at::kFloat);
}

// What one stem of a file has.
struct Parts {
    Placed placed;
    const CheckpointEntry *down = nullptr, *up = nullptr, *alpha = nullptr, *diff = nullptr, *diff_bias = nullptr;
};

std::map<std::string, Parts> sort_keys(const Checkpoint& file, const LoraNames& names) {
    std::map<std::string, Parts> stems;
    std::string first;
    size_t unknown = 0;
    for (const CheckpointEntry& entry : file.entries()) {
        const std::optional<LoraKey> key = names.resolve(entry.name);
        if (!key) {
            if (unknown++ == 0) first = entry.name;
            continue;
        }
        Parts& parts = stems[key->stem];
        parts.placed = key->placed;
        switch (key->role) {
        case LoraRole::kDown: parts.down = &entry; break;
        case LoraRole::kUp: parts.up = &entry; break;
        case LoraRole::kAlpha: parts.alpha = &entry; break;
        case LoraRole::kDiff: parts.diff = &entry; break;
        case LoraRole::kDiffBias: parts.diff_bias = &entry; break;
        case LoraRole::kDora:
            throw Error(ZT_ERROR_UNSUPPORTED, "lora " + file.name() + ": expected a LoRA without DoRA (weight decomposition), got " + quote(entry.name));
        }
    }
    if (unknown > 0)
        refuse(file.name(), "expected every key to match a layer, got " + std::to_string(unknown) + " of " + std::to_string(file.entries().size()) + " without one, first " + quote(first));
    return stems;
}

// The part of a module's name that PEFT's patterns know: its spelling in the file without a prefix.
std::string_view bare_module(std::string_view stem) {
    for (const std::string_view prefix : {std::string_view("transformer."), std::string_view("diffusion_model.")})
        if (stem.starts_with(prefix)) return stem.substr(prefix.size());
    return stem;
}

}  // namespace

std::vector<LoraFile> parse_lora_option(const std::string& text) {
    std::vector<LoraFile> files;
    for (size_t start = 0; start <= text.size() && !text.empty();) {
        const size_t end = std::min(text.find('|', start), text.size());
        LoraFile file{text.substr(start, end - start)};
        const size_t colon = file.path.rfind(':');
        // A colon may belong to the path: only a number after it is a scale.
        if (colon != file.path.npos) {
            if (const std::optional<double> scale = parse_double(std::string_view(file.path).substr(colon + 1))) {
                file.scale = *scale;
                file.path.resize(colon);
            }
        }
        if (file.path.empty()) throw Error(ZT_ERROR_ARGUMENT, "lora: expected path[:scale][|path...], got " + quote(text));
        if (std::abs(file.scale) > kMaxLoraScale)
            throw Error(ZT_ERROR_ARGUMENT, "lora: expected a scale of -10 to 10, got " + to_text(file.scale));
        files.push_back(std::move(file));
        start = end + 1;
    }
    if (files.size() > kMaxLoras) throw Error(ZT_ERROR_ARGUMENT, "lora: expected at most " + std::to_string(kMaxLoras) + " files, got " + std::to_string(files.size()));
    return files;
}

std::shared_ptr<const LoraSet> LoraSet::load(const std::vector<LoraFile>& files, const LoraBase& base, const Cancel* cancel) {
    const LoraNames names(base.layers, base.single_layers, base.refiner_layers);
    auto set = std::make_shared<LoraSet>();
    for (const LoraFile& wanted : files) {
        const Checkpoint file = Checkpoint::open(wanted.path);
        const auto metadata = file.metadata().find("lora_adapter_metadata");
        const PeftConfig peft = metadata == file.metadata().end() ? PeftConfig() : parse_peft_metadata(metadata->second, "lora " + file.name());
        for (const auto& [stem, parts] : sort_keys(file, names)) {
            Delta delta;
            delta.file = file.name();
            delta.piece = parts.placed.piece;
            delta.pieces = parts.placed.pieces;
            delta.swap_halves = parts.placed.order == RowOrder::kSwapHalves;
            delta.scale = wanted.scale;
            if ((parts.down == nullptr) != (parts.up == nullptr))
                refuse(file.name(), quote(stem) + ": expected both halves of an adapter, got one");
            if (parts.alpha != nullptr && parts.down == nullptr) refuse(file.name(), quote(stem) + ": expected an adapter beside alpha, got none");
            for (const auto& [entry, leaf] : {std::pair(parts.diff, ".weight"), std::pair(parts.diff_bias, ".bias")}) {
                if (entry == nullptr) continue;
                Delta full = delta;
                full.full = read_fp32(file, *entry, cancel);
                set->deltas_[parts.placed.module + leaf].push_back(std::move(full));
            }
            if (parts.down == nullptr) continue;
            delta.down = read_fp32(file, *parts.down, cancel);
            delta.up = read_fp32(file, *parts.up, cancel);
            if (delta.down.dim() != 2 || delta.up.dim() != 2 || delta.down.size(0) != delta.up.size(1) || delta.down.size(0) == 0)
                refuse(file.name(), quote(stem) + ": expected [rank, in] and [out, rank], got " + shown(delta.down.sizes()) + " and " + shown(delta.up.sizes()));
            const double rank = static_cast<double>(delta.down.size(0));
            std::optional<double> alpha = peft.alpha_of(bare_module(stem));
            if (parts.alpha != nullptr) {
                const at::Tensor stored = read_fp32(file, *parts.alpha, cancel);
                if (stored.numel() != 1) refuse(file.name(), quote(parts.alpha->name) + ": expected one number, got " + shown(stored.sizes()));
                alpha = stored.item<float>();
            }
            const double strength = alpha ? *alpha / (peft.rank_stabilized ? std::sqrt(rank) : rank) : 1.0;
            if (!std::isfinite(strength)) refuse(file.name(), quote(stem) + ": alpha: expected a finite number, got another");
            delta.scale = wanted.scale * strength;
            set->deltas_[parts.placed.module + ".weight"].push_back(std::move(delta));
        }
    }
    return set;
}

std::vector<std::string> LoraSet::modules() const {
    std::vector<std::string> names;
    for (const auto& [name, deltas] : deltas_) names.push_back(name.substr(0, name.rfind('.')));
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

bool LoraSet::changes_matrix(const std::string& module) const {
    const auto found = deltas_.find(module + ".weight");
    return found != deltas_.end() && std::any_of(found->second.begin(), found->second.end(), [](const Delta& d) { return d.full.defined(); });
}

// The rows of a delta at their place among the `out` rows of the whole tensor, which has `in` columns
// (a bias: 0). Pieces q, k, v have as many rows as the layer has inputs; the last one has the rest.
LoraSet::Rows LoraSet::rows_of(const Delta& delta, const at::Tensor& rows, int64_t out, int64_t in, const std::string& module) {
    int64_t first = 0, count = out;
    if (delta.pieces > 1) {
        const int64_t each = in > 0 ? in : rows.size(0);
        count = delta.piece < 3 ? each : in > 0 ? out - 3 * each : rows.size(0);
        first = delta.piece < 3 ? delta.piece * each : out - count;
    }
    if (rows.size(0) != count || first < 0 || first + count > out)
        refuse(delta.file, quote(module) + ": expected " + std::to_string(count) + " rows, got " + std::to_string(rows.size(0)));
    if (!delta.swap_halves) return {first, rows};
    return {first, at::cat({rows.slice(0, count / 2), rows.slice(0, 0, count / 2)})};
}

void LoraSet::merge(const std::string& name, at::Tensor& tensor) const {
    const auto found = deltas_.find(name);
    if (found == deltas_.end()) return;
    const std::string module = name.substr(0, name.rfind('.'));
    const int64_t out = tensor.size(0), in = tensor.dim() > 1 ? tensor.numel() / std::max<int64_t>(1, out) : 0;
    const at::Tensor flat = in > 0 ? tensor.view({out, in}) : tensor;
    struct Placement {
        const Delta* delta;
        Rows rows;
        at::Tensor down;
    };
    std::vector<Placement> placements;
    for (const Delta& delta : found->second) {
        const bool low_rank = !delta.full.defined();
        if (low_rank && delta.down.size(1) != in)
            refuse(delta.file, quote(module) + ": expected " + std::to_string(in) + " columns, got " + std::to_string(delta.down.size(1)));
        if (!low_rank && delta.full.numel() / std::max<int64_t>(1, delta.full.size(0)) != std::max<int64_t>(1, in))
            refuse(delta.file, quote(module) + ": expected the shape of the tensor " + shown(tensor.sizes()) + ", got " + shown(delta.full.sizes()));
        const at::Tensor rows = low_rank ? delta.up : in > 0 ? delta.full.reshape({delta.full.size(0), -1}) : delta.full;
        Rows placed = rows_of(delta, rows, out, in, module);
        placed.values = placed.values.to(tensor.device());
        placements.push_back({&delta, std::move(placed), low_rank ? delta.down.to(tensor.device()) : at::Tensor()});
    }
    for (int64_t at = 0; at < out; at += kRowsAtOnce) {
        const int64_t end = std::min(out, at + kRowsAtOnce);
        at::Tensor chunk = flat.slice(0, at, end).to(at::kFloat, false, /*copy=*/true);
        for (const Placement& p : placements) {
            const int64_t from = std::max(at, p.rows.first), to = std::min(end, p.rows.first + p.rows.values.size(0));
            if (from >= to) continue;
            const at::Tensor rows = p.rows.values.slice(0, from - p.rows.first, to - p.rows.first);
            chunk.slice(0, from - at, to - at) += (p.down.defined() ? at::mm(rows, p.down) : rows) * p.delta->scale;
        }
        flat.slice(0, at, end).copy_(chunk);
    }
}

std::vector<nn::LowRank> LoraSet::adapters(const std::string& module, int64_t out, int64_t in, at::ScalarType type, at::Device device) const {
    std::vector<nn::LowRank> all;
    const auto found = deltas_.find(module + ".weight");
    if (found == deltas_.end()) return all;
    for (const Delta& delta : found->second) {
        if (delta.full.defined()) throw Error(ZT_ERROR_INTERNAL, "lora " + delta.file + ": " + quote(module) + ": expected low rank parts only, got others");
        if (delta.down.size(1) != in) refuse(delta.file, quote(module) + ": expected " + std::to_string(in) + " columns, got " + std::to_string(delta.down.size(1)));
        const Rows rows = rows_of(delta, delta.up, out, in, module);
        at::Tensor up = rows.values;
        if (up.size(0) != out) {
            up = at::zeros({out, delta.up.size(1)});
            up.narrow(0, rows.first, rows.values.size(0)).copy_(rows.values);
        }
        all.push_back({delta.down.to(device, type), up.to(device, type), delta.scale});
    }
    return all;
}

}  // namespace zt::hunyuan_video
