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

// Where levels are known by abar and the velocity is sqrt(abar) noise - sqrt(1 - abar) clean (Salimans and Ho
// 2202.00512). All in fp32, the factors in fp64.
at::Tensor clean_of_v(const Levels& levels, size_t i, const at::Tensor& latents, const at::Tensor& v) {
    return std::sqrt(levels.abar[i]) * latents - std::sqrt(1.0 - levels.abar[i]) * v.to(at::kFloat);
}

// DDIM (Song et al. 2010.02502) without noise: the clean estimate and the noise that it leaves, at the next level.
class DdimV final : public Solver {
public:
    explicit DdimV(Levels levels) : levels_(std::move(levels)) {}
    [[nodiscard]] at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& v) override {
        const auto i = static_cast<size_t>(step);
        const double now = levels_.abar[i], next = levels_.abar_next[i];
        const double r = std::sqrt((1.0 - next) / (1.0 - now));
        return r * latents + (std::sqrt(next) - std::sqrt(now) * r) * clean_of_v(levels_, i, latents, v);
    }

private:
    Levels levels_;
};

// SDE-DPM-Solver++ of order 2 (Lu et al. 2211.01095) in the order of diffusers' CogVideoXDPMScheduler: with noise drawn
// anew in every step, twice from the second on, of which the first draw is not used. With lambda = ln sqrt(abar / (1 -
// abar)), which is minus infinity where there is no signal: the factors are then 0 and 1.
class DpmSdeV final : public Solver {
public:
    DpmSdeV(Levels levels, Noise& noise) : levels_(std::move(levels)), noise_(noise) {}
    [[nodiscard]] at::Tensor step(int64_t step, const at::Tensor& latents, const at::Tensor& v) override {
        const auto i = static_cast<size_t>(step);
        const double now = levels_.abar[i], next = levels_.abar_next[i], h = lambda(next) - lambda(now);
        const double keep = std::sqrt((1.0 - next) / (1.0 - now)) * std::exp(-h),
                     away = std::expm1(-2.0 * h) * std::sqrt(next),
                     spread = std::sqrt(1.0 - next) * std::sqrt(1.0 - std::exp(-2.0 * h));
        const at::Tensor clean = clean_of_v(levels_, i, latents, v);
        const bool last = next == 1.0, first = !before_.defined();
        at::Tensor seen = clean;
        if (!first && !last) {
            const double half = 1.0 / (2.0 * ((lambda(now) - lambda(levels_.abar[i - 1])) / h));
            seen = (1.0 + half) * clean - half * before_;
        }
        before_ = clean;
        const at::Tensor made = keep * latents - away * seen;
        if (last) return made;
        at::Tensor drawn = noise_.draw(latents.sizes());
        if (!first) drawn = noise_.draw(latents.sizes());
        return made + spread * drawn.to(latents.device());
    }

private:
    static double lambda(double abar) { return std::log(std::sqrt(abar / (1.0 - abar))); }

    Levels levels_;
    Noise& noise_;
    at::Tensor before_;  // the clean estimate of the step before
};

template <class T>
std::unique_ptr<Solver> make(const Levels& levels, Rounding rounding, Noise*) {
    return std::make_unique<T>(levels, rounding);
}

// Always in fp32: the reference holds its latents so.
std::unique_ptr<Solver> make_mix(const Levels& levels, Rounding, Noise*) { return std::make_unique<EulerMix>(levels); }
std::unique_ptr<Solver> make_ddim_v(const Levels& levels, Rounding, Noise*) { return std::make_unique<DdimV>(levels); }
std::unique_ptr<Solver> make_dpm_sde_v(const Levels& levels, Rounding, Noise* noise) {
    if (noise == nullptr) throw Error(ZT_ERROR_INTERNAL, "dpm_sde_2m_v: expected noise, got none");
    return std::make_unique<DpmSdeV>(levels, *noise);
}

constexpr std::array<SolverRow, 5> kSolvers = {{
    {"euler", "one step along the velocity", make<Euler>},
    {"euler-mix", "the same as a mix with the clean estimate, the velocity pointing to the data", make_mix},
    {"unipc", "order 2 with a corrector, from the last clean estimates", make<UniPc>},
    {"ddim_v", "from the clean estimate without noise; levels by abar", make_ddim_v},
    {"dpm_sde_2m_v", "order 2 from the last clean estimates, noise drawn anew; levels by abar", make_dpm_sde_v},
}};

}  // namespace

std::span<const SolverRow> solvers() { return kSolvers; }

std::unique_ptr<Solver> make_solver(std::string_view solver, const Levels& levels, Rounding rounding, Noise* noise) {
    const auto row =
        std::find_if(kSolvers.begin(), kSolvers.end(), [&](const SolverRow& r) { return r.name == solver; });
    if (row == kSolvers.end())
        throw Error(ZT_ERROR_INTERNAL, "solver: expected one of the table, got " + std::string(solver));
    return row->make(levels, rounding, noise);
}

}  // namespace zt::sample
