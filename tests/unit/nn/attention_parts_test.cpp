// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Attention in parts, merged, against all keys at once in fp64.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "nn/attention.h"
#include "nn/attention_parts.h"

namespace {

using zt::nn::AttentionPart;

double error(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
    return ((x - y).norm() / y.norm()).item<double>();
}

struct Case {
    int64_t heads, tokens, dim;
    std::vector<int64_t> parts;  // keys of each
};

AttentionPart exact(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    return zt::nn::plain::attention_part(q.to(at::kDouble), k.to(at::kDouble), v.to(at::kDouble));
}

AttentionPart in_parts(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                       const std::vector<int64_t>& parts) {
    AttentionPart all;
    for (int64_t at = 0; const int64_t part : parts) {
        const AttentionPart one = zt::nn::attention_part(q, k.narrow(1, at, part), v.narrow(1, at, part));
        if (at == 0)
            all = one;
        else
            zt::nn::merge(all, one);
        at += part;
    }
    return all;
}

class Parts : public testing::TestWithParam<Case> {};

// Parts around the sizes of blocks and panels, of one key, in unequal order; more and fewer keys than queries.
INSTANTIATE_TEST_SUITE_P(Sizes, Parts,
                         testing::Values(Case{1, 1, 16, {1}}, Case{2, 49, 24, {1, 48, 300}}, Case{3, 257, 40, {257}},
                                         Case{2, 5, 64, {256, 1, 64, 63}}, Case{4, 100, 128, {33, 34, 33}},
                                         Case{2, 130, 8, {65, 65}}, Case{1, 97, 6, {50, 47}}));

TEST_P(Parts, AreTheWholeWhenMerged) {
    const c10::InferenceMode inference;
    const auto& [heads, tokens, dim, parts] = GetParam();
    int64_t keys = 0;
    for (const int64_t part : parts) keys += part;
    at::manual_seed(1);
    const at::Tensor q = at::randn({heads, tokens, dim}) * 2, k = at::randn({heads, keys, dim}) * 2,
                     v = at::randn({heads, keys, dim});
    const AttentionPart whole = exact(q, k, v);
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        const AttentionPart got = in_parts(q, k, v, parts);
        EXPECT_EQ(got.out.scalar_type(), at::kFloat);
        EXPECT_LT(error(got.out, whole.out), 1e-6);
        EXPECT_LT((got.log_sum_exp - whole.log_sum_exp).abs().max().item<double>(), 2e-5);
        const at::Tensor hq = q.to(at::kBFloat16), hk = k.to(at::kBFloat16), hv = v.to(at::kBFloat16);
        const AttentionPart rounded = in_parts(hq, hk, hv, parts), rounded_whole = exact(hq, hk, hv);
        EXPECT_EQ(rounded.out.scalar_type(), at::kFloat);
        EXPECT_LT(error(rounded.out, rounded_whole.out), 5e-3);
        EXPECT_LT((rounded.log_sum_exp - rounded_whole.log_sum_exp).abs().max().item<double>(), 5e-3);
    }
    at::set_num_threads(1);
}

TEST(AttentionParts, TheKernelsOfATenGiveTheSame) {
    const c10::InferenceMode inference;
    at::manual_seed(2);
    const at::Tensor q = at::randn({3, 70, 20}, at::kDouble), k = at::randn({3, 90, 20}, at::kDouble),
                     v = at::randn({3, 90, 20}, at::kDouble);  // fp64: none of ours
    ASSERT_FALSE(zt::nn::attention_wide_suits(q));
    const AttentionPart got = zt::nn::attention_part(q, k, v), whole = exact(q, k, v);
    EXPECT_LT(error(got.out, whole.out), 1e-6);
    EXPECT_LT(error(got.log_sum_exp, whole.log_sum_exp), 1e-6);
    const at::Tensor half = q.to(at::kHalf);
    const AttentionPart rounded = zt::nn::attention_part(half, k.to(at::kHalf), v.to(at::kHalf));
    EXPECT_LT(error(rounded.out, whole.out), 5e-3);
}

TEST(AttentionParts, ThatAreFarApartAreNotLost) {
    const c10::InferenceMode inference;
    at::manual_seed(3);
    const at::Tensor q = at::randn({2, 60, 32}) * 20,
                     k = at::randn({2, 300, 32}) * at::linspace(0, 20, 300).view({1, 300, 1}),
                     v = at::randn({2, 300, 32});
    const AttentionPart whole = exact(q, k, v);
    EXPECT_LT(error(in_parts(q, k, v, {150, 150}).out, whole.out), 1e-5);
    EXPECT_LT(error(in_parts(q, k.flip(1), v.flip(1), {150, 150}).out, whole.out), 1e-5);
}

TEST(AttentionParts, DoNotHideNotANumber) {
    const c10::InferenceMode inference;
    at::manual_seed(4);
    at::Tensor q = at::randn({1, 70, 32}), k = at::randn({1, 70, 32});
    const at::Tensor v = at::randn({1, 70, 32});
    q[0][3][5] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor out = in_parts(q, k, v, {30, 40}).out;
    EXPECT_TRUE(out[3].isnan().all().item<bool>());
    EXPECT_FALSE(out[4].isnan().any().item<bool>());
}

TEST(AttentionParts, OfSomeQueriesAtATimeAreTheSame) {
    const c10::InferenceMode inference;
    at::manual_seed(5);
    const at::Tensor q = at::randn({2, 3000, 4}), k = at::randn({2, 20'000, 4}), v = at::randn({2, 20'000, 4});
    const AttentionPart got = zt::nn::plain::attention_part(q, k, v);  // 120 million scores
    const AttentionPart last = exact(q.narrow(1, 2990, 10), k, v);
    EXPECT_LT(error(got.out.narrow(0, 2990, 10), last.out), 1e-5);
}

}  // namespace
