// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The oneDNN product is an operator of LibTorch without a C++ declaration: found by name, once.
#include "nn/matmul.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string_view>

#include "device/precision.h"

namespace zt::nn {
namespace {

using Fused = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                         c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

// Below this many rows reading the matrix is all the work, and the plain product reads it as fast.
constexpr int64_t kFewRows = 16;

// From this many rows on the BLAS of LibTorch, where it is Intel's on Intel's processors, is faster in fp32: 260 to 295
// GFLOP/s on two cores of a Xeon beside oneDNN's 200 to 220 (1797 rows, matrices of 8 to 34 million numbers).
constexpr int64_t kManyRows = 1024;

bool blas_is_faster(const at::Tensor& x) {
#ifdef __x86_64__
    static const bool intel = at::hasMKL() && __builtin_cpu_is("intel");
    return intel && x.scalar_type() == at::kFloat && x.numel() >= kManyRows * x.size(-1);
#else
    (void)x;
    return false;
#endif
}

const c10::TypedOperatorHandle<Fused>* fused() {
    static const std::optional<c10::TypedOperatorHandle<Fused>> found =
        []() -> std::optional<c10::TypedOperatorHandle<Fused>> {
        if (!at::globalContext().hasMKLDNN()) return std::nullopt;
        const auto schema = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
        if (!schema || !schema->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
        return schema->typed<Fused>();
    }();
    return found ? &*found : nullptr;
}

bool suits(const at::Tensor& x, const at::Tensor& weight, int64_t fewest = kFewRows) {
    if (!x.device().is_cpu() || !weight.is_contiguous() || x.numel() < fewest * x.size(-1)) return false;
    return x.scalar_type() == at::kFloat || (x.scalar_type() == at::kBFloat16 && device::native_bf16());
}

at::Tensor by_onednn(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::string_view activation,
                     std::string_view kind) {
    const std::optional<at::Tensor> b = bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt;
    return fused()->call(x, weight, b, activation, c10::List<std::optional<at::Scalar>>(), kind);
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    if (suits(x, weight) && fused() && !blas_is_faster(x)) return by_onednn(x, weight, bias, "none", "");
    return at::linear(x, weight, bias);
}

at::Tensor linear_gelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    // In bf16 a row must not depend on how many there are (ranks have few of them each): fused, GELU is of the sum
    // before it is rounded.
    const int64_t fewest = x.scalar_type() == at::kBFloat16 ? 1 : kFewRows;
    if (suits(x, weight, fewest) && fused()) return by_onednn(x, weight, bias, "gelu", "tanh");
    at::Tensor y = at::linear(x, weight, bias);
    return at::gelu_(y, "tanh");
}

}  // namespace zt::nn
