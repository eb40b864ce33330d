// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files made by hand to hurt a reader, each with the words its refusal must contain. Most are bugs
// that other readers had: sums that wrap, ranges that overlap, files that are two formats at once.
#pragma once

#include <string>
#include <vector>

namespace zt::test {

struct HostileFile {
    std::string name;  // also its file name in the fuzz corpus
    std::string bytes;
    std::string message;  // part of the refusal; empty: legal, though odd
};

[[nodiscard]] std::vector<HostileFile> hostile_checkpoints();
[[nodiscard]] std::vector<HostileFile> hostile_manifests();

}  // namespace zt::test
