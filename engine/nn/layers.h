// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Layers as plain structs of weights, and free functions that compute with them. Activations keep
// channels last ([..., channel]), which is what both the convolutions and the linear layers are
// fastest with on CPUs. Every struct has one visit(f, name) that names its tensors: loading,
// saving, casting, counting and the optimiser all go through it.
//
// Immutable while in use; thread-safe to share.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <type_traits>

namespace zt::nn {

struct Linear {
    at::Tensor weight;  // [out, in]
    at::Tensor bias;    // [out]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};

// 3x3, stride 1, zero padding.
struct Conv {
    at::Tensor weight;  // [out, in, 3, 3]
    at::Tensor bias;    // [out]
    at::Tensor
        winograd;  // [30, in, out]: the kernel as nn/winograd.h wants it, made by prepare(); undefined: the plain form
    // A visitor that takes convolutions gets it whole; any other gets its two weights.
    template <class F>
    void visit(F&& f, const std::string& name) {
        if constexpr (std::is_invocable_v<F, const std::string&, Conv&>) {
            f(name, *this);
        } else {
            f(name + ".weight", weight);
            f(name + ".bias", bias);
        }
    }
};

struct Norm {
    at::Tensor weight;  // [channel]
    at::Tensor bias;    // [channel]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};

// x + conv2(silu(conv1(norm(x))))
struct ResidualBlock {
    Norm norm;
    Conv conv1, conv2;
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm.visit(f, name + ".norm");
        conv1.visit(f, name + ".conv1");
        conv2.visit(f, name + ".conv2");
    }
};

// Readies the convolutions of a model (anything with visit()) for the form with fewer products, where
// its weights are fp32 on the CPU. The plain kernels stay.
void prepare(Conv& layer);
template <class Model>
void prepare(Model& model) {
    struct {
        void operator()(const std::string&, Conv& layer) const { prepare(layer); }
        void operator()(const std::string&, at::Tensor&) const {}
    } visitor;
    model.visit(visitor);
}

// Weights of the given shape, undefined values (to be loaded or initialised).
[[nodiscard]] Linear make_linear(int64_t in, int64_t out);
[[nodiscard]] Conv make_conv(int64_t in, int64_t out);
[[nodiscard]] Norm make_norm(int64_t channels);
[[nodiscard]] ResidualBlock make_residual_block(int64_t channels);

[[nodiscard]] at::Tensor forward(const Linear& layer, const at::Tensor& x);  // [..., in] -> [..., out]
[[nodiscard]] at::Tensor forward(const Conv& layer, const at::Tensor& x);    // [batch, height, width, in] -> [.., out]
[[nodiscard]] at::Tensor forward(const Norm& layer, const at::Tensor& x);    // layer norm over the last axis, eps 1e-5
[[nodiscard]] at::Tensor forward(const ResidualBlock& block,
                                 const at::Tensor& x);  // [batch, height, width, channels], as it came

// [batch, height, width, c] <-> [batch, height / r, width / r, r * r * c], block rows first.
[[nodiscard]] at::Tensor space_to_depth(const at::Tensor& x, int64_t r);
[[nodiscard]] at::Tensor depth_to_space(const at::Tensor& x, int64_t r);

}  // namespace zt::nn
