// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Blocks cut into pieces and put together again, without a network: every kind of matrix a file may hold.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "load/block_shares.h"
#include "nn/layers.h"
#include "ranks/pieces.h"
#include "ranks/traffic.h"

namespace zt::load {
namespace {

using weights::Encoding;

struct Tables {
    at::Tensor modulation;
    template <class F>
    void each(F&& f, int64_t) {
        f("modulation", modulation);
    }
};
struct Toy {
    Tables tables;
    std::vector<nn::PackedLinear> layers;
    at::Tensor norm, absent, scalar;
    nn::Norm both;
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "blocks." + std::to_string(index) + ".";
        for (nn::PackedLinear& layer : layers) f(name + "layer", layer);
        f(name + "norm", norm);
        f(name + "absent", absent);
        f(name + "scalar", scalar);
        f(name + "both", both);
    }
};
struct Small {
    at::Tensor only;
    template <class F>
    void each(F&& f, int64_t) {
        f("only", only);
    }
};

at::Tensor some_bytes(at::IntArrayRef sizes) { return at::randint(256, sizes).to(at::kByte); }

// in: 64, out: 24 or so; bytes as a file would hold them.
nn::PackedLinear layer(Encoding encoding, at::ScalarType type, const at::Tensor& shared_table) {
    nn::PackedLinear made;
    made.encoding = encoding;
    made.in = 256, made.out = 24;
    const weights::BlockShape shape = weights::block_shape(encoding);
    made.weight = encoding == Encoding::kDense
                      ? at::randn({made.out, made.in}).to(type)
                      : some_bytes({made.out, shape.values > 0 ? made.in / shape.values * shape.bytes : made.in});
    made.bias = at::randn({made.out}).to(type);
    if (encoding == Encoding::kF8E4M3) made.scale = at::randn({}, at::kFloat);
    if (weights::is_int8(encoding)) made.scale = at::randn({made.out}, at::kFloat);
    if (weights::needs_table(encoding)) made.table = shared_table;
    if (encoding == Encoding::kNvfp4) made.scale = at::randn({}, at::kFloat), made.table = at::randn({made.in});
    // The parts of an adapter as they come, one of them turned.
    made.adapters.push_back({at::randn({4, made.in}).to(type), at::randn({4, made.out}).to(type).t(), 0.5});
    return made;
}

Toy toy(at::ScalarType type, const at::Tensor& shared_table) {
    Toy made;
    for (const Encoding encoding :
         {Encoding::kDense, Encoding::kF8E4M3, Encoding::kF8E5M2, Encoding::kQ4_0, Encoding::kQ4K, Encoding::kIQ4NL,
          Encoding::kI8, Encoding::kI8Turned64, Encoding::kNvfp4})
        made.layers.push_back(layer(encoding, type, shared_table));
    made.tables.modulation = at::randn({1, 6, 31});  // no multiple of a unit
    made.norm = at::randn({7}).to(type);
    made.scalar = at::randn({}).to(type);
    made.both = {at::randn({5}).to(type), at::randn({5}).to(type)};
    return made;
}

template <class Block>
std::vector<at::Tensor> tensors_of(Block block) {
    std::vector<at::Tensor> all;
    each_tensor(block, [&](at::Tensor& tensor) { all.push_back(tensor); });
    return all;
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
    return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.strides() == b.strides() &&
           at::equal(bytes_of(a), bytes_of(b));
}

// Blocks of `count` as each of `ranks` keeps them.
template <class Block>
std::vector<BlockShares<Block>> cut_for_all(int64_t first, const std::vector<Block>& blocks, int ranks) {
    std::vector<BlockShares<Block>> all;
    for (int rank = 0; rank < ranks; rank++)
        all.emplace_back(
            first, static_cast<int64_t>(blocks.size()), rank, ranks,
            [&](int64_t i) { return blocks.at(static_cast<size_t>(i)); }, [](int64_t) {});
    return all;
}

// Block i as rank 0 puts it together; what the others would send is asked of them.
template <class Block>
Block joined(const std::vector<BlockShares<Block>>& all, int64_t i) {
    const int ranks = static_cast<int>(all.size());
    std::vector<at::Tensor> pieces;
    for (const auto& one : all)
        static_cast<void>(one.whole(i, [&](const at::Tensor& piece, const at::Tensor&) { pieces.push_back(piece); }));
    return all.front().whole(i, [&](const at::Tensor& piece, const at::Tensor& run) {
        EXPECT_EQ(piece.data_ptr(), pieces.front().data_ptr());
        for (int rank = 0; rank < ranks; rank++) {
            const ranks::Share place = ranks::piece_of(run.numel(), rank, ranks);
            run.narrow(0, place.first, place.count).copy_(pieces[static_cast<size_t>(rank)]);
        }
    });
}

TEST(BlockShares, AreTheSameBlockAgain) {
    const c10::InferenceMode inference;
    at::manual_seed(2);
    const at::Tensor table = at::randn({16});
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        const std::vector<Toy> blocks = {toy(type, table), toy(type, table), toy(type, table)};
        for (const int ranks : {1, 2, 3, 4, 7}) {
            const auto all = cut_for_all(1, blocks, ranks);
            EXPECT_EQ(all.front().first(), 1);
            for (const int64_t i : {2, 1}) {  // in any order
                const Toy& meant = blocks[static_cast<size_t>(i)];
                const Toy got = joined(all, i);
                const std::vector<at::Tensor> a = tensors_of(meant), b = tensors_of(got);
                ASSERT_EQ(a.size(), b.size());
                for (size_t t = 0; t < a.size(); t++) EXPECT_TRUE(same_bits(a[t], b[t])) << "tensor " << t;
                EXPECT_FALSE(got.absent.defined());
                for (size_t l = 0; l < meant.layers.size(); l++) {
                    EXPECT_EQ(got.layers[l].encoding, meant.layers[l].encoding);
                    EXPECT_EQ(got.layers[l].adapters.front().scale, 0.5);
                    if (weights::needs_table(meant.layers[l].encoding)) {
                        EXPECT_EQ(got.layers[l].table.data_ptr(), table.data_ptr());
                    }
                }
                const at::Tensor x = at::randn({3, 256}).to(type);
                EXPECT_TRUE(at::equal(nn::forward(meant.layers[0], x), nn::forward(got.layers[0], x)));
                EXPECT_TRUE(
                    at::equal(meant.layers[3].dense(type).nan_to_num(), got.layers[3].dense(type).nan_to_num()));
            }
        }
    }
}

