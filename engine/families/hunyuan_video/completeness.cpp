// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which tensors there must be; see completeness.h.
#include "families/hunyuan_video/completeness.h"

#include <initializer_list>
#include <set>

#include "load/part_checks.h"

namespace zt::hunyuan_video {

using weights::Checkpoint;

void check_names(const Checkpoint& file, const TransformerConfig& config) {
    std::set<std::string> needed;
    for (const load::Spelled& s : all_spellings(config.layers, config.single_layers, config.refiner_layers)) {
        const std::string& module = s.placed.module;
        if (!config.guidance_embeds && module.starts_with("guidance_in.")) continue;
        needed.insert(module + ".weight");
        if (!module.ends_with("q_norm") && !module.ends_with("k_norm")) needed.insert(module + ".bias");
    }
    load::check_names(file, names_of(Part::kTransformer), std::vector<std::string>(needed.begin(), needed.end()));
}

void check_names(const Checkpoint& file, Part part, int64_t layers) {
    load::check_names(file, names_of(part), encoder_tensors(part, layers));
}

std::vector<std::string> value_warnings(const ModelParts& parts) {
    std::vector<std::string> warnings;
    const auto look = [&](const PartFile& part, std::initializer_list<Part> kinds) {
        for (const Part kind : kinds)
            if (part.checkpoint != nullptr) load::warn_of_values(*part.checkpoint, names_of(kind), warnings);
    };
    look(parts.transformer_file, {Part::kTransformer});
    look(parts.vae_file, {Part::kVae});
    look(parts.text_encoder, {Part::kLlm});
    look(parts.text_encoder_2, {Part::kClipText});
    look(parts.image_encoder, {Part::kClipVision, Part::kProjector});
    return warnings;
}

}  // namespace zt::hunyuan_video
