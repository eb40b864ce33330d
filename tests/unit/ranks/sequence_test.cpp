// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sequence that is spread over threads, which are ranks to each other over Gloo on the loopback address: its
// attention against that of one thread, and what each sends against the formula of docs/many-machines.md.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "core/cancel.h"
#include "core/error.h"
#include "nn/attention.h"
#include "ranks/group.h"
#include "ranks/sequence.h"
#include "ranks/team.h"
#include "ranks/threads_as_ranks.h"
#include "ranks/traffic.h"

namespace {

using zt::ranks::Group;
using zt::ranks::Sequence;
using zt::ranks::share_of;
using zt::ranks::split_of;
using zt::test::Table;
using zt::test::with_ranks;

struct Case {
    int ranks;
    int64_t heads;
    std::vector<int64_t> parts;
    int exchange, groups;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.ranks << " ranks, " << c.heads << " heads, " << c.exchange << " x " << c.groups;
}

// Bytes that a rank sends for one attention, as they are foreseen.
uint64_t sent(const Case& c, int rank, int64_t dim, size_t element_bytes) {
    const zt::ranks::PassShape shape{
        .parts = c.parts, .heads = c.heads, .head_dim = dim, .element_bytes = static_cast<int64_t>(element_bytes)};
    return zt::ranks::attention_bytes(shape, rank, c.ranks);
}

class Spread : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Splits, Spread,
    testing::Values(Case{2, 4, {37}, 2, 1}, Case{4, 8, {50, 7}, 4, 1},                                 // heads divide
                    Case{3, 4, {50, 7}, 1, 3}, Case{2, 3, {10}, 1, 2}, Case{5, 3, {61}, 1, 5},         // none does
                    Case{4, 6, {50, 7}, 2, 2}, Case{6, 4, {41, 3}, 2, 3}, Case{8, 12, {97, 5}, 4, 2},  // both
                    Case{3, 17, {33, 4}, 1, 3},  // more heads than come at once
                    Case{8, 3, {5, 2}, 1, 8}, Case{8, 6, {3}, 2, 4}, Case{4, 4, {2}, 4, 1},  // some have no tokens
                    Case{8, 2, {2, 1}, 2, 4}, Case{7, 7, {1, 1}, 7, 1}));

TEST_P(Spread, AttentionIsThatOfOne) {
    const Case c = GetParam();
    const zt::ranks::Split split = split_of(c.heads, c.ranks);
    ASSERT_EQ(split.exchange, c.exchange);
    ASSERT_EQ(split.groups, c.groups);
    constexpr int64_t dim = 32;
    const int64_t tokens = std::accumulate(c.parts.begin(), c.parts.end(), int64_t{0});
    at::manual_seed(1);
    // [heads, tokens, dim] of all tokens, part by part
    const at::Tensor q = at::randn({c.heads, tokens, dim}) * 2, k = at::randn({c.heads, tokens, dim}) * 2,
                     v = at::randn({c.heads, tokens, dim});
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        std::vector<at::Tensor> first, again;  // of every rank
        for (std::vector<at::Tensor>* const got : {&first, &again}) {
            got->resize(static_cast<size_t>(c.ranks));
            with_ranks(c.ranks, [&](zt::ranks::Team& team, int rank) {
                const Sequence sequence(c.parts);
                const auto own = [&](const at::Tensor& x) {
                    std::vector<at::Tensor> rows;
                    for (int64_t at = 0; const int64_t part : c.parts)
                        rows.push_back(sequence.mine(x.transpose(0, 1).narrow(0, at, part))), at += part;
                    return at::cat(rows).transpose(0, 1).to(type);
                };
                const at::Tensor found = sequence.attention(at::stack({own(q), own(k), own(v)}));
                EXPECT_EQ(found.scalar_type(), type);
                EXPECT_EQ(team.bytes_sent(), sent(c, rank, dim, c10::elementSize(type)));
                (*got)[static_cast<size_t>(rank)] = found;
            });
        }
        // Back into the order of the whole.
        std::vector<int64_t> used(static_cast<size_t>(c.ranks), 0);
        std::vector<at::Tensor> rows;
        for (const int64_t part : c.parts)
            for (int r = 0; r < c.ranks; r++) {
                const auto at = static_cast<size_t>(r);
                const int64_t count = share_of(part, r, c.ranks).count;
                rows.push_back(first[at].narrow(0, used[at], count)), used[at] += count;
            }
        const at::Tensor all = at::cat(rows), whole = zt::nn::attention(q.to(type), k.to(type), v.to(type));
        if (zt::nn::attention_wide_suits(q.to(type)))
            EXPECT_TRUE(at::equal(all, whole)) << type;
        else
            EXPECT_LT(((all - whole).norm() / whole.norm()).item<double>(), type == at::kFloat ? 1e-6 : 1.5e-2);
        for (size_t r = 0; r < first.size(); r++) EXPECT_TRUE(at::equal(first[r], again[r])) << "rank " << r;
    }
}

