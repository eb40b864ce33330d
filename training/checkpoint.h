// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Checkpoints: safetensors with the weights, and beside them a second file with the optimiser's
// state. Written to a temporary name and renamed, so that a killed run leaves the last good one.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "optimizer.h"

namespace zt::training {

using Tensors = std::map<std::string, at::Tensor>;

void save_tensors(const std::string& path, const Tensors& tensors, const std::map<std::string, std::string>& metadata);
// Empty if the file does not exist.
Tensors load_tensors(const std::string& path, std::map<std::string, std::string>* metadata = nullptr);

template <class Model>
Tensors tensors_of(Model& model) {
    Tensors list;
    model.visit([&](const std::string& name, at::Tensor& t) { list[name] = t; });
    return list;
}

// Copies tensors by name into the model; throws where one is missing or has another shape.
template <class Model>
void assign(Model& model, const Tensors& tensors) {
    model.visit([&](const std::string& name, at::Tensor& t) {
        const auto found = tensors.find(name);
        TORCH_CHECK(found != tensors.end() && found->second.sizes() == t.sizes(), "checkpoint: expected tensor ", name,
                    " ", t.sizes());
        t = found->second.to(t.device(), t.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
    });
}

// The same for first weights, which may leave tensors out: those keep what they have, and are listed.
template <class Model>
std::vector<std::string> begin_with(Model& model, Tensors tensors) {
    std::vector<std::string> left_out;
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (tensors.emplace(name, t).second) left_out.push_back(name);
    });
    assign(model, tensors);
    return left_out;
}

template <class Model>
void move_to(Model& model, at::Device device) {
    model.visit([&](const std::string&, at::Tensor& t) { t = t.to(device); });
}

inline void add_state(Tensors& state, const std::vector<Parameter>& parameters) {
    for (const Parameter& p : parameters) {
        state["momentum." + p.name] = p.momentum;
        if (p.second.defined()) state["second." + p.name] = p.second;
    }
}

inline void take_state(const Tensors& state, std::vector<Parameter>& parameters) {
    for (Parameter& p : parameters) {
        const auto take = [&](const std::string& kind, at::Tensor& t) { t.copy_(state.at(kind + p.name)); };
        take("momentum.", p.momentum);
        if (p.second.defined()) take("second.", p.second);
    }
}

}  // namespace zt::training
