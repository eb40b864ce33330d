// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See group.h. c10d asks of a store no more than that each rank finds the addresses of all: so the store is filled by
// one swap, and nobody serves one on the network.
#include "ranks/group.h"

#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <c10/core/InferenceMode.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "ranks/nccl/module.h"

namespace zt::ranks {
namespace {

// For one connection of a mesh. All ranks are there when it begins, but one that dies then is waited for so long, and
// nobody's cancel is looked at. A SYN that is lost is sent again after 1, 3 and 7 s: at 1 % loss each way two in a row
// are lost in one connection of 2500, which a mesh of 64 ranks has, three in one of 125 000. Gloo makes a rank's
// connections one after the other, so that a neighbour's delay is added to one's own.
constexpr std::chrono::milliseconds kConnect{5'000};
constexpr std::chrono::milliseconds kConnectGpus{10'000};  // NCCL looks for its ways first
constexpr std::chrono::milliseconds kLook{50};             // how often a wait looks at cancel
constexpr std::chrono::microseconds kPoll{50};             // of what travels between GPUs
constexpr size_t kMostSwapped = 65536;                     // Gloo's text grows with the ranks
// A tag that nothing is sent with. A wait for it runs out, on which Gloo fails all its pairs: that is what it is for.
constexpr int kNobody = 1;
constexpr std::chrono::milliseconds kToEnd{200};  // for what close() ends

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

// A communicator, and the signs by which a rank tells that the others are still there: NCCL does not tell a GPU that
// waits for another one that its process has given up. So beside every exchange of NCCL's a byte goes round by Gloo,
// which does not arrive where a rank has closed its connections before it began the same exchange.
class Group::Nccl {
public:
    Nccl(Group& group, int device, const Cancel& cancel) {
        const auto swap = [&](const std::string& text) { return group.swap(text, cancel); };
        try {
            nccl_module()(&backend_, swap, group.rank_, group.size_, device, kConnectGpus);
        } catch (const Error&) {
            throw;
        } catch (const std::invalid_argument& error) {
            throw Error(ZT_ERROR_UNSUPPORTED, error.what());
        } catch (const std::exception& error) {
            throw broken(error);
        }
    }
    // Ends what is under way on the GPU, where it would wait for ranks that do not come.
    ~Nccl() {
        try {
            backend_->abort();
        } catch (const std::exception&) {  // it took longer than the time-out
        }
    }
    Nccl(const Nccl&) = delete;
    Nccl& operator=(const Nccl&) = delete;
    [[nodiscard]] c10d::Backend& backend() noexcept { return *backend_; }

private:
    c10::intrusive_ptr<c10d::Backend> backend_;
};

// By Gloo, and perhaps not over.
struct Group::UnderWay {
    c10::intrusive_ptr<c10d::Work> work;
    at::Tensor in, out;
};

// Gloo (of LibTorch 2.11) wakes nobody whose message broke off in the middle: the thread that waits for the rest does
// so until the time-out, and the end of its group waits for that thread. Such a group is put here, its tensors freed,
// and ended by a later one that finds it over. Never destroyed: no end of a process waits for it.
struct Group::LeftBehind {
    std::unique_ptr<Gloo> gloo;
    std::vector<UnderWay> under_way;

    static void sweep(std::optional<LeftBehind> more = std::nullopt) {
        static std::mutex mutex;
        static auto& all = *new std::vector<LeftBehind>;
        const std::lock_guard lock(mutex);
        std::erase_if(all, [](const LeftBehind& one) {
            return std::ranges::all_of(one.under_way, [](const UnderWay& w) { return w.work->isCompleted(); });
        });
        if (more) all.push_back(std::move(*more));
    }
};

Group::Group(int rank, int size, const std::string& address, std::chrono::milliseconds timeout, const Swap& swap,
             Transport transport, Look look)
    : rank_(rank), size_(size), timeout_(timeout), transport_(transport), look_(std::move(look)) {
    LeftBehind::sweep();
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
    gloo_->close();  // first: it tells the others, while NCCL's end may take its time
    const auto end = std::chrono::steady_clock::now() + kToEnd;
    while (busy() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (under_way_.empty()) return;
    const c10::InferenceMode inference;
    for (UnderWay& one : under_way_) one.in.set_(), one.out.set_();  // closed, so nothing is written any more
    LeftBehind::sweep(LeftBehind{std::move(gloo_), std::move(under_way_)});
}

bool Group::busy() {
    std::erase_if(under_way_, [](const UnderWay& one) { return one.work->isCompleted(); });
    return !under_way_.empty();
}

namespace {

// Waits asleep, so that ranks that share cores do not take them from each other.
void sleep_until(c10d::Work& work, const Cancel& cancel, const Look& look) {
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
    while (!end->came.wait_for(lock, kLook, [&] { return end->there; })) {
        cancel.poll();
        if (look) look();
    }
}

// What travels between GPUs. `signs`: of the ranks that have begun it.
void poll_until(c10d::Work& work, c10d::Work& signs, const Cancel& cancel, const Look& look,
                std::chrono::milliseconds timeout) {
    const auto begin = std::chrono::steady_clock::now();
    auto next_look = begin + kLook;
    bool all_there = false;
    for (;;) {
        const bool done = work.isCompleted();
        if (const std::exception_ptr failure = work.exception(); failure != nullptr) std::rethrow_exception(failure);
        if (done && all_there) return;
        if (!all_there && signs.isCompleted()) {
            signs.wait();  // throws where a rank is gone
            all_there = true;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now - begin > timeout) throw std::runtime_error("the time-out in an exchange between GPUs");
        if (now > next_look) {
            cancel.poll();
            if (look) look();
            next_look = now + kLook;
        }
        std::this_thread::sleep_for(kPoll);
    }
}

// All of `send` in one row, as bytes on the device they leave from; the memory is the caller's where one of them is all
// there is.
at::Tensor in_a_row(const std::vector<at::Tensor>& send, at::Device from) {
    int64_t all = 0;
    const at::Tensor* only = &send.front();
    for (const at::Tensor& one : send)
        if (one.numel() > 0) all += one.numel(), only = &one;
    if (only->numel() == all) return only->reshape({-1}).to(from).view(at::kByte).alias();
    const at::Tensor row = at::empty({all}, send.front().options());
    int64_t at = 0;
    for (const at::Tensor& one : send) {
        row.narrow(0, at, one.numel()).view(one.sizes()).copy_(one);
        at += one.numel();
    }
    return row.to(from).view(at::kByte);
}

}  // namespace

struct Group::Exchange::Travel {
    c10::intrusive_ptr<c10d::Work> work;
    c10::intrusive_ptr<c10d::Work> signs;  // of NCCL's alone
    const Look* look;                      // the group's
    std::chrono::milliseconds timeout;
    at::Tensor in, out;  // bytes
    std::vector<std::vector<int64_t>> shapes;
    at::TensorOptions like;
};

Group::Exchange::Exchange(std::unique_ptr<Travel> travel) : travel_(std::move(travel)) {}
Group::Exchange::Exchange(Exchange&& other) noexcept = default;
Group::Exchange::~Exchange() = default;

bool Group::by_nccl(const at::Tensor& tensor) const { return transport_ == Transport::kNccl && tensor.is_cuda(); }

at::Tensor Group::as_sent(const at::Tensor& tensor) const {
    return by_nccl(tensor) ? tensor.contiguous() : tensor.to(at::kCPU);
}

Group::Exchange Group::begin(const std::vector<at::Tensor>& send, const std::vector<std::vector<int64_t>>& shapes,
                             const Cancel& cancel) {
    const at::Tensor& like = send.front();
    const at::Device travels = by_nccl(like) ? like.device() : at::Device(at::kCPU);
    std::vector<int64_t> sends, takes;  // bytes
    for (const at::Tensor& one : send) sends.push_back(one.numel() * one.element_size());
    int64_t bytes = 0;
    for (const auto& shape : shapes) takes.push_back(c10::multiply_integers(shape) * like.element_size());
    for (const int64_t take : takes) bytes += take;
    at::Tensor out = in_a_row(send, travels);
    const int64_t leaving = out.numel() - sends[static_cast<size_t>(rank_)];
    auto travel = std::make_unique<Exchange::Travel>();
    travel->in = at::empty({bytes}, at::TensorOptions(at::kByte).device(travels));
    travel->look = &look_;
    travel->shapes = shapes;
    travel->like = like.options();
    if (travels.is_cuda() && nccl_ == nullptr) nccl_ = std::make_unique<Nccl>(*this, travels.index(), cancel);
    try {
        if (travels.is_cuda()) {
            travel->work = nccl_->backend().alltoall_base(travel->in, out, takes, sends);
            travel->timeout = timeout_;
            at::Tensor came = at::empty({size_}, at::kByte), sign = at::zeros({size_}, at::kByte);
            std::vector<int64_t> each(static_cast<size_t>(size_), 1);
            travel->signs = gloo_->alltoall_base(came, sign, each, each);
        } else {
            (void)busy();
            travel->work = gloo_->alltoall_base(travel->in, out, takes, sends);
            under_way_.push_back({travel->work, travel->in, out});
        }
        travel->out = out;
    } catch (const std::exception& error) {
        throw broken(error);
    }
    sent_ += static_cast<uint64_t>(leaving);
    return Exchange(std::move(travel));
}

std::vector<at::Tensor> Group::Exchange::wait(const Cancel& cancel) {
    try {
        if (travel_->signs != nullptr)
            poll_until(*travel_->work, *travel_->signs, cancel, *travel_->look, travel_->timeout);
        else
            sleep_until(*travel_->work, cancel, *travel_->look);
        travel_->work->wait();  // NCCL's: what this stream computes from here on comes after it
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
    // Gloo's thread drops its references a moment after it is done: their memory is given back now.
    if (travel_->signs == nullptr) travel_->in.set_(), travel_->out.set_();
    return taken;
}

std::vector<std::string> Group::swap(const std::string& text, const Cancel& cancel) {
    const at::Tensor ours = at::zeros({kMostSwapped}, at::kByte);
    const auto size = static_cast<uint32_t>(text.size());
    if (text.size() > kMostSwapped - sizeof(size))
        throw Error(ZT_ERROR_INTERNAL, "ranks: expected an address of less than 64 KiB, got one of " +
                                           std::to_string(text.size()) + " bytes");
    std::memcpy(ours.mutable_data_ptr(), &size, sizeof(size));
    std::memcpy(static_cast<char*>(ours.mutable_data_ptr()) + sizeof(size), text.data(), size);
    const auto count = static_cast<size_t>(size_);
    const uint64_t before = sent_;
    const std::vector<at::Tensor> got =
        exchange(std::vector<at::Tensor>(count, ours), {count, {int64_t{kMostSwapped}}}, cancel);
    sent_ = before;
    std::vector<std::string> all;
    for (const at::Tensor& one : got) {
        uint32_t bytes = 0;
        std::memcpy(&bytes, one.const_data_ptr(), sizeof(bytes));
        all.emplace_back(static_cast<const char*>(one.const_data_ptr()) + sizeof(bytes),
                         std::min<size_t>(bytes, kMostSwapped - sizeof(bytes)));
    }
    return all;
}

}  // namespace zt::ranks
