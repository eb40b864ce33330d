// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The update rules.
#include "optimizer.h"

namespace zt::training {
namespace {

// Newton-Schulz iteration towards the orthogonal factor of g, [rows, columns], in bf16: the
// iteration tolerates the rounding and the product is what costs.
at::Tensor orthogonal(const at::Tensor& g) {
    at::Tensor x = g.to(at::kBFloat16);
    const bool tall = x.size(0) > x.size(1);
    if (tall) x = x.t().contiguous();
    x = x / (x.to(at::kFloat).norm() + 1e-7).to(at::kBFloat16);
    for (int i = 0; i < 5; i++) {
        const at::Tensor a = at::mm(x, x.t());
        x = 3.4445 * x + at::mm(-4.7750 * a + 2.0315 * at::mm(a, a), x);
    }
    if (tall) x = x.t();
    return x.to(at::kFloat);
}

}  // namespace

Optimizer::Optimizer(std::vector<Parameter> parameters, OptimizerConfig config)
    : parameters_(std::move(parameters)), config_(config) {}

void Optimizer::update(const std::vector<at::Tensor>& grads, double lr_scale, int64_t step, size_t first, size_t stride) {
    const at::NoGradGuard no_grad;
    const auto& c = config_;
    for (size_t i = first; i < parameters_.size(); i += stride) {
        Parameter& p = parameters_[i];
        at::Tensor& w = *p.master;
        const at::Tensor& g = grads[i];
        if (p.muon) {
            p.momentum.mul_(c.momentum).add_(g, 1.0 - c.momentum);
            const at::Tensor nesterov = g * (1.0 - c.momentum) + p.momentum * c.momentum;
            const at::Tensor flat = nesterov.reshape({w.size(0), -1});
            const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(flat.size(0), flat.size(1))));
            const double lr = c.muon_lr * lr_scale;
            w.mul_(1.0 - lr * c.weight_decay * 5.0).sub_(orthogonal(flat).reshape(w.sizes()), lr * scale);
        } else {
            p.momentum.mul_(c.beta1).add_(g, 1.0 - c.beta1);
            p.second.mul_(c.beta2).addcmul_(g, g, 1.0 - c.beta2);
            const double b1 = 1.0 - std::pow(c.beta1, static_cast<double>(step)), b2 = 1.0 - std::pow(c.beta2, static_cast<double>(step));
            const at::Tensor denominator = (p.second / b2).sqrt_().add_(c.eps);
            w.addcdiv_(p.momentum, denominator, -c.adam_lr * lr_scale / b1);
        }
    }
}

}  // namespace zt::training
