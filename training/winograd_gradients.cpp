// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input and the output transform are linear, so the gradient of each is its transpose (adjoint). LibTorch
// differentiates the matrix product between them.
#include "winograd_gradients.h"

#include <torch/torch.h>

#include "nn/winograd.h"

namespace zt::training {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void keep(AutogradContext* context, const nn::Extent& e) {
    context->saved_data["extent"] = std::vector<int64_t>{e.batch, e.height, e.width};
}
nn::Extent kept(AutogradContext* context) {
    const std::vector<int64_t> e = context->saved_data["extent"].toIntVector();
    return {e[0], e[1], e[2]};
}

struct Points : torch::autograd::Function<Points> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& pictures) {
        keep(context, {pictures.size(0), pictures.size(1), pictures.size(2)});
        return nn::winograd_points(pictures);
    }
    static variable_list backward(AutogradContext* context, const variable_list& grads) {
        return {nn::winograd_points_adjoint(grads[0], kept(context))};
    }
};

struct Pictures : torch::autograd::Function<Pictures> {
    static at::Tensor forward(AutogradContext*, const at::Tensor& points, int64_t batch, int64_t height, int64_t width,
                              const at::Tensor& bias) {
        return nn::winograd_pictures(points, {batch, height, width}, bias);
    }
    static variable_list backward(AutogradContext*, const variable_list& grads) {
        return {nn::winograd_pictures_adjoint(grads[0]), {}, {}, {}, grads[0].sum(at::IntArrayRef{0, 1, 2})};
    }
};

}  // namespace

void differentiate_winograd() {
    nn::winograd_maps().points = [](const at::Tensor& pictures) { return Points::apply(pictures); };
    nn::winograd_maps().pictures = [](const at::Tensor& points, const nn::Extent& e, const at::Tensor& bias) {
        return Pictures::apply(points, e.batch, e.height, e.width, bias);
    };
}

}  // namespace zt::training
