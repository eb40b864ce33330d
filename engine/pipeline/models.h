// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opens the model that the option `model` names: finds family and folder, and shares a model that this process
// has open already.
#pragma once

#include <memory>
#include <string>

#include "families/family.h"

namespace zt::pipeline {

struct OpenedModel {
    std::shared_ptr<const families::Model> model;
    std::string name;  // as the user may write it: "storybook", or the path given
    std::string family;
    std::string identity;  // a digest of sharing_key()
};

// options.path is ignored; `name` is a built-in name or a path.
// The same weights with the same settings (see sharing_key) give the same object; the last one who
// lets go frees it. Thread-safe. Throws zt::Error.
[[nodiscard]] OpenedModel open_model(const std::string& name, families::LoadOptions options);

// A digest of the names, sizes and some bytes of every file that is read for `name`: equal on two machines that have
// the same files. Reads 192 KiB of each at most. Throws zt::Error.
[[nodiscard]] std::string contents_of(const std::string& name, families::LoadOptions options);

// Equal for two openings exactly when they may share one model: all of `options` but the log, and
// path, size, times and inode of every file that the family reads for them. options.path is resolved.
// Throws zt::Error for options that name no files.
[[nodiscard]] std::string sharing_key(const families::Family& family, const families::LoadOptions& options);

}  // namespace zt::pipeline
