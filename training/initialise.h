// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Initialisation of weights: normal with variance 1 / fan-in. The last layer of each residual branch
// starts at zero, so that every block begins as the identity. A gate behind such a layer starts at 1:
// were both zero, neither would get a gradient from their product, and the branch would never learn.
#pragma once

#include <torch/torch.h>

#include <string>

namespace zt::training {

template <class Model>
void initialise(Model& model, uint64_t seed) {
    at::Generator generator = at::detail::createCPUGenerator(seed);
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (name.starts_with("latent_")) return;
        const auto ends = [&](const char* s) { return name.ends_with(s); };
        if (ends(".bias")) {
            t.zero_();
            if (name.starts_with("layers.") && ends(".modulation.bias"))
                t.slice(0, t.size(0) / 6 * 5).fill_(1.0);  // DenoiserLayer's last gate
        } else if (t.dim() == 1) {
            t.fill_(1.0);
        } else if (ends("embedding") || ends("position") || ends("query")) {
            t.normal_(0, 0.5, generator);
        } else if (ends("conv2.weight") || ends("project.weight") || ends("modulation.weight") || ends("table") ||
                   ends("patch_out.weight")) {
            t.zero_();
        } else {
            const double fan_in = static_cast<double>(t.numel() / t.size(0));
            t.normal_(0, 1.0 / std::sqrt(fan_in), generator);
        }
    });
    // Log variance -4: at first the encoder's noise is small, and the decoder sees nearly its mean.
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (name == "encoder.out.bias") t.slice(0, t.size(0) / 2).fill_(-4.0);
    });
}

}  // namespace zt::training
