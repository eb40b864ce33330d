// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/cogvideox/inspect.h"

#include <string>
#include <utility>
#include <vector>

#include "families/cogvideox/memory_plan.h"
#include "load/part_checks.h"
#include "load/report.h"

namespace zt::cogvideox {
namespace {

std::string report(const families::InspectRequest& r) {
    const ModelParts parts = find_parts(r.path, r.engine_opts);
    const TransformerConfig& t = parts.transformer;
    const int64_t frames = r.frames > 0 ? r.frames : t.sample_frames;
    PlanRequest plan;
    plan.width = parts.usual_size().width, plan.height = parts.usual_size().height;
    plan.frames = parts.made_frames(frames);
    if (r.width > 0) plan.width = r.width, plan.height = r.height;
    if (const auto usual = parts.usual_size(); t.learned && (plan.width != usual.width || plan.height != usual.height))
        throw Error(ZT_ERROR_UNSUPPORTED, "size: expected " + std::to_string(usual.width) + "x" +
                                              std::to_string(usual.height) +
                                              ", whose places the model has learned, got " +
                                              std::to_string(plan.width) + "x" + std::to_string(plan.height));
    if (r.steps > 0) plan.steps = r.steps;
    plan.prompts = r.passes(ModelParts::kGuidance);
    plan.element_bytes = r.element_bytes, plan.keep_packed = r.keep_packed;
    plan.coding.tiled = parts.tiling.value_or(false);
    std::vector<std::string> warnings = parts.warnings;
    const auto loras =
        open_loras(parts, r.lora, [&](zt_log_level, const std::string& text) { warnings.push_back(text); });
    plan.loras = loras.get();
    for (std::string& sentence : load::warnings_of_values(part_rows(parts))) warnings.push_back(std::move(sentence));
    std::string text = "family     cogvideox\nlayout     " + parts.layout + "\nkind       " +
                       std::string(parts.kind()) + "\nshape      " + std::to_string(t.layers) + " blocks, width " +
                       std::to_string(t.width()) + " (" + std::to_string(t.heads) + " x " + std::to_string(t.head_dim) +
                       "), " + std::to_string(t.in_channels) + " channels in\nsampler    " +
                       (parts.dpm ? "dpm" : "ddim") + ", signal to noise divided by " +
                       std::to_string(parts.snr_shift).substr(0, 4) + "\n";
    text += "licence    " + (parts.licence().empty() ? "Apache-2.0" : std::string(parts.licence())) + "\nparts\n";
    for (const load::PartRow& row : part_rows(parts))
        text += load::part_line(std::string(row.key), *row.part, *row.names);
    text += load::path_line("tokenizer", parts.tokenizer);
    if (loras != nullptr) text += load::adapter_line("adapters", *loras);
    text += load::sentence_lines("missing", parts.missing) + load::sentence_lines("warnings", warnings) +
            load::plan_lines(plan_memory(parts, plan), r.clip(plan.width, plan.height, frames, plan.steps));
    if (r.ranks > 1) {
        PlanRequest shared = plan;
        shared.ranks = static_cast<int>(r.ranks);
        text += load::rank_lines(plan_memory(parts, shared), pass_shape(parts, shared), shared.ranks);
    }
    if (const load::MemoryPlan least = plan_within(parts, plan, 0); plan.coding.tiled && !parts.tiling)
        text += "tiles      of the autoencoder, where memory=N asks for less: at least " +
                load::size_text(least.least_peak()) + "\n";
    return text;
}

}  // namespace

families::Inspector inspector() {
    families::Inspector made{.name = "cogvideox", .detect = detect, .report = report};
    for (const load::OptionRow& row : option_rows()) made.options.emplace_back(row.key, row.help);
    return made;
}

}  // namespace zt::cogvideox
