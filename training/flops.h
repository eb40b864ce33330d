// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much arithmetic a network has: two per weight and place, forward.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace zt::training {

// places(name) tells at how many places of one sample the matrix or kernel is applied.
template <class Model, class Places>
double forward_flops(Model& model, Places places) {
    double sum = 0;
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (t.dim() >= 2) sum += 2.0 * static_cast<double>(t.numel()) * places(name);
    });
    return sum;
}

}  // namespace zt::training
