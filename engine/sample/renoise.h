// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The solver of models that were distilled to tell the clean latents from any level in one pass.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "sample/noise.h"
#include "sample/solver.h"

namespace zt::sample {

// Each step goes all the way to the clean estimate x - sigma v, then noise drawn anew puts it at the next level:
// (1 - sigma) clean + sigma noise (consistency models, Song et al. 2303.01469, algorithm 1; Self-Forcing, Huang et al.
// 2506.08009). The last step leaves the estimate. All in fp32.
class Renoise final : public Solver {
public:
    // noise: borrowed; one draw of the latents' shape for each step but the last.
    Renoise(Levels levels, Noise& noise);
    [[nodiscard]] at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& velocity) override;

private:
    Levels levels_;
    Noise& noise_;
};

}  // namespace zt::sample
