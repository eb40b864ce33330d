// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What of a transformer's blocks is in memory: one or two at a time, what ranks agree on, and what of an earlier clip
// goes before a clip that has no room for it.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "load/held_blocks.h"
#include "ranks/threads_as_ranks.h"
#include "ranks/traffic.h"

namespace zt::load {
namespace {

using test::with_ranks;

constexpr int64_t kCount = 6, kNumbers = 64;  // blocks, and in each

struct Toy {
    at::Tensor weight;
    template <class F>
    void each(F&& f, int64_t) {
        f("weight", weight);
    }
};
Toy toy(int64_t i) { return {at::full({kNumbers}, static_cast<float>(i))}; }

HeldBlocks<Toy> hold(KeptBlocks<Toy>& kept, const Budget& budget, std::string* said = nullptr) {
    return hold_blocks<Toy>(
        kept, budget, kCount, toy, [](int64_t, int64_t) {},
        [&](zt_log_level, const std::string& text) {
            if (said != nullptr) *said = text;
        });
}

// Streamed blocks as PartlyResident has them: how many are there at once, and how many were read.
struct Streamed {
    std::atomic<int> there = 0, most = 0, reads = 0;
    std::shared_ptr<int64_t> read(int64_t i) {
        most = std::max<int>(most, ++there);
        ++reads;
        return {new int64_t(i), [this](const int64_t* gone) {
                    delete gone;
                    --there;
                }};
    }
};
using Item = std::shared_ptr<int64_t>;
const auto one_whole = std::make_shared<const std::vector<Item>>(1, std::make_shared<int64_t>(0));

TEST(PartlyResident, AloneReadsWhenABlockIsUsedAndHasOneAtATime) {
    Streamed streamed;
    PartlyResident<Item> blocks(
        one_whole, kCount, [&](int64_t i) { return streamed.read(i); }, false);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < kCount; i++) {
            EXPECT_EQ(*blocks(i), i);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            EXPECT_EQ(streamed.reads, pass * (kCount - 1) + i);
        }
    EXPECT_EQ(streamed.most, 1);
}

TEST(PartlyResident, AheadReadsTheNextOneBesideIt) {
    Streamed streamed;
    {
        PartlyResident<Item> blocks(
            one_whole, kCount, [&](int64_t i) { return streamed.read(i); }, true);
        for (int64_t i = 0; i < kCount; i++) {
            EXPECT_EQ(*blocks(i), i);
            if (i == 0) continue;
            const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (streamed.reads < i + 1 && std::chrono::steady_clock::now() < until)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            EXPECT_EQ(streamed.reads, i + 1);
        }
        EXPECT_EQ(streamed.most, 2);
    }
    EXPECT_EQ(streamed.there, 0);
}

struct Said {
    int64_t resident, ahead, alone;  // of a rank's budget
};
// What three ranks agree on; first -2: nothing.
Agreed agreed_by(const std::vector<Said>& said) {
    std::vector<Agreed> all(said.size());
    with_ranks(static_cast<int>(said.size()), [&](ranks::Team&, int rank) {
        const Said& mine = said[static_cast<size_t>(rank)];
        Budget own;
        own.resident_blocks = mine.resident, own.ranks = 3;
        own.ahead.first = mine.ahead, own.alone.first = mine.alone;
        all[static_cast<size_t>(rank)] = agree_on_shares(own, kCount).value_or(Agreed{-2, Gather::kAhead});
    });
    for (const Agreed& one : all) {
        EXPECT_EQ(one.first, all.front().first);
        EXPECT_EQ(one.gather, all.front().gather);
    }
    return all.front();
}

TEST(AgreeOnShares, TheLowestAndTheSameGatherForAll) {
    Agreed made = agreed_by({{2, 4, 5}, {2, 2, 3}, {2, 5, 5}});
    EXPECT_EQ(made.first, 2);
    EXPECT_EQ(made.gather, Gather::kAhead);
    made = agreed_by({{2, 4, 5}, {1, -1, 1}, {2, 0, 3}});  // one has no room for two whole blocks: none gathers ahead
    EXPECT_EQ(made.first, 1);
    EXPECT_EQ(made.gather, Gather::kAlone);
    EXPECT_EQ(agreed_by({{2, 4, 5}, {1, -1, -1}, {2, 0, 3}}).first, -2);
    EXPECT_EQ(agreed_by({{kCount, 4, 5}, {kCount, 4, 5}, {kCount, 2, 3}}).first, -2);
    EXPECT_EQ(agreed_by({{kCount, 3, 4}, {2, 5, 5}, {kCount, 4, 4}}).first, 3);  // who has all has less room for shares
}

TEST(HoldBlocks, OfSharesAreTheSameBlocksHoweverTheyAreGathered) {
    for (const Gather gather : {Gather::kAhead, Gather::kAlone})
        with_ranks(2, [&](ranks::Team& team, int rank) {
            KeptBlocks<Toy> kept;
            Budget own;
            own.ranks = 2;
            own.ahead = {gather == Gather::kAhead ? 2 : -1, false, 1'000'000'000};
            own.alone = {2, false, 500'000'000};
            const uint64_t before = team.bytes_sent();
            std::string said;
            {
                const HeldBlocks<Toy> held = hold(kept, own, &said);
                EXPECT_EQ(held.ahead, gather == Gather::kAhead);
                PartlyResident<Toy> blocks(held.whole, kCount, held.others, held.ahead);
                for (int pass = 0; pass < 3; pass++)
                    for (int64_t i = 0; i < kCount; i++)
                        EXPECT_TRUE(at::equal(blocks(i).weight, toy(i).weight)) << "block " << i;
            }
            const uint64_t once = ranks::gather_bytes(kNumbers * 4, rank, 2);
            EXPECT_EQ(team.bytes_sent() - before, once * (3 * (kCount - 2) + (gather == Gather::kAhead ? 1 : 0)));
            EXPECT_EQ(said, gather == Gather::kAhead
                                ? "memory: about 1.0 GB foreseen, 2 of 6 blocks in memory, of the others a share of "
                                  "1/2, 512 B"
                                : "memory: about 500 MB foreseen, 2 of 6 blocks in memory, of the others a share of "
                                  "1/2, 512 B, one gathered at a time");
        });
}

// Of one process with the option `memory`.
Budget budget_of(int64_t resident, bool keep) {
    Budget made;
    made.counts_kept = true, made.keep = keep, made.resident_blocks = resident;
    return made;
}

TEST(Kept, BlocksOfASmallClipGoBeforeALargeOneThatStreams) {
    const c10::InferenceMode inference;
    KeptBlocks<Toy> kept;
    EXPECT_EQ(hold(kept, budget_of(kCount, true)).whole->size(), kCount);
    ASSERT_NE(kept.whole.there(), nullptr);
    EXPECT_EQ(hold(kept, budget_of(kCount, true)).whole, kept.whole.there()) << "the next small clip reads nothing";
    EXPECT_EQ(hold(kept, budget_of(2, false)).whole->size(), 2U);
    EXPECT_EQ(kept.whole.there(), nullptr) << "and nothing stays behind it";
}

TEST(Kept, BlocksThatARunningClipUsesAreSharedAndGoWithIt) {
    const c10::InferenceMode inference;
    KeptBlocks<Toy> kept;
    auto running = hold(kept, budget_of(kCount, true));
    EXPECT_EQ(hold(kept, budget_of(2, false)).whole, running.whole) << "they are in memory anyway";
    running = {};
    EXPECT_EQ(kept.whole.there(), nullptr);
}

// Without the option a clip has what is free beside what was kept, so that this is no reason to read it again.
TEST(Kept, BlocksStayWhereTheLimitIsWhatIsFreeBesideThem) {
    const c10::InferenceMode inference;
    KeptBlocks<Toy> kept;
    Shared<Toy> decoder;
    static_cast<void>(hold(kept, budget_of(kCount, true)));
    static_cast<void>(decoder.get(true, [] { return std::make_shared<Toy>(toy(0)); }));
    Budget streams = budget_of(2, false);
    streams.counts_kept = false;
    let_go(kept, decoder, streams);
    EXPECT_EQ(hold(kept, streams).whole->size(), kCount);
    EXPECT_NE(decoder.there(), nullptr);
    EXPECT_TRUE(limit_of(1000, false, 0).counts_kept);
    EXPECT_FALSE(limit_of(0, false, 1000).counts_kept);
}

TEST(Kept, TheDecoderGoesBeforeAClipThatDoesNotKeepIt) {
    KeptBlocks<Toy> kept;
    Shared<Toy> decoder;
    const auto load = [] { return std::make_shared<Toy>(toy(0)); };
    auto used = decoder.get(true, load);
    let_go(kept, decoder, budget_of(kCount, true));
    used.reset();
    EXPECT_NE(decoder.there(), nullptr);
    used = decoder.there();
    let_go(kept, decoder, budget_of(2, false));
    EXPECT_EQ(decoder.get(false, load), used) << "who uses it shares it";
    used.reset();
    EXPECT_EQ(decoder.there(), nullptr);
}

TEST(Kept, SharesOfASmallClipGoWithALargeOneThatKeepsNone) {
    with_ranks(2, [](ranks::Team&, int) {
        KeptBlocks<Toy> kept;
        Budget own = budget_of(2, false);
        own.ranks = 2;
        own.ahead = own.alone = {2, true, 0};
        static_cast<void>(hold(kept, own));
        ASSERT_NE(kept.shares.there(), nullptr);
        ASSERT_NE(kept.whole.there(), nullptr);
        own.ahead.keep = own.alone.keep = false;
        static_cast<void>(hold(kept, own));
        EXPECT_EQ(kept.shares.there(), nullptr);
        EXPECT_EQ(kept.whole.there(), nullptr);
    });
}

}  // namespace
}  // namespace zt::load
