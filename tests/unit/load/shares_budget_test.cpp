// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What ranks keep of blocks that do not fit, and what they send: arithmetic.
#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "device/devices.h"
#include "load/held_blocks.h"
#include "load/memory.h"
#include "ranks/place.h"
#include "ranks/share.h"
#include "ranks/traffic.h"

namespace zt::load {
namespace {

constexpr uint64_t kBlock = 160'000'000, kParts = ranks::kPartsOfRun, kMoving = 2 * kBlock + 2 * kBlock / kParts;

// Ten blocks and ends of half a block; the text takes four blocks, the decoder one.
MemoryPlan plan_of(uint64_t data) {
    return {{{"text", 4 * kBlock, 4 * kBlock, 0},
             {"denoise", 10 * kBlock + kBlock / 2, 2 * kBlock, data, 10 * kBlock},
             {"decode", kBlock, kBlock, 0}}};
}

TEST(SharesBudget, AsManyWholeBlocksAsFitBesideTheShares) {
    const std::vector<double> each(10, 0.1);
    const MemoryPlan plan = plan_of(kBlock);
    const auto shares = [&](uint64_t bytes, int ranks) {
        return fit_into(plan, {bytes, 0}, each, "a clip", ranks).ahead;
    };
    EXPECT_EQ(shares(8 * kBlock, 1).first, -1);  // nobody to share with
    // Ends, a quarter of ten blocks, what moves, data, and they stay while the text is read.
    const uint64_t kept = kBlock / 2 + 10 * kBlock / 4;
    EXPECT_EQ(shares(kept + 4 * kBlock + 1000, 4).first, 0);
    EXPECT_TRUE(shares(kept + 4 * kBlock + 1000, 4).keep);
    EXPECT_EQ(shares(kept + 4 * kBlock + 2 * kBlock * 3 / 4 + 1000, 4).first, 2);
    // Too little to keep, enough for one clip.
    const SharesBudget once = shares(kept + kMoving + kBlock + 1000, 4);
    EXPECT_EQ(once.first, 0);
    EXPECT_FALSE(once.keep);
    EXPECT_NEAR(static_cast<double>(once.peak), static_cast<double>(kept + kMoving + kBlock), 2);
    EXPECT_EQ(shares(kept + kMoving + kBlock - 1000, 4).first, -1);
    EXPECT_NEAR(static_cast<double>(shares_peak(plan, 4, Gather::kAhead, false)),
                static_cast<double>(kept + kMoving + kBlock), 2);
    EXPECT_NEAR(static_cast<double>(shares_peak(plan, 4, Gather::kAhead, true)), static_cast<double>(kept + 4 * kBlock),
                2);
    // Where all fits a rank says what it has room for where another has not.
    EXPECT_EQ(fit_into(plan, {20 * kBlock, 0}, each, "a clip", 4).resident_blocks, 10);
    EXPECT_EQ(fit_into(plan, {20 * kBlock, 0}, each, "a clip", 4).ahead.first, 9);
    const Budget tight = fit_into(plan, {10 * kBlock + kBlock / 2 + kBlock, 0}, each, "a clip", 4);
    EXPECT_EQ(tight.resident_blocks, 10);
    EXPECT_EQ(tight.ahead.first, 6);  // less, beside the text, than it has of its own
}

TEST(SharesBudget, AloneHasRoomForOneBlockLess) {
    const std::vector<double> each(10, 0.1);
    const MemoryPlan plan = plan_of(kBlock);
    // 1/4 of all, ends, data, what is on its way and one block.
    const uint64_t least = kBlock / 2 + 10 * kBlock / 4 + kMoving - kBlock + kBlock;
    EXPECT_NEAR(static_cast<double>(shares_peak(plan, 4, Gather::kAlone, false)), static_cast<double>(least), 2);
    const Budget made = fit_into(plan, {least + 1000, 0}, each, "a clip", 4);
    EXPECT_EQ(made.ahead.first, -1);
    EXPECT_EQ(made.alone.first, 0);
    EXPECT_FALSE(made.alone.keep);
    EXPECT_NEAR(static_cast<double>(made.alone.peak), static_cast<double>(least), 2);
    EXPECT_EQ(fit_into(plan, {least - 1000, 0}, each, "a clip", 4).alone.first, -1);
}

TEST(Traffic, OfEvenlyDividedTokensIsThePublishedFormula) {
    // 4 T D e (n - 1) / n^2 a block, and at the end 1/n of the rows to each other.
    const ranks::PassShape shape{.parts = {960},
                                 .heads = 12,
                                 .head_dim = 32,
                                 .layers = 5,
                                 .element_bytes = 2,
                                 .end_tokens = 960,
                                 .end_columns = 64};
    for (const int n : {2, 3, 4}) {
        const auto size = static_cast<uint64_t>(n);
        const uint64_t block = 4 * 960 * 384 * 2 * (size - 1) / (size * size);
        for (int rank = 0; rank < n; rank++) {
            EXPECT_EQ(ranks::attention_bytes(shape, rank, n), block);
            EXPECT_EQ(ranks::step_bytes(shape, rank, n), 5 * block + 960 / size * 64 * 2 * (size - 1));
        }
    }
}

TEST(Traffic, OfHalvesIsThatOfHalfTheRanksAndAVelocity) {
    ranks::PassShape shape{.parts = {36},
                           .heads = 3,
                           .head_dim = 32,
                           .layers = 3,
                           .element_bytes = 4,
                           .end_tokens = 36,
                           .end_columns = 64};
    const uint64_t two = ranks::step_bytes(shape, 0, 2), three = ranks::step_bytes(shape, 1, 3);
    shape.passes = 2, shape.velocity_bytes = 36 * 64 * 4;
    EXPECT_EQ(ranks::passes_of_each(shape, 4), 1);
    EXPECT_EQ(ranks::passes_of_each(shape, 3), 2);
    EXPECT_EQ(ranks::step_bytes(shape, 2, 4), two + 36 * 64 * 4);  // the first of the second half
    EXPECT_EQ(ranks::step_bytes(shape, 1, 2), 36U * 64 * 4);       // each makes a pass alone
    EXPECT_EQ(ranks::step_bytes(shape, 1, 3), 2 * three);
}

TEST(Traffic, PiecesOfARunAreWholeUnits) {
    static_assert(ranks::in_units(1) == 1 && ranks::in_units(64) == 1 && ranks::in_units(65) == 2);
    EXPECT_EQ(ranks::gather_bytes(64 * 7, 0, 3), 3U * 64 * 2);
    EXPECT_EQ(ranks::gather_bytes(64 * 7, 2, 3), 2U * 64 * 2);
    EXPECT_EQ(ranks::gather_bytes(64 * 7, 0, 1), 0U);
}

// The only one of this program that asks who it is, which is read once.
TEST(MemoryLimit, RanksOfOneMachineDivideWhatIsFree) {
    for (const auto& [name, value] :
         {std::pair("ZOETROPE_RANKS", "0/6/0"), std::pair("ZOETROPE_RANKS_AT", "127.0.0.1:1"),
          std::pair("ZOETROPE_RANKS_SOCKET", "9"), std::pair("ZOETROPE_RANKS_SECRET", "a secret of this test"),
          std::pair("ZOETROPE_RANKS_HERE", "4")})
        setenv(name, value, 1);
    EXPECT_EQ(ranks::company().all, 6);
    const auto all = static_cast<double>(device::free_bytes(at::kCPU));
    EXPECT_NEAR(static_cast<double>(MemoryRoom(0, at::kCPU).limit().bytes), all / 4, all / 20);
    EXPECT_EQ(MemoryRoom(1 << 30, at::kCPU).limit().bytes, 1U << 30);  // each may have what was asked for
}

}  // namespace
}  // namespace zt::load
