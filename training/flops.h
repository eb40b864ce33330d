// SPDX-License-Identifier: LGPL-2.1-or-later
//
// FLOPs of a forward pass: two for each weight of a matrix or kernel and each position that it is applied at.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace zt::training {

// places(name): at how many positions of one sample the matrix or kernel of that name is applied.
template <class Model, class Places>
double forward_flops(Model& model, Places places) {
    double sum = 0;
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (t.dim() >= 2) sum += 2.0 * static_cast<double>(t.numel()) * places(name);
    });
    return sum;
}

}  // namespace zt::training
