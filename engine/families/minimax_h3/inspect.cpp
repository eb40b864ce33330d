// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/inspect.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "families/minimax_h3/detection.h"
#include "families/minimax_h3/layout.h"
#include "families/minimax_h3/licence.h"
#include "families/minimax_h3/memory_plan.h"
#include "load/part_checks.h"
#include "load/report.h"

namespace zt::minimax_h3 {
namespace {

std::string kind_of(const ModelParts& p) {
    std::string kind = p.takes_picture() ? "text, a first and a last picture to video" : "text to video";
    if (p.sounds()) kind += " with stereo sound";
    return kind + (p.transformer.table_points > 0 ? "; modulation from a table (pruned)" : "");
}

std::string part_lines(const ModelParts& p) {
    std::string text = "parts\n";
    for (const load::PartRow& row : part_rows(p)) text += load::part_line(std::string(row.key), *row.part, *row.names);
    return text + load::path_line("tokenizer", p.tokenizer);
}

PlanRequest plan_of(const families::InspectRequest& r, const Schedule& schedule) {
    PlanRequest plan;
    if (r.width > 0) plan.width = r.width, plan.height = r.height;
    check_canvas(plan.width, plan.height);
    if (r.frames > 0) plan.frames = clip_frames(r.frames);
    plan.steps = r.steps > 0 ? r.steps : schedule.steps;
    plan.element_bytes = r.element_bytes, plan.keep_packed = r.keep_packed;
    plan.vae_kept_bytes = r.element_bytes;
    return plan;
}

std::string report(const families::InspectRequest& r) {
    const ModelParts parts = find_parts(r.path, r.engine_opts);
    const TransformerConfig& t = parts.transformer;
    std::vector<std::string> warnings = parts.warnings;
    PlanRequest plan = plan_of(r, schedule_of(r.lora));
    const auto loras =
        open_loras(parts, r.lora, [&](zt_log_level, const std::string& sentence) { warnings.push_back(sentence); });
    plan.loras = loras.get();
    for (std::string& sentence : load::warnings_of_values(part_rows(parts))) warnings.push_back(std::move(sentence));
    std::string text = "family     minimax_h3\nlayout     " + parts.layout + "\nkind       " + kind_of(parts) +
                       "\nshape      " + std::to_string(t.layers) + " blocks, width " + std::to_string(t.hidden) +
                       " (" + std::to_string(t.heads) + " x " + std::to_string(t.head_dim) + ")\n";
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
    families::Inspector made{.name = "minimax_h3", .licence = kLicence, .detect = detect, .report = report};
    for (const load::OptionRow& row : option_rows()) made.options.emplace_back(row.key, row.help);
    return made;
}

}  // namespace zt::minimax_h3
