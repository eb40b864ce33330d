// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the clip cache knows a shot by: a digest of everything that decides its pixels and samples. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "families/family.h"
#include "pipeline/plan.h"

namespace zt::pipeline {

// A shot of a storyboard, or the whole clip where there is none.
struct KeyedShot {
    int64_t first_frame = 0, frames = 0;
    std::string key;    // 64 hex digits
    std::string about;  // lines "name=value" for people, the prompt last
};

// This library and LibTorch's as they were built: another build may round otherwise.
[[nodiscard]] std::string libraries();
// What processes that work together must share: this library and LibTorch's half for processors as they were built. Not
// where they lie, nor what is mapped later, such as the half for a GPU.
[[nodiscard]] std::string build();

// identity: of the opened model, see sharing_key(). Nothing for a clip that is not finite. Counted beside all of the
// request and the model: this library and LibTorch as they were built, the processor, and the threads that compute.
[[nodiscard]] std::vector<KeyedShot> keyed_shots(const Plan& plan, const families::Model& model,
                                                 const std::string& identity, int threads);

}  // namespace zt::pipeline
