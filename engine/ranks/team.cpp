// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See team.h.
#include "ranks/team.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "ranks/group.h"

namespace zt::ranks {
namespace {

thread_local Team* current = nullptr;
thread_local TeamScope* scope = nullptr;

// c10d notes every exchange (FlightRecorderDetail.hpp), and a group's first one in a table that it does not lock. So
// that one is made at once, while no other thread has an exchange.
void first_exchange(Group& group, const Cancel& cancel) { (void)group.swap({}, cancel); }

}  // namespace

Team::Team(int rank, int size, std::string address, std::chrono::milliseconds timeout, const Swap& swap,
           Transport transport, Look look)
    : address_(std::move(address)), timeout_(timeout), transport_(transport), look_(std::move(look)),
      all_(std::make_unique<Group>(rank, size, address_, timeout, swap, transport, look_)) {}

Team::~Team() = default;

int Team::rank() const noexcept { return all_->rank(); }

bool Team::in_second_half() const noexcept { return all_->rank() >= all_->size() / 2; }

bool Team::halve() {
    const int half = all_->size() / 2;
    if (all_->size() % 2 != 0) return false;
    if (half > 1 && !split_) {
        const auto first = in_second_half() ? half : 0;
        const auto swap = [&](const std::string& text) {
            const std::vector<std::string> every = all_->swap(text, cancel());
            return std::vector<std::string>(every.begin() + first, every.begin() + first + half);
        };
        half_ = std::make_unique<Group>(all_->rank() - first, half, address_, timeout_, swap, transport_, look_);
        first_exchange(*half_, cancel());
    }
    split_ = true;
    return halved_ = true;
}

Group& Team::weights() {
    if (weights_ == nullptr) {
        // By Gloo whatever the transport: it is for another thread, and two communicators of NCCL that a process uses
        // at the same time can wait for each other's kernels for ever.
        weights_ = std::make_unique<Group>(
            all_->rank(), all_->size(), address_, timeout_,
            [&](const std::string& text) { return all_->swap(text, cancel()); }, Transport::kGloo, look_);
        first_exchange(*weights_, cancel());
    }
    return *weights_;
}

int64_t Team::lowest(int64_t own) {
    const auto count = static_cast<size_t>(all_->size());
    const uint64_t before = all_->bytes_sent();
    const std::vector<at::Tensor> said =
        all_->exchange(std::vector<at::Tensor>(count, at::full({1}, own, at::kLong)), {count, {int64_t{1}}}, cancel());
    greetings_ += all_->bytes_sent() - before;
    return at::cat(said).min().item<int64_t>();
}

uint64_t Team::bytes_sent() const noexcept {
    uint64_t sent = all_->bytes_sent() - greetings_;
    for (const Group* const more : {half_.get(), weights_.get()}) sent += more != nullptr ? more->bytes_sent() : 0;
    return sent;
}

TeamScope::TeamScope(Team& team, const Cancel& cancel, AtEnd at_end) : at_end_(std::move(at_end)) {
    team.cancel_ = &cancel;
    current = &team;
    scope = this;
}

TeamScope::~TeamScope() {
    if (current != nullptr) current->join();
    current = nullptr;
    scope = nullptr;
}

Team* team() { return current; }

bool leads() { return current == nullptr || current->rank() == 0; }

bool on_any_rank(bool own) { return current != nullptr ? current->lowest(own ? 0 : 1) == 0 : own; }

void end_of_shared_work(bool more) {
    if (current == nullptr) return;
    if (current->rank() != 0) throw PartDone{more};
    std::exchange(current, nullptr)->join();
    if (scope->at_end_) scope->at_end_(more);
}

}  // namespace zt::ranks
