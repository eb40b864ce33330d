// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The learning curve of a run: every so often a line on the screen and one in OUT.csv, with the means of the losses
// since the line before.
#pragma once

#include <ATen/ATen.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace zt::training {

// What one worker computes in a step. total: the loss that is minimised, a scalar with a graph. values: fp32 [names],
// what the curve shows; not a number where a step did not compute it.
struct StepLoss {
    at::Tensor total, values;
};

// Of one step over all workers.
struct Work {
    const char* unit;       // what a sample is called, "clips"
    double samples;         // per step
    double flops;           // per step
    double flops_a_second;  // that the device reaches in a large matrix product
};

// Not thread-safe.
class Curve {
public:
    // Appends to OUT.csv. names: of the values. Throws c10::Error when the file cannot be written; a new file begins
    // with the names of its columns.
    Curve(const std::string& out, const std::vector<std::string>& names, const Work& work, bool new_file);

    // The losses of one step, one for each worker.
    void add(const std::vector<StepLoss>& losses);
    // Since the last line.
    [[nodiscard]] double seconds_per_step() const;

    struct Now {
        int64_t step;
        double progress;  // 0..1 of the run
        double minutes_left;
        double gradient_norm, learning_rate;
        double seconds;  // of the run, restarts included
    };
    void line(const Now& now);

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file_;
    std::vector<std::string> names_;
    Work work_;
    at::Tensor sums_, counts_;  // fp32 [names]
    int64_t steps_ = 0;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace zt::training
