// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a path holds; see detection.h.
#include "families/wan/detection.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "families/wan/names.h"
#include "load/part_file.h"
#include "weights/checkpoint.h"

namespace zt::wan {
namespace {

namespace fs = std::filesystem;
using families::Detection;
using Fit = Detection::Fit;

Detection detect_checkpoint(const std::string& path) {
    const auto file = weights::Checkpoint::open(path);
    const bool ours = std::any_of(file.entries().begin(), file.entries().end(), [](const auto& entry) {
        const auto placed = transformer_names().place(entry.name);
        return placed && placed->module == "blocks.0.cross_attn.norm_q";
    });
    return {ours ? Fit::kOurs : Fit::kNone, {}};
}

Detection detect_folder(const fs::path& folder) {
    for (const char* name : {"model_index.json", "config.json"}) {
        if (!load::is_there(folder / name)) continue;
        const std::string kind = load::class_name((folder / name).string());
        return {kind.starts_with("Wan") ? Fit::kOurs : Fit::kNone, {}};
    }
    if (load::is_folder(folder / kHighNoise)) return detect_folder(folder / kHighNoise);
    return weights::find_checkpoint(folder.string()) ? detect_checkpoint(folder.string()) : Detection{};
}

}  // namespace

families::Detection detect(const std::string& path) {
    try {
        return load::is_folder(path) ? detect_folder(path) : detect_checkpoint(path);
    } catch (const Error&) {
        return {};  // what is wrong with such a file is told by those who would have read it
    }
}

}  // namespace zt::wan
