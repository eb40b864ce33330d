// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See group.h. c10d asks of a store no more than that each rank finds the addresses of all: so the store is filled by
// one swap, and nobody serves one on the network.
#include "ranks/group.h"

#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "core/error.h"

namespace zt::ranks {
namespace {

constexpr std::chrono::milliseconds kConnect{10'000};  // all ranks are there when it begins
constexpr std::chrono::milliseconds kLook{50};         // how often a wait looks at cancel
constexpr int kNobody = 1;                             // a tag that nothing is sent with

Error broken(const std::exception& error) {
    const std::string what = error.what();
    return {ZT_ERROR_NETWORK, "ranks: expected every rank to take its part, got: " + what.substr(0, what.find('\n'))};
}

// Each rank sets one value, "0/RANK", before it waits for the others'.
class SwapStore final : public c10d::Store {
public:
    explicit SwapStore(Swap swap) : swap_(std::move(swap)) {}
    c10::intrusive_ptr<Store> clone() override { return c10::make_intrusive<SwapStore>(*this); }
    void set(const std::string&, const std::vector<uint8_t>& value) override {
        const std::vector<std::string> all = swap_({value.begin(), value.end()});
        for (size_t rank = 0; rank < all.size(); rank++)
            values_["0/" + std::to_string(rank)] = {all[rank].begin(), all[rank].end()};
    }
    std::vector<uint8_t> get(const std::string& key) override {
        const auto found = values_.find(key);
        if (found == values_.end())
            throw Error(ZT_ERROR_INTERNAL, "ranks: expected Gloo to ask for an address, got a request for " + key);
        return found->second;
    }
    int64_t add(const std::string&, int64_t) override {
        throw Error(ZT_ERROR_INTERNAL, "ranks: expected no counter of Gloo's, got one");
    }
    bool deleteKey(const std::string&) override { return false; }
    bool check(const std::vector<std::string>& keys) override {
        return std::all_of(keys.begin(), keys.end(), [&](const auto& key) { return values_.contains(key); });
    }
    int64_t getNumKeys() override { return static_cast<int64_t>(values_.size()); }
    void wait(const std::vector<std::string>& keys) override { wait(keys, timeout_); }
    void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds&) override {
        for (const std::string& key : keys) (void)get(key);
    }

private:
    Swap swap_;
    std::map<std::string, std::vector<uint8_t>> values_;
};

}  // namespace

class Group::Gloo final : public c10d::ProcessGroupGloo {
public:
    using ProcessGroupGloo::ProcessGroupGloo;
    // What is under way here would go on to wait for ranks that do not answer, and with it the end of this object, were
    // only the connections closed. A wait that runs out ends all of it: so one for what nobody sends.
    void close() noexcept {
        for (int other = 0; other < getSize(); other++) {
            if (other == getRank()) continue;
            try {
                std::vector<at::Tensor> nothing = {at::empty({1}, at::kByte)};
                (void)recv(nothing, other, kNobody)->wait(std::chrono::milliseconds{1});
            } catch (const std::exception&) {  // as it must
            }
        }
        try {
            for (const auto& context : contexts_) context->closeConnections();
        } catch (const std::exception&) {  // it was closed
        }
    }
};

Group::Group(int rank, int size, const std::string& address, std::chrono::milliseconds timeout, const Swap& swap)
    : rank_(rank), size_(size) {
    const auto options = c10d::ProcessGroupGloo::Options::create(std::min(timeout, kConnect));
    options->threads = 1;
    try {
        options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address));
        gloo_ = std::make_unique<Gloo>(c10::make_intrusive<SwapStore>(swap), rank, size, options);
        gloo_->setTimeout(timeout);
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        throw broken(error);
    }
}

Group::~Group() {
    if (gloo_ != nullptr) gloo_->close();
}

namespace {

// Waits asleep, so that ranks that share cores do not take them from each other.
void sleep_until(c10d::Work& work, const Cancel& cancel) {
    struct End {
        std::mutex mutex;
        std::condition_variable came;
        bool there = false;
    };
    const auto end = std::make_shared<End>();
    work.getFuture()->addCallback([end](c10::ivalue::Future&) {
        const std::lock_guard lock(end->mutex);
        end->there = true;
        end->came.notify_all();
    });
    std::unique_lock lock(end->mutex);
    while (!end->came.wait_for(lock, kLook, [&] { return end->there; })) cancel.poll();
}

// All of `send` in one row, as bytes on the host; not copied where one of them is all there is.
at::Tensor in_a_row(const std::vector<at::Tensor>& send) {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& one : send)
        if (one.numel() > 0) flat.push_back(one.reshape({-1}));
    const at::Tensor row = flat.empty() ? send.front().reshape({-1}) : flat.size() == 1 ? flat.front() : at::cat(flat);
    return row.to(at::kCPU).view(at::kByte);
}

}  // namespace

struct Group::Exchange::Travel {
    c10::intrusive_ptr<c10d::Work> work;
    at::Tensor in;  // bytes
    std::vector<std::vector<int64_t>> shapes;
    at::TensorOptions like;
};

Group::Exchange::Exchange(std::unique_ptr<Travel> travel) : travel_(std::move(travel)) {}
Group::Exchange::Exchange(Exchange&& other) noexcept = default;
Group::Exchange::~Exchange() = default;

Group::Exchange Group::begin(const std::vector<at::Tensor>& send, const std::vector<std::vector<int64_t>>& shapes) {
    const at::Tensor& like = send.front();
    std::vector<int64_t> sends, takes;  // bytes
    for (const at::Tensor& one : send) sends.push_back(one.numel() * one.element_size());
    int64_t bytes = 0;
    for (const auto& shape : shapes) takes.push_back(c10::multiply_integers(shape) * like.element_size());
    for (const int64_t take : takes) bytes += take;
    at::Tensor out = in_a_row(send);
    const int64_t leaving = out.numel() - sends[static_cast<size_t>(rank_)];
    auto travel = std::make_unique<Exchange::Travel>();
    travel->in = at::empty({bytes}, at::kByte);
    travel->shapes = shapes;
    travel->like = like.options();
    try {
        travel->work = gloo_->alltoall_base(travel->in, out, takes, sends);  // keeps both
    } catch (const std::exception& error) {
        throw broken(error);
    }
    sent_ += static_cast<uint64_t>(leaving);
    return Exchange(std::move(travel));
}

std::vector<at::Tensor> Group::Exchange::wait(const Cancel& cancel) {
    try {
        sleep_until(*travel_->work, cancel);
        travel_->work->wait();
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        throw broken(error);
    }
    std::vector<at::Tensor> taken;
    const at::Tensor typed = travel_->in.view(travel_->like.dtype().toScalarType()).to(travel_->like.device());
    for (int64_t at = 0; const auto& shape : travel_->shapes) {
        const int64_t count = c10::multiply_integers(shape);
        taken.push_back(typed.narrow(0, at, count).view(shape));
        at += count;
    }
    return taken;
}

}  // namespace zt::ranks
