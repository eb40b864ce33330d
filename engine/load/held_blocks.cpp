// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See held_blocks.h.
#include "load/held_blocks.h"

#include "ranks/group.h"
#include "ranks/pieces.h"
#include "ranks/place.h"
#include "ranks/team.h"

namespace zt::load {

MemoryRoom::MemoryRoom(uint64_t option, at::Device device) : option_(option), device_(device) {
    const ranks::Company& company = ranks::company();
    if (option == 0 && company.all > 1)
        once_ = device::free_bytes(device) / static_cast<uint64_t>(device.is_cpu() ? company.here : 1);
}

MemoryLimit MemoryRoom::limit() const {
    const uint64_t free = option_ > 0 ? 0 : once_ ? *once_ : device::free_bytes(device_);
    return limit_of(option_, device_.is_cpu(), free);
}

std::optional<int64_t> agree_on_shares(int64_t own, int64_t count) {
    ranks::Team* const team = ranks::team();
    if (team == nullptr) return std::nullopt;
    const int64_t lowest = team->lowest(own);
    if (lowest < 0 || lowest >= count) return std::nullopt;
    return lowest;
}

InTeam share_weights() {
    ranks::Team& team = *ranks::team();
    ranks::Group& group = team.weights();
    const Cancel& cancel = team.cancel();
    return {group.rank(), group.size(), [&group, &cancel](const at::Tensor& piece, const at::Tensor& run) {
                ranks::join_pieces(group, piece, run, cancel);
            }};
}

std::string shares_text(int64_t whole, int64_t count, int ranks, uint64_t bytes, bool keep) {
    return "memory: " + std::to_string(whole) + " of " + std::to_string(count) +
           " blocks in memory, of the others a share of 1/" + std::to_string(ranks) + ", " + size_text(bytes) +
           (keep ? ", kept for the next clip" : "");
}

}  // namespace zt::load
