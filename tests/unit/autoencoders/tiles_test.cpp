// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which rank makes which tile, and how they come to rank 0.
#include "ranks/tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <optional>

#include "core/cancel.h"
#include "core/error.h"
#include "ranks/threads_as_ranks.h"

namespace {

using zt::ranks::owners_of;
using zt::ranks::PartDone;
using zt::ranks::Team;
using zt::ranks::TeamScope;
using zt::ranks::Tiles;
using zt::test::with_teams;
using Costs = std::vector<int64_t>;

TEST(Owners, OfEqualTilesTakeTurns) {
    EXPECT_EQ(owners_of(Costs(7, 5), 3), (std::vector<int>{0, 1, 2, 0, 1, 2, 0}));
    EXPECT_EQ(owners_of(Costs(3, 5), 8), (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(owners_of({9}, 2), (std::vector<int>{0}));
}

TEST(Owners, OfUnequalTilesAreDoneAtAlmostTheSameTime) {
    // HunyuanVideo, 1280x720: 32x32 latents, the last column 16 wide, the last row 18 high.
    Costs costs;
    for (const int64_t h : {32, 32, 32, 18})
        for (const int64_t w : {32, 32, 32, 32, 32, 32, 16}) costs.push_back(h * w);
    const int64_t all = std::accumulate(costs.begin(), costs.end(), int64_t{0});
    for (int size = 2; size <= 16; size++) {
        const std::vector<int> owners = owners_of(costs, size);
        Costs each(static_cast<size_t>(size), 0);
        for (size_t i = 0; i < costs.size(); i++) each[static_cast<size_t>(owners[i])] += costs[i];
        EXPECT_EQ(owners[0], 0);
        EXPECT_LE(*std::max_element(each.begin(), each.end()), all / size + (size < 10 ? 400 : 32 * 32))
            << size << " ranks";
    }
}

at::Tensor tile(int64_t i) { return at::arange(2 * (i + 1)).view({2, i + 1}).to(at::kFloat) + 100 * i; }

TEST(Tiles, ComeToRankZeroInTheirOrder) {
    for (const int size : {2, 3, 5}) {
        std::vector<std::atomic<int>> made(static_cast<size_t>(size));
        with_teams(size, [&](Team& team) {
            const zt::Cancel cancel;
            std::optional<bool> told;
            const TeamScope scope(team, cancel, [&](bool more) { told = more; });
            Tiles tiles(Costs(4, 1));
            const auto rank = static_cast<size_t>(team.rank());
            EXPECT_TRUE(tiles.spread());
            EXPECT_EQ(tiles.any_here(), rank < 4);
            for (int64_t i = 0; i < 4; i++) {
                const at::Tensor got = tiles.next({2, i + 1}, at::TensorOptions(at::kFloat), [&](int64_t which) {
                    made[rank]++;
                    return tile(which);
                });
                ASSERT_EQ(got.defined(), rank == 0);
                EXPECT_TRUE(rank != 0 || at::equal(got, tile(i))) << i;
            }
            if (rank != 0) {
                EXPECT_THROW(zt::ranks::end_of_shared_work(true), PartDone);
                return;
            }
            const int64_t here = made[0];
            EXPECT_EQ(team.tiles().all, 4);
            EXPECT_EQ(team.tiles().came, 4 - here);
            EXPECT_EQ(team.bytes_sent(), 0U);
            zt::ranks::end_of_shared_work(true);
            EXPECT_EQ(told, true);
            EXPECT_EQ(zt::ranks::team(), nullptr);
            told.reset();
            zt::ranks::end_of_shared_work(true);  // there is nothing to end any more
            EXPECT_EQ(told, std::nullopt);
        });
        int all = 0;
        for (const auto& count : made) all += count;
        EXPECT_EQ(all, 4) << size;
        EXPECT_EQ(*std::max_element(made.begin(), made.end()), size < 4 ? 2 : 1) << size;
    }
}

// Others go on to their next tile while rank 0 is at its own, and hold theirs until it takes them.
TEST(Tiles, RanksDoNotWaitForEachOther) {
    std::atomic<int> of_others = 0;
    with_teams(2, [&](Team& team) {
        const zt::Cancel cancel;
        const TeamScope scope(team, cancel);
        Tiles tiles(Costs(8, 1));
        for (int64_t i = 0; i < 8; i++)
            (void)tiles.next({2, 1}, at::TensorOptions(at::kFloat), [&](int64_t) {
                if (team.rank() == 1) {
                    of_others++;
                } else {
                    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
                    while (of_others < 4 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
                    EXPECT_EQ(of_others, 4);
                }
                return at::ones({2, 1});
            });
    });
}

TEST(Tiles, WithoutATeamAllAreMadeHere) {
    Tiles tiles(Costs(3, 1));
    EXPECT_FALSE(tiles.spread());
    EXPECT_TRUE(tiles.any_here());
    EXPECT_TRUE(zt::ranks::leads());
    EXPECT_TRUE(zt::ranks::on_any_rank(true));
    EXPECT_FALSE(zt::ranks::on_any_rank(false));
    for (int64_t i = 0; i < 3; i++)
        EXPECT_TRUE(at::equal(tiles.next({2, i + 1}, at::TensorOptions(at::kFloat), tile), tile(i)));
    zt::ranks::end_of_shared_work();
    with_teams(2, [](Team& team) {  // one tile is nothing to spread
        const zt::Cancel cancel;
        const TeamScope scope(team, cancel);
        EXPECT_FALSE(Tiles({7}).spread());
    });
}

TEST(Tiles, WhatOneRankSaysAllKnow) {
    for (int who = -1; who < 3; who++)
        with_teams(3, [&](Team& team) {
            const zt::Cancel cancel;
            const TeamScope scope(team, cancel);
            EXPECT_EQ(zt::ranks::on_any_rank(team.rank() == who), who >= 0);
            EXPECT_EQ(team.bytes_sent(), 0U);
        });
}

// What becomes of `rank`; others take their part until something breaks.
void breaks(const std::function<void(Team&, int64_t tile)>& before, const zt::Cancel* of_rank_0, zt_status expected) {
    std::atomic<int> ended = 0;
    with_teams(3, [&](Team& team) {
        const zt::Cancel own;
        const TeamScope scope(team, team.rank() == 0 && of_rank_0 != nullptr ? *of_rank_0 : own);
        try {
            Tiles tiles(Costs(9, 1));
            for (int64_t i = 0; i < 9; i++)
                (void)tiles.next({2, i + 1}, at::TensorOptions(at::kFloat), [&](int64_t which) {
                    before(team, which);
                    return tile(which);
                });
            FAIL() << "rank " << team.rank() << " has all tiles";
        } catch (const zt::Error& error) {
            ended++;
            if (team.rank() != 0) return;
            EXPECT_EQ(error.status(), expected) << error.what();
        }
    });
    EXPECT_EQ(ended, 3);
}

TEST(Tiles, ARankThatFailsEndsTheOthers) {
    breaks(
        [](Team& team, int64_t tile) {
            if (team.rank() == 2 && tile == 5) throw zt::Error(ZT_ERROR_MEMORY, "no memory");
        },
        nullptr, ZT_ERROR_NETWORK);
}

TEST(Tiles, ACancelOfRankZeroEndsTheOthers) {
    zt::Cancel cancel;
    breaks(
        [&](Team& team, int64_t tile) {
            if (team.rank() == 1 && tile == 4) {
                cancel.request();
                std::this_thread::sleep_for(std::chrono::milliseconds(500));
            }
        },
        &cancel, ZT_ERROR_CANCELLED);
}

}  // namespace
