// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See curve.h.
#include "curve.h"

#include <c10/util/Exception.h>

namespace zt::training {

Curve::Curve(const std::string& out, const std::vector<std::string>& names, const Work& work, bool new_file)
    : file_(std::fopen((out + ".csv").c_str(), "a")), names_(names), work_(work) {
    TORCH_CHECK(file_ != nullptr, out, ".csv: expected a file to write to");
    if (!new_file) return;
    std::fprintf(file_.get(), "step,%s", work_.unit);
    for (const auto& name : names_) std::fprintf(file_.get(), ",%s", name.c_str());
    std::fprintf(file_.get(), ",grad,seconds\n");
}

void Curve::add(const std::vector<StepLoss>& losses) {
    for (const StepLoss& l : losses) {
        if (!sums_.defined()) sums_ = at::zeros_like(l.values), counts_ = at::zeros_like(l.values);
        sums_ += l.values.nan_to_num(0.0), counts_ += l.values.isfinite();
    }
    steps_++;
}

double Curve::seconds_per_step() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count() /
           static_cast<double>(steps_);
}

void Curve::line(const Now& now) {
    const double seconds = seconds_per_step();
    const at::Tensor means = (sums_ / counts_.clamp_min(1)).to(at::kCPU, at::kFloat);
    std::FILE* csv = file_.get();
    std::printf("step %ld (%.1f %%)", static_cast<long>(now.step), 100 * now.progress);
    std::fprintf(csv, "%ld,%.0f", static_cast<long>(now.step), static_cast<double>(now.step) * work_.samples);
    for (size_t k = 0; k < names_.size(); k++) {
        const double v = means[static_cast<int64_t>(k)].item<double>();
        std::printf("  %s %.4f", names_[k].c_str(), v);
        std::fprintf(csv, ",%.5f", v);
    }
    std::printf("  grad %.3f  lr %.3f  %.3f s/step  %.1f %s/s  %.0f %% of matmul  eta %.1f min\n", now.gradient_norm,
                now.learning_rate, seconds, work_.samples / seconds, work_.unit,
                100 * work_.flops / seconds / work_.flops_a_second, now.minutes_left);
    std::fprintf(csv, ",%.4f,%.1f\n", now.gradient_norm, now.seconds);
    std::fflush(stdout), std::fflush(csv);
    sums_ = at::Tensor();
    steps_ = 0;
    since_ = std::chrono::steady_clock::now();
}

}  // namespace zt::training
