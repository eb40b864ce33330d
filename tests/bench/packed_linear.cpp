// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A layer whose matrix stays packed (GGUF blocks, fp8) beside the same layer in bf16: the two widest products of Wan's
// 1.3B at several numbers of tokens, arithmetic in bf16. Forms take turns, the best of some rounds counts.
//
//   packed-linear [ROUNDS]
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "nn/packed_linear.h"

namespace {

using zt::nn::PackedLinear;
using zt::weights::Encoding;

constexpr int64_t kWidth = 1536, kHidden = 8960;

// Where each block type keeps fp16 factors; every other byte may be anything.
struct Form {
    Encoding encoding;
    std::vector<int64_t> factors;
};
const std::vector<Form>& forms() {
    static const std::vector<Form> all = {
        {Encoding::kDense, {}},    {Encoding::kF8E4M3, {}},    {Encoding::kQ8_0, {0}},  {Encoding::kQ4_0, {0}},
        {Encoding::kQ5_1, {0, 2}}, {Encoding::kQ2K, {80, 82}}, {Encoding::kQ3K, {108}}, {Encoding::kQ4K, {0, 2}},
        {Encoding::kQ5K, {0, 2}},  {Encoding::kQ6K, {208}},    {Encoding::kIQ4NL, {0}}, {Encoding::kIQ4XS, {0}},
    };
    return all;
}

// Random blocks with factors of about 2^-10; random fp8 codes that are finite.
at::Tensor random_bytes(const Form& form, int64_t in, int64_t out) {
    const zt::weights::BlockShape block = zt::weights::block_shape(form.encoding);
    at::Tensor bytes = at::randint(0, 120, {out * in / block.values, block.bytes}, at::kByte);
    const at::Tensor factor = at::full({1}, 1.0 / 1024, at::kHalf).view(at::kByte);
    for (const int64_t at : form.factors) bytes.narrow(1, at, 2).copy_(factor);
    return bytes.view({out, in / block.values * block.bytes});
}

PackedLinear layer_of(const Form& form, int64_t in, int64_t out) {
    PackedLinear layer = zt::nn::make_packed_linear(in, out);
    layer.bias = at::zeros({out}, at::kBFloat16);
    layer.encoding = form.encoding;
    layer.weight = form.encoding == Encoding::kDense ? (at::randn({out, in}) * 0.02).to(at::kBFloat16)
                                                     : random_bytes(form, in, out);
    return layer;
}

double milliseconds(const PackedLinear& layer, const at::Tensor& x) {
    const auto started = std::chrono::steady_clock::now();
    const at::Tensor y = zt::nn::forward(layer, x);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

void compare(int64_t in, int64_t out, int64_t tokens, int rounds) {
    std::vector<PackedLinear> layers;
    for (const Form& form : forms()) layers.push_back(layer_of(form, in, out));
    const at::Tensor x = at::randn({tokens, in}).to(at::kBFloat16);
    std::vector<double> best(layers.size(), 1e9);
    for (int round = 0; round <= rounds; round++)  // the first is for caches and threads
        for (size_t i = 0; i < layers.size(); i++) {
            const double took = milliseconds(layers[i], x);
            if (round > 0) best[i] = std::min(best[i], took);
        }
    const double products = 2.0 * static_cast<double>(in * out * tokens) / 1e6;
    std::printf("%5lld tokens, %4lld -> %4lld\n", static_cast<long long>(tokens), static_cast<long long>(in),
                static_cast<long long>(out));
    for (size_t i = 0; i < layers.size(); i++)
        std::printf("  %-8s %8.2f ms  %5.0f GFLOP/s  %5.2f x\n",
                    std::string(zt::weights::encoding_name(layers[i].encoding)).c_str(), best[i], products / best[i],
                    best[0] / best[i]);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const c10::InferenceMode inference;
    const int rounds = std::max(1, argc > 1 ? std::atoi(argv[1]) : 5);
    for (const int64_t tokens : {256, 800, 3120}) {
        compare(kWidth, kHidden, tokens, rounds);
        compare(kHidden, kWidth, tokens, rounds);
    }
    return 0;
}
