// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/inspect.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "families/wan/detection.h"
#include "families/wan/memory_plan.h"
#include "load/part_checks.h"
#include "load/report.h"

namespace zt::wan {
namespace {

std::string kind_of(const ModelParts& p) {
    if (p.known_frames()) return "2.2 TI2V-5B: text or a picture to video";
    if (p.needs_last()) return "2.1 FLF2V: from a first picture to a last one";
    if (p.reads_clip()) return "2.1 I2V: a picture to video";
    const char* what = p.beside_noise() ? "I2V" : "T2V";
    if (p.has_experts())
        return std::string("2.2 ") + what + "-A14B: two experts, boundary " + std::to_string(p.boundary);
    return p.beside_noise() ? "2.2 I2V-A14B, one of its experts" : "2.1 T2V (or one expert of 2.2 T2V-A14B)";
}

std::string part_lines(const ModelParts& p) {
    std::string text = "parts\n";
    for (const load::PartRow& row : part_rows(p)) {
        const bool other =
            (row.key == "transformer_2" && !p.has_experts()) || (row.key == "image_encoder" && !p.reads_clip());
        if (!other) text += load::part_line(std::string(row.key), *row.part, *row.names);
    }
    return text + load::path_line("tokenizer", p.tokenizer);
}

std::string report(const families::InspectRequest& r) {
    const ModelParts parts = find_parts(r.path, r.engine_opts);
    const TransformerConfig& t = parts.transformer;
    const int64_t frames = r.frames > 0 ? r.frames : parts.usual_frames();
    PlanRequest plan = plan_request(parts, frames);
    if (r.width > 0) plan.width = r.width, plan.height = r.height;
    if (r.steps > 0) plan.steps = r.steps;
    plan.prompts = r.passes(parts.usual_guidance());
    plan.element_bytes = r.element_bytes, plan.keep_packed = r.keep_packed;
    std::vector<std::string> warnings = parts.warnings;
    std::array<std::shared_ptr<const load::LoraSet>, 2> loras;
    for (const bool low : {false, true})
        if (!low || parts.has_experts())
            loras[low ? 1 : 0] = open_loras(parts, r.lora, low, [&](zt_log_level, const std::string& text) {
                if (!low || !parts.lora_2.empty()) warnings.push_back(text);  // else it was said of the first
            });
    plan.loras = {loras[0].get(), loras[1].get()};
    for (std::string& sentence : load::warnings_of_values(part_rows(parts))) warnings.push_back(std::move(sentence));
    std::string text = "family     wan\nlayout     " + parts.layout + "\nkind       " + kind_of(parts) +
                       "\nshape      " + std::to_string(t.layers) + " blocks, width " + std::to_string(t.width()) +
                       " (" + std::to_string(t.heads) + " x " + std::to_string(t.head_dim) + "), " +
                       std::to_string(t.in_channels) + " channels in\n";
    if (parts.flow_shift) text += "flow shift " + std::to_string(*parts.flow_shift).substr(0, 5) + "\n";
    text += part_lines(parts);
    for (size_t i = 0; i < loras.size(); ++i)
        if (loras[i] != nullptr) text += load::adapter_line(i == 0 ? "adapters" : "adapters 2", *loras[i]);
    text += load::sentence_lines("missing", parts.missing) + load::sentence_lines("warnings", warnings) +
            load::plan_lines(plan_memory(parts, plan), r.clip(plan.width, plan.height, frames, plan.steps));
    if (r.ranks < 2 || parts.sampler == "causal") return text;
    plan.ranks = static_cast<int>(r.ranks);
    return text + load::rank_lines(plan_memory(parts, plan), pass_shape(parts, plan), plan.ranks);
}

}  // namespace

families::Inspector inspector() {
    families::Inspector made{.name = "wan", .detect = detect, .report = report};
    for (const load::OptionRow& row : option_rows()) made.options.emplace_back(row.key, row.help);
    return made;
}

}  // namespace zt::wan
