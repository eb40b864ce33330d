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

namespace zt::ranks {

class Group;

// One thread at a time. All ranks make it, and all that follows, at the same place of their work.
class Team {
public:
    // As Group's constructor.
    Team(int rank, int size, std::string address, std::chrono::milliseconds timeout,
         const std::function<std::vector<std::string>(const std::string&)>& swap);
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
    // Of each value the smallest that any rank says: for what all must decide alike. Not counted as sent.
    [[nodiscard]] std::vector<int64_t> lowest(const std::vector<int64_t>& own);
    [[nodiscard]] bool in_second_half() const noexcept;
    // Of what is computed; what it took to find each other is not counted.
    [[nodiscard]] uint64_t bytes_sent() const noexcept;
    [[nodiscard]] const Cancel& cancel() const noexcept { return *cancel_; }

private:
    friend class TeamScope;
    const std::string address_;
    const std::chrono::milliseconds timeout_;
    std::unique_ptr<Group> all_, half_, weights_;  // half_: null where it would be one rank
    bool halved_ = false, split_ = false;
    uint64_t greetings_ = 0;  // bytes
    const Cancel* cancel_ = nullptr;
};

// Makes a team that of the calling thread while it lives. cancel: polled while it waits for other ranks.
class TeamScope {
public:
    TeamScope(Team& team, const Cancel& cancel);
    ~TeamScope();
    TeamScope(const TeamScope&) = delete;
    TeamScope& operator=(const TeamScope&) = delete;
};

// Of the calling thread; null without one, which is as with one rank.
[[nodiscard]] Team* team();

// What follows is rank 0's alone: on other ranks throws PartDone, which nobody catches but who began their part.
struct PartDone {};
void end_of_shared_work();

}  // namespace zt::ranks
