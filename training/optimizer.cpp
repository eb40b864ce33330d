// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The update rules.
#include "optimizer.h"

#include <map>

#include "step.h"

namespace zt::training {
namespace {

// Newton-Schulz iteration towards the orthogonal factor of each g, [count, rows, columns], in the type of the work:
// the iteration tolerates the rounding and the product is what costs.
at::Tensor orthogonal(const at::Tensor& g) {
    const at::ScalarType type = work_type(g.device());
    at::Tensor x = g.to(type);
    const bool tall = x.size(1) > x.size(2);
    if (tall) x = x.transpose(1, 2).contiguous();
    x = x / (x.to(at::kFloat).square().sum({1, 2}, true).sqrt() + 1e-7).to(type);
    for (int i = 0; i < 5; i++) {
        const at::Tensor a = at::bmm(x, x.transpose(1, 2));
        x = at::baddbmm(x, at::baddbmm(a, a, a, -4.7750, 2.0315), x, 3.4445);
    }
    if (tall) x = x.transpose(1, 2);
    return x.to(at::kFloat);
}

// Rows and columns of the blocks that are made orthogonal: the whole matrix, or where both sides are
// long its rows in parts. The cost goes with the square of the shorter side.
std::pair<int64_t, int64_t> block_shape(const at::Tensor& w) {
    constexpr int64_t kLong = 320;
    const int64_t rows = w.size(0), columns = w.numel() / rows;
    int64_t parts = 1;
    while (std::min(rows / parts, columns) > kLong && rows % (parts + 1) == 0) parts++;
    return {rows / parts, columns};
}

}  // namespace

Optimizer::Optimizer(std::vector<Parameter> parameters, OptimizerConfig config)
    : parameters_(std::move(parameters)), config_(config) {}

std::vector<double> Optimizer::costs() const {
    std::vector<double> list;
    for (const Parameter& p : parameters_) {
        const auto n = static_cast<double>(p.master->numel());
        double cost = 60 * n;  // passes over memory, each worth several products
        if (p.muon) {
            const auto [rows, columns] = block_shape(*p.master);
            const auto shorter = static_cast<double>(std::min(rows, columns)),
                       longer = static_cast<double>(std::max(rows, columns));
            cost += 5 * (2 * shorter * n + n / longer * shorter * shorter);
        }
        list.push_back(cost);
    }
    return list;
}

void Optimizer::update(const std::vector<at::Tensor>& grads, double lr_scale, int64_t step,
                       const std::vector<size_t>& share) {
    const at::NoGradGuard no_grad;
    const auto& c = config_;
    std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> shapes;  // Muon's, to be made orthogonal together
    for (const size_t i : share) {
        Parameter& p = parameters_[i];
        at::Tensor& w = *p.master;
        const at::Tensor& g = grads[i];
        if (!g.defined()) continue;  // Muon would go on in an old direction, with a step as long as ever
        if (p.muon) {
            p.momentum.mul_(c.momentum).add_(g, 1.0 - c.momentum);
            shapes[block_shape(w)].push_back(i);
        } else {
            p.momentum.mul_(c.beta1).add_(g, 1.0 - c.beta1);
            p.second.mul_(c.beta2).addcmul_(g, g, 1.0 - c.beta2);
            const double b1 = 1.0 - std::pow(c.beta1, static_cast<double>(step)),
                         b2 = 1.0 - std::pow(c.beta2, static_cast<double>(step));
            const at::Tensor denominator = (p.second / b2).sqrt_().add_(c.eps);
            w.addcdiv_(p.momentum, denominator, -c.adam_lr * lr_scale / b1);
        }
    }
    for (const auto& [shape, members] : shapes) {
        std::vector<at::Tensor> directions;
        for (const size_t i : members)
            directions.push_back(
                at::lerp(grads[i], parameters_[i].momentum, c.momentum).reshape({-1, shape.first, shape.second}));
        const at::Tensor steps = orthogonal(at::cat(directions));
        const double scale = 0.2 * std::sqrt(static_cast<double>(std::max(shape.first, shape.second))),
                     lr = c.muon_lr * lr_scale;
        const auto each = static_cast<int64_t>(members.size());
        for (int64_t k = 0; k < each; k++) {
            at::Tensor& w = *parameters_[members[static_cast<size_t>(k)]].master;
            w.mul_(1.0 - lr * c.weight_decay * 5.0)
                .sub_(steps.chunk(each)[static_cast<size_t>(k)].reshape(w.sizes()), lr * scale);
        }
    }
}

}  // namespace zt::training
