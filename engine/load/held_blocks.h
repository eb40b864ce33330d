// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which blocks of a transformer are in memory while a clip is denoised: the first ones whole, the others read from the
// disk at every pass, or of each a share, where all ranks of a team together have room for them and one has not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "device/devices.h"
#include "load/block_shares.h"
#include "load/kept.h"
#include "load/memory.h"
#include "load/read_ahead.h"

namespace zt::load {

// The limit of this process for what it computes on `device`; see limit_of(). Ranks of one machine divide what its host
// has free between them, as they do with its cores.
[[nodiscard]] MemoryLimit memory_limit(uint64_t budget, at::Device device);

// What the sessions of a process share of the blocks of an opened model. Thread-safe.
template <class Block>
struct KeptBlocks {
    Shared<std::vector<Block>> whole;  // the first of them
    Shared<BlockShares<Block>> shares;
};

// For the team of this thread, all ranks of which call it at the same place; nothing without one. own: the first block
// of which this rank can keep a share, -1 where it has no room, `count` where it has all blocks. Gives what all can do:
// the lowest, or nothing where that is none or all.
[[nodiscard]] std::optional<int64_t> agree_on_shares(int64_t own, int64_t count);
// How this rank stands in its team.
struct InTeam {
    int rank = 0, ranks = 1;
    std::function<void(const at::Tensor& piece, const at::Tensor& run)> join;  // for a thread that reads ahead
};
// Of the team of this thread, all ranks of which call it at the same place. `join` may be called until the team's scope
// ends.
[[nodiscard]] InTeam share_weights();
[[nodiscard]] std::string shares_text(int64_t whole, int64_t count, int ranks, uint64_t bytes, bool keep);

// Hands out blocks in the order of use; see PartlyResident.
template <class Block>
struct HeldBlocks {
    std::shared_ptr<const std::vector<Block>> whole;
    std::function<Block(int64_t)> others;  // runs on other threads
};

// count: of all blocks; read: block i from the file, as it is used; must be able to until what is given back is gone.
// progress: "load" (i, n) before each. All ranks of a team call it at the same place.
template <class Block>
[[nodiscard]] HeldBlocks<Block> hold_blocks(KeptBlocks<Block>& kept, const Budget& budget, int64_t count,
                                            std::function<Block(int64_t)> read,
                                            const std::function<void(int64_t, int64_t)>& progress, const Log& log) {
    const auto whole_there = kept.whole.there();
    const auto shares_there = kept.shares.there();
    const bool all = budget.resident_blocks == count ||
                     (whole_there != nullptr && static_cast<int64_t>(whole_there->size()) == count);
    const int64_t own = all ? count : shares_there != nullptr ? shares_there->first() : budget.shares.first;
    const std::optional<int64_t> first = agree_on_shares(own, count);
    if (!first)
        return {kept.whole.get(budget.keep, [&] { return read_first<Block>(budget.resident_blocks, read, progress); }),
                std::move(read)};
    const InTeam here = share_weights();
    const bool keep = budget.shares.keep;
    const auto step = [&](int64_t i, int64_t) { progress(i, count); };
    if (whole_there != nullptr && static_cast<int64_t>(whole_there->size()) < *first) kept.whole.forget();
    if (shares_there != nullptr && shares_there->first() != *first) kept.shares.forget();
    auto whole = kept.whole.get(keep, [&] { return read_first<Block>(*first, read, step); });
    if (static_cast<int64_t>(whole->size()) > *first)  // a copy holds the same tensors
        whole = std::make_shared<const std::vector<Block>>(whole->begin(), whole->begin() + *first);
    const auto shares = kept.shares.get(keep, [&] {
        return std::make_shared<const BlockShares<Block>>(*first, count, here.rank, here.ranks, read, [&](int64_t i) {
            device::return_freed_memory();
            progress(i, count);
        });
    });
    device::return_freed_memory();
    log(ZT_LOG_VERBOSE, shares_text(*first, count, here.ranks, shares->bytes(), keep));
    return {std::move(whole), [shares, join = here.join](int64_t i) { return shares->whole(i, join); }};
}

}  // namespace zt::load
