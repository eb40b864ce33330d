// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See signature.h.
#include "load/signature.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "load/part_file.h"
#include "weights/checkpoint.h"

namespace zt::load {
namespace {

namespace fs = std::filesystem;

bool checkpoint_has(const std::string& path, const Signature& signature) {
    const auto file = weights::Checkpoint::open(path);
    return std::all_of(signature.modules.begin(), signature.modules.end(), [&](std::string_view module) {
        return std::any_of(file.entries().begin(), file.entries().end(), [&](const auto& entry) {
            const auto placed = signature.transformer->place(entry.name);
            return placed && placed->module == module;
        });
    });
}

bool folder_has(const fs::path& folder, const Signature& signature) {
    for (const std::string_view name : signature.indexes)
        if (is_there(folder / name)) return class_name((folder / name).string()).starts_with(signature.class_prefix);
    return weights::find_checkpoint(folder.string()) && checkpoint_has(folder.string(), signature);
}

}  // namespace

bool has_signature(const std::string& path, const Signature& signature) {
    try {
        return is_folder(path) ? folder_has(path, signature) : checkpoint_has(path, signature);
    } catch (const Error&) {
        return false;
    }
}

}  // namespace zt::load
