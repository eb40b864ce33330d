// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Products with weights, dense, encoded, cut and with adapters.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "device/precision.h"
#include "nn/matmul.h"
#include "nn/packed_linear.h"

namespace {

using namespace zt::nn;

double error(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
    return ((x - y).norm() / y.norm()).item<double>();
}

TEST(Linear, IsThePlainProduct) {
    const c10::InferenceMode inference;
    at::manual_seed(4);
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
        for (const int64_t rows : {1, 15, 16, 130})
            for (const bool biased : {true, false}) {
                const at::Tensor x = at::randn({2, rows, 96}).to(type), w = at::randn({56, 96}).to(type);
                const at::Tensor b = biased ? at::randn({56}).to(type) : at::Tensor();
                const at::Tensor exact =
                    at::linear(x.to(at::kDouble), w.to(at::kDouble), biased ? b.to(at::kDouble) : b);
                const double bar = type == at::kFloat ? 1e-6 : 4e-3;
                EXPECT_LT(error(linear(x, w, b), exact), bar) << rows;
                EXPECT_LT(error(linear_gelu(x, w, b), at::gelu(exact, "tanh")), bar) << rows;
                EXPECT_EQ(linear(x, w, b).scalar_type(), type);
            }
}

// Ranks have few rows each.
TEST(Linear, InBf16RowsDoNotDependOnHowManyThereAre) {
    if (!zt::device::native_bf16()) GTEST_SKIP() << "this processor has no bf16";
    const c10::InferenceMode inference;
    at::manual_seed(6);
    const at::Tensor x = at::randn({40, 96}).to(at::kBFloat16), w = at::randn({160, 96}).to(at::kBFloat16),
                     b = at::randn({160}).to(at::kBFloat16);
    const at::Tensor all = linear(x, w, b), curved = linear_gelu(x, w, b);
    for (int64_t rows = 1; rows < 40; rows++) {
        EXPECT_TRUE(at::equal(linear(x.narrow(0, 1, rows), w, b), all.narrow(0, 1, rows))) << rows;
        EXPECT_TRUE(at::equal(linear_gelu(x.narrow(0, 1, rows), w, b), curved.narrow(0, 1, rows))) << rows;
    }
}

PackedLinear fp8_layer() {
    PackedLinear layer;
    layer.in = 48;
    layer.out = 40;
    layer.weight = at::randn({40, 48}).to(at::kFloat8_e4m3fn).view(at::kByte);
    layer.encoding = zt::weights::Encoding::kF8E4M3;
    layer.scale = at::rand({40}) + 0.5;
    layer.bias = at::randn({40});
    layer.adapters.push_back({at::randn({4, 48}), at::randn({40, 4}), 0.5});
    return layer;
}

TEST(PackedLinear, DecodedIsTheSameLayer) {
    const c10::InferenceMode inference;
    at::manual_seed(5);
    const PackedLinear layer = fp8_layer(), decoded = layer.decoded(at::kFloat);
    const at::Tensor x = at::randn({20, 48});
    EXPECT_EQ(decoded.encoding, zt::weights::Encoding::kDense);
    EXPECT_TRUE(at::equal(forward(layer, x), forward(decoded, x)));
    EXPECT_LT(error(forward_gelu(layer, x), at::gelu(forward(layer, x), "tanh")), 1e-6);
}

TEST(PackedLinear, RowsAreOutputs) {
    const c10::InferenceMode inference;
    at::manual_seed(6);
    const PackedLinear layer = fp8_layer();
    const at::Tensor x = at::randn({20, 48}), whole = forward(layer, x);
    EXPECT_LT(error(forward(layer.rows(8, 24), x), whole.narrow(1, 8, 24)), 1e-6);
    EXPECT_LT(error(forward(layer.decoded(at::kFloat).rows(8, 24), x), whole.narrow(1, 8, 24)), 1e-6);
}

}  // namespace
