// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The attention kernels against the whole score matrix.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <tuple>
#include <vector>

#include "device/parallel.h"
#include "nn/attention.h"

namespace {

double error(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
    return ((x - y).norm() / y.norm()).item<double>();
}

struct Size {
    int64_t heads, tokens, dim;
};

class Attention : public testing::TestWithParam<Size> {};

// Lengths around the sizes of blocks and panels, and heads that do not fill a vector.
INSTANTIATE_TEST_SUITE_P(Sizes, Attention,
                         testing::Values(Size{1, 1, 16}, Size{4, 49, 24}, Size{2, 63, 64}, Size{3, 257, 40},
                                         Size{2, 300, 128}, Size{1, 520, 80}, Size{5, 6, 2}));

TEST_P(Attention, IsThePlainForm) {
    const c10::InferenceMode inference;
    const auto [heads, tokens, dim] = GetParam();
    at::manual_seed(1);
    const at::Tensor q = at::randn({heads, tokens, dim}) * 2, k = at::randn({heads, tokens, dim}) * 2,
                     v = at::randn({heads, tokens, dim});
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        EXPECT_LT(error(zt::nn::attention(q, k, v), zt::nn::plain::attention(q, k, v)), 2e-6);
        const at::Tensor hq = q.to(at::kBFloat16), hk = k.to(at::kBFloat16), hv = v.to(at::kBFloat16);
        const at::Tensor exact = zt::nn::plain::attention(hq.to(at::kFloat), hk.to(at::kFloat), hv.to(at::kFloat));
        EXPECT_LT(error(zt::nn::attention(hq, hk, hv), exact), 6e-3);
    }
    at::set_num_threads(1);
}

// What ranks that share the queries need: a row is the same bits in whatever block of rows it is computed.
TEST(AttentionKernel, OfSomeTokensIsTheSameBits) {
    const c10::InferenceMode inference;
    at::manual_seed(3);
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        const at::Tensor q = at::randn({3, 301, 40}).to(type), k = at::randn({3, 301, 40}).to(type),
                         v = at::randn({3, 301, 40}).to(type);
        const at::Tensor whole = zt::nn::attention(q, k, v);
        for (const auto& [first, count] :
             {std::tuple{0, 101}, std::tuple{101, 100}, std::tuple{201, 100}, std::tuple{300, 1}}) {
            const at::Tensor some = zt::nn::self_attention(q.narrow(1, first, count), k, v);
            if (zt::nn::attention_wide_suits(q))
                EXPECT_TRUE(at::equal(some, whole.narrow(0, first, count))) << type << ", from " << first;
            else
                EXPECT_LT(error(some, whole.narrow(0, first, count)), 6e-3);
        }
    }
}

TEST(AttentionKernel, TakesLargeScores) {
    const c10::InferenceMode inference;
    at::manual_seed(2);
    // Differences of hundreds within a row, in both directions: the running maximum must move.
    const at::Tensor q = at::randn({2, 600, 32}) * 20,
                     k = at::randn({2, 600, 32}) * at::linspace(0, 20, 600).view({1, 600, 1});
    const at::Tensor v = at::randn({2, 600, 32});
    EXPECT_LT(error(zt::nn::attention(q, k, v), zt::nn::plain::attention(q, k, v)), 1e-5);
    EXPECT_LT(error(zt::nn::attention(q, k.flip(1), v), zt::nn::plain::attention(q, k.flip(1), v)), 1e-5);
}

TEST(AttentionKernel, DoesNotHideNotANumber) {
    const c10::InferenceMode inference;
    at::Tensor q = at::randn({1, 70, 32}), k = at::randn({1, 70, 32});
    const at::Tensor v = at::randn({1, 70, 32});
    q[0][3][5] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor out = zt::nn::attention(q, k, v);
    EXPECT_TRUE(out[3].isnan().all().item<bool>());
    EXPECT_FALSE(out[4].isnan().any().item<bool>());
}

TEST(Parallel, VisitsEachOnce) {
    for (const int threads : {1, 2, 3}) {
        at::set_num_threads(threads);
        for (const int64_t n : {0, 1, 2, 7, 1000}) {
            std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
            zt::device::parallel(n, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) seen[static_cast<size_t>(i)]++;
            });
            for (const std::atomic<int>& times : seen) EXPECT_EQ(times, 1);
        }
    }
    at::set_num_threads(1);
}

}  // namespace
