// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The ranks that make one clip together, as the code that computes it sees them. Torch-free.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "ranks/swap.h"
#include "ranks/transport.h"

namespace zt::ranks {

class Group;

// Tiles of a decoder that were wanted, those of them that came from other ranks, and their bytes.
struct TileCount {
    int64_t all = 0, came = 0;
    uint64_t bytes = 0;
};

// One thread at a time. All ranks make it, and all that follows, at the same place of their work.
class Team {
public:
    // As Group's constructor.
    Team(int rank, int size, std::string address, std::chrono::milliseconds timeout, const Swap& swap,
         Transport transport = Transport::kGloo, Look look = nullptr);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    [[nodiscard]] int rank() const noexcept;
    [[nodiscard]] Group& all() noexcept { return *all_; }
    // Those that share the tokens of one pass: all, or the half that this rank is in.
    [[nodiscard]] Group* sequence() noexcept { return halved_ ? half_.get() : all_.get(); }
    // Splits the team into two halves (first: ranks below size / 2); nothing for an odd number of ranks.
    [[nodiscard]] bool halve();
    void join() noexcept { halved_ = false; }
    // Connections of all ranks beside those of all(), made by the first call: for weights, which a thread of their own
    // gathers while this one exchanges tokens.
    [[nodiscard]] Group& weights();
    // The smallest number that any rank says: for what all must decide alike. Not counted as sent.
    [[nodiscard]] int64_t lowest(int64_t own);
    [[nodiscard]] bool in_second_half() const noexcept;
    // Of what is computed; what it took to find each other is not counted.
    [[nodiscard]] uint64_t bytes_sent() const noexcept;
    [[nodiscard]] TileCount& tiles() noexcept { return tiles_; }
    [[nodiscard]] const Cancel& cancel() const noexcept { return *cancel_; }

private:
    friend class TeamScope;
    const std::string address_;
    const std::chrono::milliseconds timeout_;
    const Transport transport_;
    const Look look_;
    std::unique_ptr<Group> all_, half_, weights_;  // half_: null where it would be one rank
    bool halved_ = false, split_ = false;
    uint64_t greetings_ = 0;  // bytes
    TileCount tiles_;
    const Cancel* cancel_ = nullptr;
};

// What rank 0 does at the end of shared work, when it is in no team any more. more: see end_of_shared_work().
using AtEnd = std::function<void(bool more)>;

// Makes a team that of the calling thread while it lives, or until the end of shared work. cancel: polled while it
// waits for other ranks.
class TeamScope {
public:
    TeamScope(Team& team, const Cancel& cancel, AtEnd at_end = nullptr);
    ~TeamScope();
    TeamScope(const TeamScope&) = delete;
    TeamScope& operator=(const TeamScope&) = delete;

private:
    friend void end_of_shared_work(bool more);
    const AtEnd at_end_;
};

// Of the calling thread; null without one, which is as with one rank.
[[nodiscard]] Team* team();

// Of the calling thread: rank 0, or without a team.
[[nodiscard]] bool leads();
// Whether any rank of the thread's team says so; `own` without one. For what decides pixels and may differ between
// ranks, such as what their memory asks for.
[[nodiscard]] bool on_any_rank(bool own);

// What follows is rank 0's alone: the thread is in no team any more, and on other ranks PartDone is thrown, which
// nobody catches but who began their part. Said once in a clip's first Generation::next(), after its denoise loop or
// after its first tiles. more: the next call of it has shared work again, and says this again. Nothing without a team.
struct PartDone {
    bool more = false;
};
void end_of_shared_work(bool more = false);

}  // namespace zt::ranks
