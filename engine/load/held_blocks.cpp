// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See held_blocks.h.
#include "load/held_blocks.h"

#include "ranks/group.h"
#include "ranks/pieces.h"
#include "ranks/place.h"
#include "ranks/team.h"

namespace zt::load {

MemoryRoom::MemoryRoom(uint64_t option, at::Device device, bool alone) : option_(option), device_(device) {
    const ranks::Company& company = ranks::company();
    if (option == 0 && company.all > 1 && !alone)
        once_ = device::free_bytes(device) / static_cast<uint64_t>(device.is_cpu() ? company.here : 1);
}

MemoryLimit MemoryRoom::limit() const {
    const uint64_t free = option_ > 0 ? 0 : once_ ? *once_ : device::free_bytes(device_);
    MemoryLimit limit = limit_of(option_, device_.is_cpu(), free);
    if (once_) limit.counts_kept = true;
    return limit;
}

void tell_budget(const Log& log, const Budget& budget, int64_t blocks) {
    if (budget.ranks == 1) log(ZT_LOG_VERBOSE, budget_text(budget, blocks));
}

std::optional<Agreed> agree_on_shares(const Budget& own, int64_t count) {
    ranks::Team* const team = ranks::team();
    if (team == nullptr || !ranks::on_any_rank(own.resident_blocks < count)) return std::nullopt;
    for (const Gather gather : {Gather::kAhead, Gather::kAlone}) {
        const int64_t first = team->lowest(own.shares(gather).first);
        if (first >= 0) return Agreed{first, gather};
    }
    return std::nullopt;
}

InTeam share_weights() {
    ranks::Team& team = *ranks::team();
    ranks::Group& group = team.weights();
    const Cancel& cancel = team.cancel();
    return {group.rank(), group.size(), [&group, &cancel](const at::Tensor& piece, const at::Tensor& run) {
                ranks::join_pieces(group, piece, run, cancel);
                device::return_freed_memory();  // what was on its way, and the heap of this thread keeps
            }};
}

std::string shares_text(const Agreed& agreed, const SharesBudget& own, int64_t count, int ranks, uint64_t held) {
    return "memory: about " + size_text(own.peak) + " foreseen, " + std::to_string(agreed.first) + " of " +
           std::to_string(count) + " blocks in memory, of the others a share of 1/" + std::to_string(ranks) + ", " +
           size_text(held) + (agreed.gather == Gather::kAlone ? ", one gathered at a time" : "") +
           (own.keep ? ", kept for the next clip" : "");
}

}  // namespace zt::load
