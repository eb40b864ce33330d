// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The folders in which built-in models are looked for.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <vector>

namespace zt {

// Folders in the order they are tried, none of them checked. `own` is the folder of the library or
// program that looks (empty: unknown). A privileged process trusts no environment.
inline std::vector<std::filesystem::path> model_folders(const std::filesystem::path& own) {
    if (const char* path = secure_getenv("ZOETROPE_MODEL_PATH"); path != nullptr && path[0] != '\0') return {path};
    if (own.empty()) return {};
    return {own / "../models", own / "../share/zoetrope/models", own / "../../share/zoetrope/models"};
}

}  // namespace zt
