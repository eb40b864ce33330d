// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Muon for matrices and kernels, AdamW for the rest, on fp32 masters.
//
// Muon (Jordan et al. 2024): momentum, then the update is replaced by the nearest orthogonal matrix
// through five Newton-Schulz steps, so every direction learns at the same speed; scaled so that its
// rms equals AdamW's (Liu et al. 2025, "Muon is scalable for LLM training").
#pragma once

#include <torch/torch.h>

#include <sstream>
#include <string>
#include <vector>

namespace zt::training {

struct Parameter {
    std::string name;
    at::Tensor* master = nullptr;  // fp32, inside the model
    at::Tensor momentum, second;   // fp32; second only for AdamW
    bool muon = false;
};

struct OptimizerConfig {
    double muon_lr = 1.5e-3, adam_lr = 2e-3;
    double momentum = 0.95, beta1 = 0.9, beta2 = 0.98, eps = 1e-8, weight_decay = 0.01;
};

// One thread at a time; update() may be called for disjoint shares from several threads.
class Optimizer {
public:
    Optimizer(std::vector<Parameter> parameters, OptimizerConfig config);
    // Applies one step to the parameters of a share; grads are fp32, in parameter order; those without one stay.
    void update(const std::vector<at::Tensor>& grads, double lr_scale, int64_t step, const std::vector<size_t>& share);
    // What an update of each parameter costs, in multiply-adds or so.
    [[nodiscard]] std::vector<double> costs() const;
    [[nodiscard]] std::vector<Parameter>& parameters() { return parameters_; }

private:
    std::vector<Parameter> parameters_;
    OptimizerConfig config_;
};

// Statistics are not weights; `frozen`, first parts of names with commas between them, may hold still more.
inline bool learns(const std::string& name, const std::string& frozen) {
    if (name.starts_with("latent_")) return false;
    std::istringstream list(frozen);
    for (std::string part; std::getline(list, part, ',');)
        if (!part.empty() && name.starts_with(part)) return false;
    return true;
}

// All trainable tensors of a model (fp32). Matrices and kernels go to Muon, except first and last
// layers, whose rows are data, not features.
template <class Model>
std::vector<Parameter> trainable(Model& model, const std::string& frozen = {}) {
    std::vector<Parameter> list;
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (!learns(name, frozen)) return;
        Parameter p{name, &t, at::zeros_like(t), {}, t.dim() >= 2};
        const auto ends = [&](const char* s) { return name.ends_with(s); };
        if (ends("coder.in.weight") || ends("coder.out.weight") || ends("embedding") || ends("patch_in.weight") ||
            ends("patch_out.weight") || ends("position") || ends("query") || ends(".table") ||
            (name.starts_with("stage.") && name.find(".sheet.") != std::string::npos) ||
            (name.starts_with("plan.") && ends(".sentence.weight")) ||
            (name.starts_with("heads.") && !ends("hidden.weight")))
            p.muon = false;
        if (!p.muon) p.second = at::zeros_like(t);
        list.push_back(std::move(p));
    });
    return list;
}

// A copy of the model in the given type; those of its tensors that learn are fresh leaves, and listed.
template <class Model>
Model leaves(const Model& model, at::ScalarType dtype, std::vector<at::Tensor>& list, bool gradients = true,
             const std::string& frozen = {}) {
    Model copy = model;
    list.clear();
    copy.visit([&](const std::string& name, at::Tensor& t) {
        if (name.starts_with("latent_")) return;
        t = t.detach().to(dtype, /*non_blocking=*/false, /*copy=*/true);
        if (learns(name, frozen)) list.push_back(t.requires_grad_(gradients));
    });
    return copy;
}

}  // namespace zt::training
