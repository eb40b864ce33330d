// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See team.h.
#include "ranks/team.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "ranks/group.h"

namespace zt::ranks {
namespace {

thread_local Team* current = nullptr;
thread_local TeamScope* scope = nullptr;

constexpr size_t kMostAddress = 65536;  // Gloo's text grows with the ranks

// What every rank says, over a group that stands. Texts of at most kMostAddress - 4 bytes.
std::vector<std::string> swap_over(Group& group, const std::string& text, const Cancel& cancel) {
    const at::Tensor ours = at::zeros({kMostAddress}, at::kByte);
    const auto size = static_cast<uint32_t>(text.size());
    if (text.size() > kMostAddress - sizeof(size))
        throw Error(ZT_ERROR_INTERNAL, "ranks: expected an address of less than 64 KiB, got one of " +
                                           std::to_string(text.size()) + " bytes");
    std::memcpy(ours.mutable_data_ptr(), &size, sizeof(size));
    std::memcpy(static_cast<char*>(ours.mutable_data_ptr()) + sizeof(size), text.data(), size);
    const auto count = static_cast<size_t>(group.size());
    const std::vector<at::Tensor> got =
        group.exchange(std::vector<at::Tensor>(count, ours), {count, {int64_t{kMostAddress}}}, cancel);
    std::vector<std::string> all;
    for (const at::Tensor& one : got) {
        uint32_t bytes = 0;
        std::memcpy(&bytes, one.const_data_ptr(), sizeof(bytes));
        all.emplace_back(static_cast<const char*>(one.const_data_ptr()) + sizeof(bytes),
                         std::min<size_t>(bytes, kMostAddress - sizeof(bytes)));
    }
    return all;
}

}  // namespace

Team::Team(int rank, int size, std::string address, std::chrono::milliseconds timeout, const Swap& swap)
    : address_(std::move(address)), timeout_(timeout),
      all_(std::make_unique<Group>(rank, size, address_, timeout, swap)) {}

Team::~Team() = default;

int Team::rank() const noexcept { return all_->rank(); }

bool Team::in_second_half() const noexcept { return all_->rank() >= all_->size() / 2; }

bool Team::halve() {
    const int half = all_->size() / 2;
    if (all_->size() % 2 != 0) return false;
    if (half > 1 && !split_) {
        const auto first = in_second_half() ? half : 0;
        const uint64_t before = all_->bytes_sent();
        half_ = std::make_unique<Group>(all_->rank() - first, half, address_, timeout_, [&](const std::string& text) {
            const std::vector<std::string> every = swap_over(*all_, text, cancel());
            return std::vector<std::string>(every.begin() + first, every.begin() + first + half);
        });
        greetings_ += all_->bytes_sent() - before;
    }
    split_ = true;
    return halved_ = true;
}

Group& Team::weights() {
    if (weights_ == nullptr) {
        const uint64_t before = all_->bytes_sent();
        weights_ = std::make_unique<Group>(all_->rank(), all_->size(), address_, timeout_,
                                           [&](const std::string& text) { return swap_over(*all_, text, cancel()); });
        greetings_ += all_->bytes_sent() - before;
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
