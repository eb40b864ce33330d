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

// How much memory an opened model may take. Immutable.
class MemoryRoom {
public:
    MemoryRoom() = default;
    // option: bytes that the user gives each rank, 0 where nothing was said: then what is free on `device`. Ranks of
    // one machine divide that of its host between them, as they do with its cores, and measure it once, here: later,
    // what each keeps for the next clip would be taken from the others' room, and from its own. alone: the other ranks
    // never open this model, so that nothing is divided.
    MemoryRoom(uint64_t option, at::Device device, bool alone = false);
    [[nodiscard]] bool is_given() const noexcept { return option_ > 0; }
    // For a clip that begins now; see limit_of().
    [[nodiscard]] MemoryLimit limit() const;

private:
    uint64_t option_ = 0;
    at::Device device_ = at::kCPU;
    std::optional<uint64_t> once_;
};

// What the sessions of a process share of the blocks of an opened model. Thread-safe.
template <class Block>
struct KeptBlocks {
    Shared<std::vector<Block>> whole;  // the first of them
    Shared<BlockShares<Block>> shares;
};

// At the beginning of a generation; nothing for ranks, which agree on it first.
void tell_budget(const Log& log, const Budget& budget, int64_t blocks);

// Before a clip begins: what earlier ones left and this one has no room for goes, as soon as nobody uses it.
template <class Block, class Decoder>
void let_go(KeptBlocks<Block>& blocks, Shared<Decoder>& decoder, const Budget& budget) {
    if (!budget.counts_kept || budget.keep) return;
    decoder.unpin();
    if (budget.ahead.keep || budget.alone.keep) return;  // hold_blocks() sees to them
    blocks.whole.unpin(), blocks.shares.unpin();
}

// What all ranks of a team do.
struct Agreed {
    int64_t first = 0;  // block that is shared
    Gather gather = Gather::kAhead;
};
// For the team of this thread, all ranks of which call it at the same place; nothing without one, where all ranks have
// room for all `count` blocks, or one not even for shares. The lowest block that any says holds for all, and so does
// how shares are gathered: a rank that gathers ahead waits at the end of the clip for a block that all gather.
[[nodiscard]] std::optional<Agreed> agree_on_shares(const Budget& own, int64_t count);
// How this rank stands in its team.
struct InTeam {
    int rank = 0, ranks = 1;
    std::function<void(const at::Tensor& piece, const at::Tensor& run)> join;  // for a thread that reads ahead
};
// Of the team of this thread, all ranks of which call it at the same place. `join` may be called until the team's scope
// ends.
[[nodiscard]] InTeam share_weights();
// For the log. own: of this rank; held: bytes of its shares.
[[nodiscard]] std::string shares_text(const Agreed& agreed, const SharesBudget& own, int64_t count, int ranks,
                                      uint64_t held);

// Hands out blocks in the order of use; see PartlyResident.
template <class Block>
struct HeldBlocks {
    std::shared_ptr<const std::vector<Block>> whole;
    std::function<Block(int64_t)> others;  // runs on other threads
    bool ahead = true;                     // of their use
};

// For a clip that is made without shares.
template <class Block>
[[nodiscard]] HeldBlocks<Block> hold_first(KeptBlocks<Block>& kept, const Budget& budget,
                                           std::function<Block(int64_t)> read,
                                           const std::function<void(int64_t, int64_t)>& progress) {
    if (const auto there = kept.whole.there();
        budget.counts_kept && there != nullptr && static_cast<int64_t>(there->size()) != budget.resident_blocks)
        kept.whole.unpin();  // another session that uses it keeps it, and this one then has it, too
    return {kept.whole.get(budget.keep, [&] { return read_first<Block>(budget.resident_blocks, read, progress); }),
            std::move(read)};
}

// Blocks before agreed.first whole, of the others this rank's share. What was kept for a clip that fits otherwise goes
// before anything is read.
template <class Block>
[[nodiscard]] HeldBlocks<Block> hold_shares(KeptBlocks<Block>& kept, const Agreed& agreed, const SharesBudget& own,
                                            int64_t count, const std::function<Block(int64_t)>& read,
                                            const std::function<void(int64_t, int64_t)>& progress, const Log& log) {
    const InTeam here = share_weights();
    const int64_t first = agreed.first;
    if (!own.keep) kept.whole.unpin(), kept.shares.unpin();
    if (const auto there = kept.whole.there(); there != nullptr && static_cast<int64_t>(there->size()) != first)
        kept.whole.forget();
    if (const auto there = kept.shares.there(); there != nullptr && there->first() != first) kept.shares.forget();
    device::return_freed_memory();
    const auto read_whole = [&] {
        return read_first<Block>(first, read, [&](int64_t i, int64_t) { progress(i, count); });
    };
    auto whole = kept.whole.get(own.keep, read_whole);
    // Rank 0 may make another clip alone meanwhile, and have read as many as that one has room for.
    if (static_cast<int64_t>(whole->size()) != first) whole = read_whole();
    const auto shares = kept.shares.get(own.keep, [&] {
        return std::make_shared<const BlockShares<Block>>(first, count, here.rank, here.ranks, read, [&](int64_t i) {
            device::return_freed_memory();
            progress(i, count);
        });
    });
    device::return_freed_memory();
    log(ZT_LOG_VERBOSE, shares_text(agreed, own, count, here.ranks, shares->bytes()));
    return {std::move(whole), [shares, join = here.join](int64_t i) { return shares->whole(i, join); },
            agreed.gather == Gather::kAhead};
}

// count: of all blocks; read: block i from the file, as it is used; must be able to until what is given back is gone.
// progress: "load" (i, n) before each. All ranks of a team call it at the same place.
template <class Block>
[[nodiscard]] HeldBlocks<Block> hold_blocks(KeptBlocks<Block>& kept, const Budget& budget, int64_t count,
                                            std::function<Block(int64_t)> read,
                                            const std::function<void(int64_t, int64_t)>& progress, const Log& log) {
    if (const std::optional<Agreed> agreed = agree_on_shares(budget, count))
        return hold_shares(kept, *agreed, budget.shares(agreed->gather), count, read, progress, log);
    if (budget.ranks > 1) log(ZT_LOG_VERBOSE, budget_text(budget, count));
    kept.shares.forget();
    return hold_first(kept, budget, std::move(read), progress);
}

}  // namespace zt::load
