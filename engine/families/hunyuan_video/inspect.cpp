// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report; see inspect.h.
#include "families/hunyuan_video/inspect.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "families/hunyuan_video/completeness.h"
#include "families/hunyuan_video/detection.h"
#include "families/hunyuan_video/memory_plan.h"
#include "load/report.h"

namespace zt::hunyuan_video {
namespace {

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

std::string part_lines(const ModelParts& parts) {
    const auto line = [](const char* key, const PartFile& part, Part kind) {
        return load::part_line(key, part, names_of(kind));
    };
    std::string text = "parts\n" + line("transformer", parts.transformer_file, Part::kTransformer) +
                       line("vae", parts.vae_file, Part::kVae) + line("text_encoder", parts.text_encoder, Part::kLlm) +
                       load::path_line("tokenizer", parts.tokenizer) +
                       line("text_encoder_2", parts.text_encoder_2, Part::kClipText) +
                       load::path_line("tokenizer_2", parts.tokenizer_2);
    if (parts.transformer.kind != Kind::kTextToVideo)
        text += line("image_encoder", parts.image_encoder, Part::kClipVision);
    return text;
}

std::string report(const families::InspectRequest& r) {
    const ModelParts parts = find_parts(r.path, r.engine_opts);
    PlanRequest plan;
    if (r.width > 0) plan.width = r.width, plan.height = r.height;
    if (r.frames > 0) plan.frames = r.frames;
    if (r.steps > 0) plan.steps = r.steps;
    plan.element_bytes = plan.vae_element_bytes = r.element_bytes;
    plan.keep_packed = r.keep_packed;
    if (!parts.tiling.empty()) plan.tiling = parts.tiling;
    if (parts.true_cfg > 1.0) plan.prompts = 2;
    std::vector<std::string> warnings = parts.warnings;
    std::shared_ptr<const load::LoraSet> loras;
    if (!r.lora.empty())
        loras = load::LoraSet::open(load::parse_lora_option(r.lora),
                                    lora_base(parts.transformer, *parts.transformer_file.checkpoint),
                                    [&](zt_log_level, const std::string& text) { warnings.push_back(text); });
    plan.loras = loras.get();
    for (std::string& sentence : value_warnings(parts)) warnings.push_back(std::move(sentence));
    std::string text = "family     hunyuan_video\nlayout     " + parts.layout + "\n" + kind_line(parts) +
                       shape_line(parts.transformer);
    if (parts.flow_shift) text += "flow shift " + std::to_string(*parts.flow_shift).substr(0, 5) + "\n";
    text += part_lines(parts);
    if (loras != nullptr) text += load::adapter_line("adapters", *loras);
    text += load::sentence_lines("missing", parts.missing) + load::sentence_lines("warnings", warnings) +
            load::plan_lines(plan_memory(parts, plan), r.clip(plan.width, plan.height, plan.frames, plan.steps));
    if (r.ranks < 2) return text;
    plan.ranks = static_cast<int>(r.ranks);
    return text + load::rank_lines(plan_memory(parts, plan), pass_shape(parts, plan), plan.ranks);
}

}  // namespace

families::Inspector inspector() {
    families::Inspector made{.name = "hunyuan_video", .detect = detect, .report = report};
    for (const OptionRow& row : option_rows()) made.options.emplace_back(row.key, row.help);
    return made;
}

}  // namespace zt::hunyuan_video