TEST(Halves, EachSplitAsTheHalvesSizesSay) {
    // Six ranks, two halves of three; four heads: keys gathered. And eight, two halves of four, six heads: both.
    for (const auto& [ranks, heads, exchange] : {std::tuple{6, 4, 1}, std::tuple{8, 6, 2}, std::tuple{4, 2, 2}}) {
        const Case half{ranks / 2, heads, {23, 4}, exchange, ranks / 2 / exchange};
        constexpr int64_t dim = 16;
        at::manual_seed(2);
        const at::Tensor qkv = at::randn({2, 3, heads, 27, dim});  // of each half
        std::vector<double> errors(static_cast<size_t>(ranks), 1);
        with_ranks(ranks, [&](zt::ranks::Team& team, int rank) {
            const zt::ranks::Halves halves(true);
            ASSERT_TRUE(static_cast<bool>(halves));
            const int in_half = rank % half.ranks;
            const Sequence sequence(half.parts);
            const auto own = [&](const at::Tensor& x) {
                return at::cat({sequence.mine(x.narrow(0, 0, 23)), sequence.mine(x.narrow(0, 23, 4))});
            };
            const at::Tensor all = qkv[halves.second() ? 1 : 0];
            std::vector<at::Tensor> mine;
            for (int i = 0; i < 3; i++) mine.push_back(own(all[i].transpose(0, 1)).transpose(0, 1));
            const at::Tensor found = sequence.attention(at::stack(mine));
            const at::Tensor whole = own(zt::nn::plain::attention(all[0], all[1], all[2]));
            errors[static_cast<size_t>(rank)] = ((found - whole).norm() / whole.norm()).item<double>();
            EXPECT_EQ(team.bytes_sent(), sent(half, in_half, dim, 4));
        });
        for (const double error : errors) EXPECT_LT(error, 1e-6) << ranks << " ranks";
    }
}

TEST(Exchange, ManyMayBeUnderWay) {
    with_ranks(3, [](zt::ranks::Team& team, int rank) {
        Group& group = team.all();
        const zt::Cancel cancel;
        std::vector<std::vector<int64_t>> shapes(3, {0});
        const int next = (rank + 1) % 3, before = (rank + 2) % 3;
        std::vector<at::Tensor> send(3, at::empty({0}));
        send[static_cast<size_t>(next)] = at::full({4}, static_cast<float>(rank));
        shapes[static_cast<size_t>(before)] = {2, 2};
        Group::Exchange one = group.begin(send, shapes, cancel);
        send[static_cast<size_t>(next)] = at::full({4}, static_cast<float>(rank + 10));
        Group::Exchange two = group.begin(send, shapes, cancel);  // both under way
        const at::Tensor second = two.wait(cancel)[static_cast<size_t>(before)],
                         first = one.wait(cancel)[static_cast<size_t>(before)];
        EXPECT_TRUE(at::equal(first, at::full({2, 2}, static_cast<float>(before))));
        EXPECT_TRUE(at::equal(second, at::full({2, 2}, static_cast<float>(before + 10))));
        EXPECT_EQ(group.bytes_sent(), 32U);
    });
}

// Rank 0 does not wait for its exchange before rank 1 has all of it.
TEST(Exchange, GoesOnWithoutAWait) {
    std::barrier<> arrived(2);
    with_ranks(2, [&](zt::ranks::Team& team, int rank) {
        const std::vector<at::Tensor> send(2, at::full({1'000'000}, static_cast<float>(rank)));
        const zt::Cancel cancel;
        Group::Exchange exchange = team.all().begin(send, {2, {1'000'000}}, cancel);
        if (rank == 0) arrived.arrive_and_wait();
        EXPECT_TRUE(at::equal(exchange.wait(cancel)[static_cast<size_t>(1 - rank)],
                              at::full({1'000'000}, static_cast<float>(1 - rank))));
        if (rank == 1) arrived.arrive_and_wait();
    });
}

TEST(Exchange, ThatIsGivenUpEndsTheOthers) {
    with_ranks(3, [](zt::ranks::Team& team, int rank) {
        const std::vector<at::Tensor> send(3, at::ones({1000}));
        const zt::Cancel cancel;
        (void)team.all().exchange(send, {3, {1000}}, cancel);
        if (rank == 2) return;  // and its connections with it
        Group::Exchange exchange = team.all().begin(send, {3, {1000}}, cancel);
        EXPECT_THROW((void)exchange.wait(cancel), zt::Error);
    });
}

