// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a path holds; see detection.h.
#include "families/wan/detection.h"

#include <filesystem>

#include "families/wan/names.h"
#include "load/part_file.h"
#include "load/signature.h"

namespace zt::wan {

families::Detection detect(const std::string& path) {
    static const auto& signature = *new load::Signature{.indexes = {"model_index.json", "config.json"},
                                                        .class_prefix = "Wan",
                                                        .transformer = &transformer_names(),
                                                        .modules = {"blocks.0.cross_attn.norm_q"}};
    const std::filesystem::path expert = std::filesystem::path(path) / kHighNoise;
    const bool ours = load::has_signature(load::is_folder(expert) ? expert.string() : path, signature);
    return {ours ? families::Detection::Fit::kOurs : families::Detection::Fit::kNone, {}};
}

}  // namespace zt::wan
