// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report; see inspect.h.
#include "families/hunyuan_video/inspect.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/utf8.h"
#include "families/hunyuan_video/completeness.h"

namespace zt::hunyuan_video {
namespace {

using load::kProcessBytes;
using load::MemoryPlan;
using load::Phase;
using load::size_text;

using weights::Checkpoint;

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

struct Inventory {
    uint64_t parameters = 0;
    std::map<std::string, uint64_t> bytes;  // by type
};

// Of the tensors that are this part's, scales and markers left out of the count of parameters.
Inventory take_stock(const Checkpoint& file, Part part) {
    Inventory stock;
    for (const weights::CheckpointEntry& entry : file.entries()) {
        const auto placed = names_of(part).place(entry.name);
        if (!placed) continue;
        stock.bytes[entry.type_name()] += entry.size_bytes;
        if (placed->leaf != "weight" && placed->leaf != "bias" && placed->leaf != "class_embedding") continue;
        uint64_t numel = 1;
        for (const int64_t size : entry.shape) numel *= static_cast<uint64_t>(size);
        stock.parameters += numel;
    }
    return stock;
}

std::string part_line(const std::string& key, const PartFile& part, Part which) {
    if (part.checkpoint == nullptr) return "  " + padded(key, 15) + "missing\n";
    const Inventory stock = take_stock(*part.checkpoint, which);
    std::string types;
    for (const auto& [type, bytes] : stock.bytes) types += (types.empty() ? "" : ", ") + type + " " + size_text(bytes);
    return "  " + padded(key, 15) + right(count_text(stock.parameters), 15) + " parameters  " + types + "  " +
           one_line(part.checkpoint->path(), kShownTextBytes) + (part.from_shapes ? " (shapes from the tensors)" : "") +
           "\n";
}

std::string folder_line(const std::string& key, const std::string& folder) {
    return "  " + padded(key, 15) + (folder.empty() ? "missing" : one_line(folder, kShownTextBytes)) + "\n";
}

std::string kind_line(const ModelParts& parts) {
    std::string line = "kind       " + std::string(kind_name(parts.transformer.kind));
    if (!parts.kind_known) line += " (assumed: the file cannot tell it from token_replace; set engine_opts kind=...)";
    return line + "\n";
}

std::string shape_line(const TransformerConfig& t) {
    return "shape      " + std::to_string(t.layers) + " double and " + std::to_string(t.single_layers) +
           " single blocks, width " + std::to_string(t.width()) + " (" + std::to_string(t.heads) + " x " +
           std::to_string(t.head_dim) + "), " + std::to_string(t.in_channels) + " channels in, guidance embedding " +
           (t.guidance_embeds ? "yes" : "no") + "\n";
}

std::string plan_lines(const ModelParts& parts, const PlanRequest& r) {
    const MemoryPlan plan = plan_memory(parts, r);
    std::string text = "memory for " + std::to_string(r.width) + "x" + std::to_string(r.height) + ", " +
                       std::to_string(r.frames) + " frames, " + std::to_string(r.steps) + " steps, " +
                       (r.element_bytes == 4 ? "fp32" : "bf16") + " (estimate, without about " +
                       size_text(kProcessBytes) +
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

// How many matrices of how many become dense.
std::string adapter_line(const load::LoraSet& loras) {
    const std::vector<std::string> tensors = loras.tensors();
    const auto whole = std::count_if(tensors.begin(), tensors.end(),
                                     [&](const std::string& name) { return loras.changes_whole(name); });
    return "adapters   " + count_text(tensors.size()) + " tensors changed, " +
           count_text(static_cast<uint64_t>(whole)) + " of them by more than low rank parts (not packed then)\n";
}

}  // namespace

std::string inspect(const std::string& path, const EngineOptions& options, const PlanRequest& request,
                    const std::string& lora) {
    const ModelParts parts = find_parts(path, options);
    PlanRequest plan = request;
    std::shared_ptr<const load::LoraSet> loras;
    std::vector<std::string> warnings = parts.warnings;
    if (!lora.empty() && parts.transformer_file.checkpoint != nullptr)
        loras = load::LoraSet::open(load::parse_lora_option(lora),
                                    lora_base(parts.transformer, *parts.transformer_file.checkpoint),
                                    [&](zt_log_level, const std::string& text) { warnings.push_back(text); });
    plan.loras = loras.get();
    if (!parts.tiling.empty()) plan.tiling = parts.tiling;
    if (parts.true_cfg > 1.0) plan.prompts = 2;
    std::string text = "family     hunyuan_video\nlayout     " + parts.layout + "\n" + kind_line(parts) +
                       shape_line(parts.transformer);
    if (parts.flow_shift) text += "flow shift " + std::to_string(*parts.flow_shift).substr(0, 5) + "\n";
    text += "parts\n" + part_line("transformer", parts.transformer_file, Part::kTransformer) +
            part_line("vae", parts.vae_file, Part::kVae) + part_line("text_encoder", parts.text_encoder, Part::kLlm) +
            folder_line("tokenizer", parts.tokenizer) +
            part_line("text_encoder_2", parts.text_encoder_2, Part::kClipText) +
            folder_line("tokenizer_2", parts.tokenizer_2);
    if (parts.transformer.kind != Kind::kTextToVideo)
        text += part_line("image_encoder", parts.image_encoder, Part::kClipVision);
    if (loras != nullptr) text += adapter_line(*loras);
    if (!parts.missing.empty()) text += "missing\n";
    for (const std::string& sentence : parts.missing) text += "  " + sentence + "\n";
    for (std::string& sentence : value_warnings(parts)) warnings.push_back(std::move(sentence));
    if (!warnings.empty()) text += "warnings\n";
    for (const std::string& sentence : warnings) text += "  " + sentence + "\n";
    return text + plan_lines(parts, plan);
}

}  // namespace zt::hunyuan_video
