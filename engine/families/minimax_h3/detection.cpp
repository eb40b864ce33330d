// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See detection.h.
#include "families/minimax_h3/detection.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "families/minimax_h3/names.h"
#include "load/part_file.h"
#include "weights/checkpoint.h"

namespace zt::minimax_h3 {
namespace {

namespace fs = std::filesystem;
using families::Detection;
using Fit = Detection::Fit;

// Latents of pictures and of sound go in: no other model has both.
Detection detect_checkpoint(const std::string& path) {
    const auto file = weights::Checkpoint::open(path);
    const auto has = [&](std::string_view module) {
        return std::any_of(file.entries().begin(), file.entries().end(), [&](const auto& entry) {
            const auto placed = transformer_names(QkvOrder::kStacked).place(entry.name);
            return placed && placed->module == module;
        });
    };
    return {has("video_patch_proj") && has("audio_patch_proj") ? Fit::kOurs : Fit::kNone, {}};
}

Detection detect_folder(const fs::path& folder) {
    for (const char* name : {"modular_model_index.json", "model_index.json", "config.json"}) {
        if (!load::is_there(folder / name)) continue;
        const std::string kind = load::class_name((folder / name).string());
        return {kind.starts_with("MiniMaxH3") ? Fit::kOurs : Fit::kNone, {}};
    }
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

}  // namespace zt::minimax_h3
