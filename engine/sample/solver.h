// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Solvers: from the latents at one noise level and the model's velocity there to the latents at the next.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sample/noise.h"
#include "sample/schedule.h"

namespace zt::sample {

// Which types the steps round to: each reference has its own, and bit-equal results need the same.
enum class Rounding : uint8_t {
    kFp32,    // latents stay fp32 throughout
    kModel,   // step, product and sum take the type of the velocity after every step
    kProduct  // the product of level and velocity takes the type of the velocity, the rest is fp32
};

// The steps of one clip; holds what earlier steps left. One thread at a time.
class Solver {
public:
    virtual ~Solver() = default;
    // latents: fp32, at levels.sigmas[step]; velocity: of the model there, in its own type, same shape. Steps come in
    // order. Returns fp32 latents at levels.sigmas[step + 1].
    [[nodiscard]] virtual at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& velocity) = 0;
};

// noise: of solvers that draw some, borrowed; null for the others.
using MakeSolver = std::unique_ptr<Solver> (*)(const Levels& levels, Rounding rounding, Noise* noise);

struct SolverRow {
    std::string_view name, what;
    MakeSolver make;  // levels: copied
};
[[nodiscard]] std::span<const SolverRow> solvers();
// Throws zt::Error(INTERNAL) for a name that is none.
[[nodiscard]] std::unique_ptr<Solver> make_solver(std::string_view solver, const Levels& levels, Rounding rounding,
                                                  Noise* noise = nullptr);

}  // namespace zt::sample
