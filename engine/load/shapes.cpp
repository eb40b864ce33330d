// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See shapes.h.
#include "load/shapes.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::load {

using weights::CheckpointEntry;

std::map<std::string, Shape> shapes_of(const weights::Checkpoint& file, const PartNames& names) {
    std::map<std::string, Shape> shapes;
    for (const CheckpointEntry& entry : file.entries()) {
        const auto placed = names.place(entry.name);
        if (!placed || !placed->is_tensor()) continue;
        Shape& shape = shapes[placed->name()];
        if (shape.empty())
            shape = entry.shape;
        else if (!entry.shape.empty())
            shape.front() += entry.shape.front();  // a piece of a fused tensor
    }
    return shapes;
}

const Shape& Shapes::at(const std::string& name, size_t rank) const {
    const auto found = shapes_.find(name);
    if (found == shapes_.end())
        throw Error(ZT_ERROR_WEIGHTS, file_.name() + ": tensor " + quote(name) + ": expected " + std::to_string(rank) +
                                          " dimensions, got none");
    const bool positive = std::all_of(found->second.begin(), found->second.end(),
                                      [](int64_t n) { return n > 0 && n < (int64_t{1} << 31); });
    if (found->second.size() != rank || !positive)
        throw Error(ZT_ERROR_WEIGHTS, file_.name() + ": tensor " + quote(name) + ": expected " + std::to_string(rank) +
                                          " dimensions above 0, got others");
    return found->second;
}

int64_t Shapes::count(const std::string& prefix) const {
    std::map<int64_t, bool> seen;
    for (const auto& [name, shape] : shapes_) {
        if (!name.starts_with(prefix)) continue;
        int64_t number = 0;
        size_t i = prefix.size();
        for (; i < name.size() && name[i] >= '0' && name[i] <= '9' && i < prefix.size() + 4; ++i)
            number = number * 10 + (name[i] - '0');
        if (i > prefix.size() && i < name.size() && name[i] == '.') seen[number] = true;
    }
    const int64_t n = static_cast<int64_t>(seen.size());
    if (n > 0 && seen.rbegin()->first != n - 1)
        throw Error(ZT_ERROR_WEIGHTS, file_.name() + ": " + prefix + "*: expected blocks 0 to " +
                                          std::to_string(n - 1) + ", got block " +
                                          std::to_string(seen.rbegin()->first));
    return n;
}

void refuse_kind(const weights::Checkpoint& file, const std::string& what) {
    throw Error(ZT_ERROR_UNSUPPORTED, file.name() + ": " + what);
}

void refuse_marked(const weights::Checkpoint& file, std::span<const KindMark> marks, const std::string& expected) {
    for (const CheckpointEntry& entry : file.entries())
        for (const KindMark& mark : marks)
            if (entry.name.find(mark.text) != entry.name.npos)
                refuse_kind(file, "expected " + expected + ", got " + std::string(mark.kind) + " (tensor " +
                                      quote(entry.name) + ")");
}

}  // namespace zt::load
