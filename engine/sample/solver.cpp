// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Solvers; see solver.h.
#include "sample/solver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"

namespace zt::sample {
namespace {

// A number that the reference holds as a tensor without axes: beside one with axes it takes that one's type.
float in_type(float value, const at::Tensor& beside) {
    return beside.scalar_type() == at::kBFloat16 ? static_cast<float>(c10::BFloat16(value)) : value;
}

// x += (sigma_next - sigma) v, along the straight line of a flow.
class Euler final : public Solver {
public:
    Euler(Levels levels, Rounding rounding) : levels_(std::move(levels)), rounding_(rounding) {}
    [[nodiscard]] at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& v) override {
        const auto i = static_cast<size_t>(step);
        const float length = levels_.sigmas[i + 1] - levels_.sigmas[i];
        if (rounding_ == Rounding::kFp32) return latents + v.to(at::kFloat) * length;
        const at::Tensor next = latents + (v.to(at::kFloat) * in_type(length, v)).to(v.scalar_type()).to(at::kFloat);
        return rounding_ == Rounding::kProduct ? next : next.to(v.scalar_type()).to(at::kFloat);
    }

private:
    Levels levels_;
    Rounding rounding_;
};

// The same step for a velocity that points from the noise to the data, as a mix of the latents and of the clean
// estimate x + (1 - t) v: r x + (1 - r) clean, r = sigma_next / sigma. 1 - t is not sigma below 0.5, where t was
// rounded.
class EulerMix final : public Solver {
public:
    explicit EulerMix(Levels levels) : levels_(std::move(levels)) {}
    [[nodiscard]] at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& v) override {
        const auto i = static_cast<size_t>(step);
        const float sigma = 1.0F - levels_.t[i], r = levels_.sigmas[i + 1] / levels_.sigmas[i];
        const at::Tensor clean = latents + v.to(at::kFloat) * sigma;
        return latents * r + clean * (1.0F - r);
    }

private:
    Levels levels_;
};

// UniPC (Zhao et al. 2302.04867) of order 2 with B(h) = exp(h) - 1 ("bh2"), predicting clean latents, in the order of
// diffusers' UniPCMultistepScheduler. Before each prediction the latents are corrected with the clean estimate that the
// model has just given: that costs no further pass. With alpha = 1 - sigma and lambda = log(alpha / sigma), a step is a
// linear mix of the latents and of the last clean estimates.
class UniPc final : public Solver {
public:
    UniPc(Levels levels, Rounding rounding) : levels_(std::move(levels)), rounding_(rounding) {}

    [[nodiscard]] at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& v) override {
        const int64_t steps = levels_.steps();
        at::Tensor clean = clean_of(step, latents, v);
        const at::Tensor x = step > 0 ? corrected(step, clean) : latents;
        before_ = std::exchange(last_clean_, std::move(clean));
        order_ = std::min<int64_t>({2, steps - step, step + 1});
        last_ = x;
        return predicted(step, x);
    }

private:
    [[nodiscard]] float sigma(int64_t i) const { return levels_.sigmas[static_cast<size_t>(i)]; }
    [[nodiscard]] float lambda(int64_t i) const { return std::log(1.0F - sigma(i)) - std::log(sigma(i)); }

    [[nodiscard]] at::Tensor clean_of(int64_t step, const at::Tensor& latents, const at::Tensor& v) const {
        if (rounding_ == Rounding::kFp32) return latents - v.to(at::kFloat) * sigma(step);
        return latents - (v.to(at::kFloat) * in_type(sigma(step), v)).to(v.scalar_type()).to(at::kFloat);
    }

    // The latents of this level once more, now that the clean estimate there is known.
    [[nodiscard]] at::Tensor corrected(int64_t i, const at::Tensor& clean) const {
        const float h = lambda(i) - lambda(i - 1), b = std::expm1(-h), g1 = b / -h - 1.0F, b1 = g1 / b;
        at::Tensor change;
        if (order_ == 1) {
            change = 0.5F * (clean - last_clean_);
        } else {
            // rho solves the two conditions of order 2: rho1 + rho2 = b1, r rho1 + rho2 = b2.
            const float r = (lambda(i - 2) - lambda(i - 1)) / h, b2 = (g1 / -h - 0.5F) * 2.0F / b;
            const float rho1 = (b1 - b2) / (1.0F - r), rho2 = b1 - rho1;
            change = rho1 * ((before_ - last_clean_) / r) + rho2 * (clean - last_clean_);
        }
        const float alpha = 1.0F - sigma(i);
        return (sigma(i) / sigma(i - 1)) * last_ - alpha * b * last_clean_ - alpha * b * change;
    }

    [[nodiscard]] at::Tensor predicted(int64_t i, const at::Tensor& x) const {
        if (sigma(i + 1) == 0.0F) return last_clean_;
        const float h = lambda(i + 1) - lambda(i), b = std::expm1(-h), alpha = 1.0F - sigma(i + 1);
        const at::Tensor y = (sigma(i + 1) / sigma(i)) * x - alpha * b * last_clean_;
        if (order_ == 1) return y;
        const float r = (lambda(i - 1) - lambda(i)) / h;
        return y - alpha * b * (0.5F * ((before_ - last_clean_) / r));
    }

    Levels levels_;
    Rounding rounding_;
    int64_t order_ = 1;  // of the last prediction
    at::Tensor last_, last_clean_,
        before_;  // corrected latents and clean estimate of the last level; clean of the one before
};

template <class T>
std::unique_ptr<Solver> make(const Levels& levels, Rounding rounding) {
    return std::make_unique<T>(levels, rounding);
}

// Always in fp32: the reference holds its latents so.
std::unique_ptr<Solver> make_mix(const Levels& levels, Rounding) { return std::make_unique<EulerMix>(levels); }

constexpr std::array<SolverRow, 3> kSolvers = {{
    {"euler", "one step along the velocity", make<Euler>},
    {"euler-mix", "the same as a mix with the clean estimate, the velocity pointing to the data", make_mix},
    {"unipc", "order 2 with a corrector, from the last clean estimates", make<UniPc>},
}};

}  // namespace

std::span<const SolverRow> solvers() { return kSolvers; }

std::unique_ptr<Solver> make_solver(std::string_view solver, const Levels& levels, Rounding rounding) {
    const auto row =
        std::find_if(kSolvers.begin(), kSolvers.end(), [&](const SolverRow& r) { return r.name == solver; });
    if (row == kSolvers.end())
        throw Error(ZT_ERROR_INTERNAL, "solver: expected one of the table, got " + std::string(solver));
    return row->make(levels, rounding);
}

}  // namespace zt::sample