TEST(BlockShares, AreEvenAndWhollySentOnce) {
    const c10::InferenceMode inference;
    const std::vector<Toy> blocks = {toy(at::kFloat, at::randn({16}))};
    uint64_t whole = 0;
    for (const at::Tensor& tensor : tensors_of(blocks.front()))
        whole += (tensor.nbytes() + ranks::kPieceUnit - 1) / ranks::kPieceUnit * ranks::kPieceUnit;
    for (const int ranks : {2, 3, 5}) {
        uint64_t sum = 0, sent = 0, most = 0;
        const auto all = cut_for_all(0, blocks, ranks);
        for (int rank = 0; rank < ranks; rank++) {
            const uint64_t own = all[static_cast<size_t>(rank)].bytes();
            sum += own, most = std::max(most, own);
            sent += ranks::gather_bytes(static_cast<int64_t>(whole), rank, ranks);
            EXPECT_EQ(ranks::gather_bytes(static_cast<int64_t>(whole), rank, ranks),
                      own * static_cast<uint64_t>(ranks - 1));
        }
        EXPECT_EQ(sum, whole);
        EXPECT_EQ(sent, whole * static_cast<uint64_t>(ranks - 1));
        EXPECT_LE(most, whole / static_cast<uint64_t>(ranks) + ranks::kPieceUnit);
    }
}

TEST(BlockShares, OfKindsOfBlocksAndOfLessThanThereAreRanks) {
    const c10::InferenceMode inference;
    using Either = std::variant<Small, Toy>;
    const std::vector<Either> blocks = {Small{at::randn({3})}, toy(at::kFloat, at::randn({16}))};
    const auto all = cut_for_all(0, blocks, 4);
    EXPECT_EQ(all[1].whole(0, [](const at::Tensor& piece, const at::Tensor&) { EXPECT_EQ(piece.numel(), 0); }).index(),
              0U);
    EXPECT_TRUE(same_bits(std::get<Small>(joined(all, 0)).only, std::get<Small>(blocks[0]).only));
    EXPECT_TRUE(same_bits(std::get<Toy>(joined(all, 1)).norm, std::get<Toy>(blocks[1]).norm));
}

TEST(BlockShares, RefuseTensorsWithHoles) {
    const c10::InferenceMode inference;
    EXPECT_THROW(static_cast<void>(place_in_run(at::randn({4, 6}).narrow(1, 0, 3), 0)), std::exception);
}

}  // namespace
}  // namespace zt::load
