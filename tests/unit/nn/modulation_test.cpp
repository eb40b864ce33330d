// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs of tokens with vectors of their own, and rotary tables of any positions.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "nn/modulation.h"
#include "nn/rope.h"

namespace {

using namespace zt::nn;

TEST(Modulation, EveryRunHasItsVectorsWhateverTheChunk) {
    const c10::InferenceMode inference;
    at::manual_seed(1);
    const at::Tensor x = at::randn({23, 8}), weight = at::randn({8}), table = at::randn({4, 3, 8});
    Modulation m;
    for (const auto& [end, row] :
         {std::pair(int64_t{5}, 0), std::pair(int64_t{5}, 3), std::pair(int64_t{9}, 1), std::pair(int64_t{23}, 2)})
        m.runs.push_back({end, table[row].unbind()});
    const at::Tensor rows =
        at::cat({at::zeros({5}, at::kLong), at::full({4}, 1, at::kLong), at::full({14}, 2, at::kLong)});
    const at::Tensor own = table.index_select(0, rows);  // [23, 3, 8]
    const at::Tensor normed = x * at::rsqrt(x.square().mean(-1, true) + 1e-5) * weight;
    const at::Tensor wanted = normed * (own.select(1, 1) + 1) + own.select(1, 0), gated = x + own.select(1, 2) * x;
    for (const int64_t chunk : {1, 4, 7, 100}) {
        const at::Tensor out = at::empty_like(x), sum = x.clone();
        by_chunk(0, 23, chunk, [&](int64_t at, int64_t count) {
            out.narrow(0, at, count).copy_(rms_modulated(x, at, count, weight, 1e-5, m, 0));
            add_gated(sum, at, x.narrow(0, at, count), m, 2);
        });
        EXPECT_LT((out - wanted).abs().max().item<float>(), 1e-5F) << chunk;
        EXPECT_LT((sum - gated).abs().max().item<float>(), 1e-6F) << chunk;
    }
}

TEST(Rope, OfAnyPositionsIsThatOfAGrid) {
    const c10::InferenceMode inference;
    // Positions of a grid give the table of the grid, up to the rounding of its fp64 form.
    const Rope grid = make_rope({{{8, 2}, {8, 3}, {8, 4}}}, 1e4, at::TensorOptions().dtype(at::kDouble));
    std::vector<at::Tensor> rows;
    for (int64_t t = 0; t < 2; t++)
        for (int64_t h = 0; h < 3; h++)
            for (int64_t w = 0; w < 4; w++) rows.push_back(at::tensor({t, h, w}).to(at::kDouble));
    const Rope any = rope_at(at::stack(rows), 4, 1e4);
    ASSERT_EQ(any.cos.sizes(), grid.cos.sizes());
    EXPECT_LT((any.cos - grid.cos).abs().max().item<float>(), 1e-6F);
    EXPECT_LT((any.sin - grid.sin).abs().max().item<float>(), 1e-6F);
    // Between whole numbers too.
    EXPECT_NEAR(rope_at(at::full({1, 3}, 0.5, at::kDouble), 4, 1e4).sin[0][0].item<float>(), std::sin(0.5F), 1e-7);
}

}  // namespace