// What NCCL's connections begin with. Not counted: it is no tensor of the clip.
TEST(Swap, GivesEveryRanksWordsInOrder) {
    with_ranks(3, [](zt::ranks::Team& team, int rank) {
        const zt::Cancel cancel;
        const std::string own = rank == 1 ? std::string("a\0b", 3) : std::string(static_cast<size_t>(rank), 'x');
        const std::vector<std::string> all = {"", std::string("a\0b", 3), "xx"};
        EXPECT_EQ(team.all().swap(own, cancel), all);
        EXPECT_EQ(team.all().bytes_sent(), 0U);
        EXPECT_THROW((void)team.all().swap(std::string(65536, 'x'), cancel), zt::Error);
    });
}

// Tensors of the host go by Gloo whatever the transport: nothing is asked of the module, which is not here.
TEST(Nccl, IsForTensorsOfGpusAlone) {
    Table table(2);
    const auto rank = [&](int number) {
        const c10::InferenceMode inference;
        const zt::Cancel cancel;
        zt::ranks::Team team(
            number, 2, "127.0.0.1", std::chrono::seconds(20),
            [&](const std::string& text) { return table.swap(number, text); }, zt::ranks::Transport::kNccl);
        const zt::ranks::TeamScope scope(team, cancel);
        EXPECT_EQ(team.lowest(number + 5), 5);
        const at::Tensor own = at::full({3}, static_cast<float>(number)), sent = team.all().as_sent(own);
        EXPECT_TRUE(sent.is_same(own));
        for (Group* const group : {&team.all(), &team.weights()}) {
            const std::vector<at::Tensor> got = group->exchange({own, own}, {2, {3}}, cancel);
            EXPECT_TRUE(at::equal(got[static_cast<size_t>(1 - number)], at::full({3}, static_cast<float>(1 - number))));
        }
    };
    const std::jthread zero([&] { rank(0); }), one([&] { rank(1); });
}

// A rank that goes away in the middle of a message: Gloo wakes nobody who waits for the rest.
TEST(Exchange, ThatBreaksOffEndsTheOthers) {
    Table table(2);
    std::atomic<bool> zero_is_gone = false;
    const auto rank = [&](int number) {
        // What control connections tell.
        const auto look = [&] {
            if (zero_is_gone) throw zt::Error(ZT_ERROR_NETWORK, "rank 0 is gone");
        };
        auto group = std::make_unique<Group>(
            number, 2, "127.0.0.1", std::chrono::seconds(20),
            [&](const std::string& text) { return table.swap(number, text); }, zt::ranks::Transport::kGloo, look);
        const zt::Cancel cancel;
        constexpr int64_t kMany = 100'000'000;
        std::vector<at::Tensor> send(2, at::empty({0}));
        std::vector<std::vector<int64_t>> shapes(2, {0});
        if (number == 0)
            send[1] = at::empty({kMany});
        else
            shapes[0] = {kMany};
        auto exchange = std::make_unique<Group::Exchange>(group->begin(send, shapes, cancel));
        if (number == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        } else {
            EXPECT_THROW((void)exchange->wait(cancel), zt::Error);
        }
        const auto began = std::chrono::steady_clock::now();
        exchange.reset();
        group.reset();
        if (number == 0) zero_is_gone = true;
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5)) << "rank " << number;
    };
    const std::jthread zero([&] { rank(0); }), one([&] { rank(1); });
}

// And its group soon after, though the other rank is busy, and neither answers nor goes away.
TEST(Exchange, EndsWhenCancelled) {
    Table table(2);
    std::barrier<> ended(2);
    const auto rank = [&](int number) {
        auto group = std::make_unique<Group>(number, 2, "127.0.0.1", std::chrono::seconds(20),
                                             [&](const std::string& text) { return table.swap(number, text); });
        const std::vector<at::Tensor> send(2, at::ones({1'000'000}));
        zt::Cancel cancel;
        (void)group->exchange(send, {2, {1'000'000}}, cancel);
        if (number == 0) {
            const auto began = std::chrono::steady_clock::now();
            {
                Group::Exchange exchange = group->begin(send, {2, {1'000'000}}, cancel);
                cancel.request();
                EXPECT_THROW((void)exchange.wait(cancel), zt::Error);
            }
            group.reset();
            EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
        }
        ended.arrive_and_wait();
    };
    const std::jthread zero([&] { rank(0); }), one([&] { rank(1); });
}

}  // namespace
