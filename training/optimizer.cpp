// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The update rules.
#include "optimizer.h"

#include <map>

namespace zt::training {
namespace {

// Newton-Schulz iteration towards the orthogonal factor of each g, [count, rows, columns], in bf16:
// the iteration tolerates the rounding and the product is what costs.
at::Tensor orthogonal(const at::Tensor& g) {
    at::Tensor x = g.to(at::kBFloat16);
    const bool tall = x.size(1) > x.size(2);
    if (tall) x = x.transpose(1, 2).contiguous();
    x = x / (x.to(at::kFloat).square().sum({1, 2}, true).sqrt() + 1e-7).to(at::kBFloat16);
    for (int i = 0; i < 5; i++) {
        const at::Tensor a = at::bmm(x, x.transpose(1, 2));
        x = 3.4445 * x + at::bmm(-4.7750 * a + 2.0315 * at::bmm(a, a), x);
    }
    if (tall) x = x.transpose(1, 2);
    return x.to(at::kFloat);
}

}  // namespace

Optimizer::Optimizer(std::vector<Parameter> parameters, OptimizerConfig config)
    : parameters_(std::move(parameters)), config_(config) {}

void Optimizer::update(const std::vector<at::Tensor>& grads, double lr_scale, int64_t step, size_t first, size_t stride) {
    const at::NoGradGuard no_grad;
    const auto& c = config_;
    std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> shapes;   // Muon's, to be made orthogonal together
    for (size_t i = first; i < parameters_.size(); i += stride) {
        Parameter& p = parameters_[i];
        at::Tensor& w = *p.master;
        const at::Tensor& g = grads[i];
        if (p.muon) {
            p.momentum.mul_(c.momentum).add_(g, 1.0 - c.momentum);
            shapes[{w.size(0), w.numel() / w.size(0)}].push_back(i);
        } else {
            p.momentum.mul_(c.beta1).add_(g, 1.0 - c.beta1);
            p.second.mul_(c.beta2).addcmul_(g, g, 1.0 - c.beta2);
            const double b1 = 1.0 - std::pow(c.beta1, static_cast<double>(step)), b2 = 1.0 - std::pow(c.beta2, static_cast<double>(step));
            const at::Tensor denominator = (p.second / b2).sqrt_().add_(c.eps);
            w.addcdiv_(p.momentum, denominator, -c.adam_lr * lr_scale / b1);
        }
    }
    for (const auto& [shape, members] : shapes) {
        std::vector<at::Tensor> directions;
        for (const size_t i : members)
            directions.push_back((grads[i] * (1.0 - c.momentum) + parameters_[i].momentum * c.momentum).reshape({shape.first, shape.second}));
        const at::Tensor steps = orthogonal(at::stack(directions));
        const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(shape.first, shape.second))), lr = c.muon_lr * lr_scale;
        for (size_t k = 0; k < members.size(); k++) {
            at::Tensor& w = *parameters_[members[k]].master;
            w.mul_(1.0 - lr * c.weight_decay * 5.0).sub_(steps[static_cast<int64_t>(k)].reshape(w.sizes()), lr * scale);
        }
    }
}

}  // namespace zt::training
