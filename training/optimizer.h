// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Muon for matrices and kernels, AdamW for the rest, on fp32 masters.
//
// Muon (Jordan et al. 2024): momentum, then the update is replaced by the nearest orthogonal matrix
// through five Newton-Schulz steps, so every direction learns at the same speed; scaled so that its
// rms equals AdamW's (Liu et al. 2025, "Muon is scalable for LLM training").
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace zt::training {

struct Parameter {
    std::string name;
    at::Tensor* master = nullptr;   // fp32, inside the model
    at::Tensor momentum, second;    // fp32; second only for AdamW
    bool muon = false;
};

struct OptimizerConfig {
    double muon_lr = 1.5e-3, adam_lr = 2e-3;
    double momentum = 0.95, beta1 = 0.9, beta2 = 0.98, eps = 1e-8, weight_decay = 0.01;
};

// One thread at a time; update() may be called for disjoint ranges from several threads.
class Optimizer {
public:
    Optimizer(std::vector<Parameter> parameters, OptimizerConfig config);
    // Applies one step to parameters first, first + stride, ...; grads are fp32, in parameter order.
    void update(const std::vector<at::Tensor>& grads, double lr_scale, int64_t step, size_t first, size_t stride);
    [[nodiscard]] std::vector<Parameter>& parameters() { return parameters_; }

private:
    std::vector<Parameter> parameters_;
    OptimizerConfig config_;
};

// All trainable tensors of a model (fp32). Matrices and kernels go to Muon, except first and last
// layers, whose rows are data, not features.
template <class Model>
std::vector<Parameter> trainable(Model& model) {
    std::vector<Parameter> list;
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (name.starts_with("latent_")) return;   // statistics, not weights
        Parameter p{name, &t, at::zeros_like(t), {}, t.dim() >= 2};
        const auto ends = [&](const char* s) { return name.ends_with(s); };
        if (ends("coder.in.weight") || ends("coder.out.weight") || ends("embedding") || ends("patch_in.weight") ||
            ends("patch_out.weight") || ends("position") || ends("query") || ends(".table") || name == "plan.project.weight")
            p.muon = false;
        if (!p.muon) p.second = at::zeros_like(t);
        list.push_back(std::move(p));
    });
    return list;
}

// A copy of the model whose trainable tensors are fresh leaves of the given type.
template <class Model>
Model leaves(const Model& model, at::ScalarType dtype, std::vector<at::Tensor>& list, bool gradients = true) {
    Model copy = model;
    list.clear();
    copy.visit([&](const std::string& name, at::Tensor& t) {
        if (name.starts_with("latent_")) return;
        t = t.detach().to(dtype, /*non_blocking=*/false, /*copy=*/true).requires_grad_(gradients);
        list.push_back(t);
    });
    return copy;
}

}  // namespace zt::training
