// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Our names and fused shapes of everything a file has of a part. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/part_names.h"
#include "weights/checkpoint.h"

namespace zt::load {

using Shape = std::vector<int64_t>;

// The shapes that the tensors of a part will have, by our names.
[[nodiscard]] std::map<std::string, Shape> shapes_of(const weights::Checkpoint& file, const PartNames& names);

// The same with errors that name the file, which it borrows.
class Shapes {
public:
    Shapes(const weights::Checkpoint& file, const PartNames& names) : file_(file), shapes_(shapes_of(file, names)) {}
    [[nodiscard]] bool has(const std::string& name) const { return shapes_.contains(name); }
    // Dimensions of one that is there.
    [[nodiscard]] size_t rank(const std::string& name) const { return shapes_.at(name).size(); }
    // Throws ZT_ERROR_WEIGHTS where there is none, or not of that rank, or not above 0.
    [[nodiscard]] const Shape& at(const std::string& name, size_t rank) const;
    // The number of blocks under "prefix.<i>."; they must be 0 .. n - 1. Throws ZT_ERROR_WEIGHTS.
    [[nodiscard]] int64_t count(const std::string& prefix) const;

private:
    const weights::Checkpoint& file_;
    std::map<std::string, Shape> shapes_;
};

// For shapes of another model: throws ZT_ERROR_UNSUPPORTED with the file's name and what was expected and got.
[[noreturn]] void refuse_kind(const weights::Checkpoint& file, const std::string& what);

// What the names of another kind's tensors contain, and what that kind is called.
struct KindMark {
    std::string_view text, kind;
};
// refuse_kind() for a file with a tensor that has one of the marks.
void refuse_marked(const weights::Checkpoint& file, std::span<const KindMark> marks, const std::string& expected);

}  // namespace zt::load
