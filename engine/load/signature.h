// SPDX-License-Identifier: LGPL-2.1-or-later
//
// By what a family knows its own files: the class that a folder of diffusers names, or modules that no other model has.
// Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "load/part_names.h"

namespace zt::load {

struct Signature {
    std::vector<std::string_view> indexes;  // JSON files of a folder; the first that is there decides
    std::string_view class_prefix;          // of the class that it names: "Wan"
    const PartNames* transformer;           // borrowed
    std::vector<std::string_view> modules;  // where there is no such file, the transformer has all of these
};

// Whether a folder or file has it. Reads names and headers, never tensors. False for what cannot be read, which those
// tell who would have read it.
[[nodiscard]] bool has_signature(const std::string& path, const Signature& signature);

}  // namespace zt::load
