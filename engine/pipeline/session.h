// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One generation: a plan, a worker thread, and the calls a host makes while frames come out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "core/cancel.h"
#include "core/failure.h"
#include "core/log.h"
#include "families/family.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/queue.h"
#include "pipeline/steering.h"
#include "pipeline/turnstile.h"

namespace zt::pipeline {

// read: one thread at a time. All others: any thread.
class Session {
public:
    // Starts the worker and returns.
    Session(std::shared_ptr<const families::Model> model, Plan plan);
    ~Session();  // cancels and joins; must not run on the worker (see on_worker)
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
    [[nodiscard]] zt_status read(int64_t timeout_us, FramePtr& frame, Failure& failure);
    void cancel();
    // The first frame that obeys, or nothing when all chunks have begun. Throws to refuse.
    [[nodiscard]] std::optional<int64_t> set_prompt(const std::string& prompt);
    [[nodiscard]] std::optional<int64_t> set_negative_prompt(const std::string& prompt);
    [[nodiscard]] std::optional<int64_t> set_seed(int64_t seed);
    [[nodiscard]] std::optional<int64_t> set_guidance(double guidance);
    [[nodiscard]] std::optional<int64_t> set_strength(double strength);
    [[nodiscard]] zt_progress progress() const { return progress_.snapshot(); }
    // True inside a callback made by this session's worker.
    [[nodiscard]] bool on_worker() const noexcept { return std::this_thread::get_id() == worker_.get_id(); }

private:
    [[nodiscard]] std::optional<int64_t> change(const std::function<void(families::Direction&)>& edit);

    const std::shared_ptr<const families::Model> model_;
    const Plan plan_;
    Cancel cancel_;
    Steering steering_;
    FrameQueue queue_;
    Progress progress_;
    Turnstile& turnstile_;
    std::jthread worker_;  // last: starts when all else stands
};

}  // namespace zt::pipeline
