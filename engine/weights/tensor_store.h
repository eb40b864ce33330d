// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Safetensors as tensors: the only place where file bytes become at::Tensor.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <string>

#include "core/cancel.h"
#include "weights/safetensors.h"

namespace zt::weights {

using Tensors = std::map<std::string, at::Tensor>;

// Reads every tensor of an open file, each in the type it is stored in. Throws zt::Error
// (WEIGHTS for a type tensors cannot have, IO, CANCELLED).
[[nodiscard]] Tensors read_tensors(const SafetensorsFile& file, const Cancel* cancel = nullptr);

// Writes tensors (CPU, contiguous or not) under a temporary name, then renames.
void write_tensors(const std::string& path, const Tensors& tensors, const std::map<std::string, std::string>& metadata);

// Puts tensors into a struct with visit(f), cast to `dtype` except names that start with "latent_",
// which stay fp32. Every tensor must be used, have its expected shape, and none may be missing.
template <class Model>
void assign(Model& model, const Tensors& tensors, at::ScalarType dtype, const std::string& file);

// One "<file>: tensor ..." error each; used by assign.
[[noreturn]] void refuse_missing(const std::string& file, const std::string& name, at::IntArrayRef expected);
[[noreturn]] void refuse_shape(const std::string& file, const std::string& name, at::IntArrayRef expected,
                               at::IntArrayRef got);
[[noreturn]] void refuse_unused(const std::string& file, const std::string& name);

template <class Model>
void assign(Model& model, const Tensors& tensors, at::ScalarType dtype, const std::string& file) {
    size_t used = 0;
    model.visit([&](const std::string& name, at::Tensor& t) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) refuse_missing(file, name, t.sizes());
        if (found->second.sizes() != t.sizes()) refuse_shape(file, name, t.sizes(), found->second.sizes());
        t = found->second.to(name.starts_with("latent_") ? at::kFloat : dtype);
        used++;
    });
    if (used == tensors.size()) return;
    Tensors rest = tensors;
    model.visit([&](const std::string& name, at::Tensor&) { rest.erase(name); });
    refuse_unused(file, rest.begin()->first);
}

}  // namespace zt::weights
