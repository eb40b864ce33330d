// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See session.h.
#include "pipeline/session.h"

#include <utility>

#include "device/start_thread.h"
#include "pipeline/images.h"
#include "pipeline/worker.h"

namespace zt::pipeline {

Session::Session(std::shared_ptr<const families::Model> model, Plan plan)
    : model_(std::move(model)), plan_(std::move(plan)),
      steering_(plan_.generation.first, plan_.generation.frames, model_->limits().steerable, plan_.script),
      queue_(plan_.prefetch), progress_(plan_.generation.frames), turnstile_(turnstile_of(*model_)),
      worker_(device::start_thread([this] {
          run_worker({*model_, plan_, cancel_, steering_, queue_, progress_, turnstile_});
      })) {}

Session::~Session() {
    cancel();
    worker_.join();
}

zt_status Session::read(int64_t timeout_us, FramePtr& frame, Failure& failure) {
    return queue_.read(timeout_us, frame, failure);
}

void Session::cancel() {
    cancel_.request();
    queue_.cancel();
    turnstile_.wake();
}

std::optional<int64_t> Session::set_prompt(const std::string& prompt) {
    check_prompt(prompt);
    hint_at_storyboard(prompt, plan_.generation.log);
    return steering_.set_prompt(prompt, [this](const families::Direction& direction) { model_->check(direction); });
}

std::optional<int64_t> Session::set_negative_prompt(const std::string& prompt) {
    check_negative_prompt(prompt, model_->limits());
    return change([&](families::Direction& direction) { direction.negative_prompt = prompt; });
}

std::optional<int64_t> Session::set_seed(int64_t seed) {
    const int64_t resolved = resolve_seed(seed, plan_.generation.log);
    return change([&](families::Direction& direction) { direction.seed = resolved; });
}

std::optional<int64_t> Session::set_guidance(double guidance) {
    const double resolved = resolve_guidance(guidance, model_->limits());
    return change([&](families::Direction& direction) { direction.guidance = resolved; });
}

std::optional<int64_t> Session::set_strength(double strength) {
    const double resolved = resolve_strength(strength, model_->limits(), !plan_.generation.images.empty());
    return change([&](families::Direction& direction) { direction.strength = resolved; });
}

std::optional<int64_t> Session::change(const std::function<void(families::Direction&)>& edit) {
    return steering_.change(edit, [this](const families::Direction& direction) { model_->check(direction); });
}

}  // namespace zt::pipeline
