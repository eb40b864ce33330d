// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See ranked_model.h. A clip is one order to every other rank, made by all up to the end of its denoise loop; what is
// left, rank 0 does alone. After a failure or a cancelled clip the connections of the team are given up, so that nobody
// waits, and the next clip makes new ones; the lines to the ranks (ranks/link.h) stay.
#include "pipeline/ranked_model.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/failure.h"
#include "core/sha256.h"
#include "device/threads.h"
#include "pipeline/clip_key.h"
#include "pipeline/models.h"
#include "pipeline/rank_orders.h"
#include "ranks/place.h"
#include "ranks/rendezvous.h"
#include "ranks/team.h"

namespace zt::pipeline {
namespace {

using families::Direction;
using families::FrameBatch;
using families::GenerationRequest;
using families::ProgressFn;
using ranks::Kind;
using std::chrono::milliseconds;

constexpr milliseconds kLook{50};      // how often a wait looks at cancel
constexpr milliseconds kBlame{2'000};  // for all ranks to say what they met, once something went wrong

// The other ranks. One thread at a time, who holds busy().
class Others {
public:
    Others(ranks::Place place, const Log& log) : place_(std::move(place)), build_(sha256_hex(build())) {
        links_ = ranks::gather(place_, build_, log);
    }

    [[nodiscard]] std::timed_mutex& busy() noexcept { return busy_; }
    [[nodiscard]] int size() const noexcept { return place_.size; }

    // Gives its number.
    [[nodiscard]] int64_t open(OpenOrder order, const std::string& ours) {
        check();
        settle(Cancel());
        forget_closed();
        order.model = next_model_;
        const std::string bytes = to_bytes(order);
        for (size_t r = 1; r < links_.size(); r++) tell(r, Kind::kOpen, bytes);
        for (size_t r = 1; r < links_.size(); r++) {
            const ranks::Message answer = hear(r);
            if (answer.kind == Kind::kFailed) fail(links_[r]->name() + ": " + answer.text);
            if (answer.kind != Kind::kOpened || answer.text != ours)
                fail(links_[r]->name() + ": expected model " + ours.substr(0, 8) + ", got " + answer.text.substr(0, 8) +
                     "; expected the same files under the same name on every machine");
        }
        return next_model_++;
    }
    // Any thread, any time.
    void closed(int64_t model) {
        const std::lock_guard lock(closed_mutex_);
        closed_.push_back(model);
    }

    // Everyone's part of a clip; `work` is rank 0's.
    template <class Work>
    void make(ClipOrder order, const Cancel& cancel, const Log& log, const Work& work) {
        check();
        settle(cancel);
        forget_closed();
        order.fresh_team = team_ == nullptr;
        const std::string bytes = to_bytes(order);
        for (size_t r = 1; r < links_.size(); r++) tell(r, Kind::kClip, bytes);
        owing_ = links_.size() - 1;
        const uint64_t before = team_ != nullptr ? team_->bytes_sent() : 0;
        const std::optional<Failure> failure = attempt([&] {
            if (team_ == nullptr) make_team(cancel);
            const ranks::TeamScope scope(*team_, cancel);
            work();
        });
        if (!failure) {
            log(ZT_LOG_VERBOSE, "ranks: " + std::to_string(size()) + " ranks; rank 0 sent " +
                                    std::to_string(team_->bytes_sent() - before) + " bytes in " +
                                    std::to_string(order.request.steps) + " steps");
            return;
        }
        team_.reset();
        for (size_t r = 1; r < links_.size(); r++) (void)attempt([&] { links_[r]->send(Kind::kAbort, {}); });
        if (failure->status == ZT_ERROR_NETWORK) find_the_culprit(failure->message);
        throw Error(failure->status, failure->message);
    }

private:
    void check() const {
        if (!broken_.empty()) throw Error(ZT_ERROR_NETWORK, broken_);
    }
    [[noreturn]] void fail(const std::string& why) {
        broken_ = why;
        for (size_t r = 1; r < links_.size(); r++) (void)attempt([&] { links_[r]->send(Kind::kVerdict, why); });
        throw Error(ZT_ERROR_NETWORK, why);
    }
    void tell(size_t rank, Kind kind, const std::string& text) {
        if (const auto failure = attempt([&] { links_[rank]->send(kind, text); })) fail(failure->message);
    }
    ranks::Message hear(size_t rank) {
        std::optional<ranks::Message> message;
        if (const auto failure = attempt([&] { message = links_[rank]->receive(place_.timeout); }))
            fail(failure->message);
        if (!message) fail(no_answer(rank));
        return std::move(*message);
    }
    // How the last clip ended for the others. Lazily: a cancelled one must not wait for their block to end, and neither
    // must who is cancelled while it waits.
    void settle(const Cancel& cancel) {
        const auto end = std::chrono::steady_clock::now() + place_.timeout;
        for (; owing_ > 0; owing_--) {
            const size_t r = links_.size() - owing_;
            std::optional<ranks::Message> message;
            while (!message || message->kind == Kind::kAddress) {
                cancel.poll();
                if (const auto failure = attempt([&] { message = links_[r]->receive(kLook); })) fail(failure->message);
                if (!message && std::chrono::steady_clock::now() > end) fail(no_answer(r));
            }
            if (message->kind == Kind::kFailed && team_ != nullptr) fail(links_[r]->name() + ": " + message->text);
        }
    }
    [[nodiscard]] std::string no_answer(size_t rank) const {
        return links_[rank]->name() + ": expected an answer within " + std::to_string(place_.timeout.count() / 1000) +
               " s, got none (stopped, or out of reach)";
    }
    // Something broke between the ranks: whoever is gone, silent or failed by itself is named.
    void find_the_culprit(const std::string& seen) {
        std::string silent, own;
        const auto end = std::chrono::steady_clock::now() + kBlame;
        const auto left = [&] {
            const auto ms = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
            return std::max(ms, milliseconds{1});
        };
        for (size_t r = 1; r < links_.size(); r++) {
            std::optional<ranks::Message> message;
            do {
                if (const auto gone = attempt([&] { message = links_[r]->receive(left()); })) fail(gone->message);
            } while (message && message->kind == Kind::kAddress);
            if (!message && silent.empty()) silent = no_answer(r);
            if (message && message->kind == Kind::kFailed && !message->text.starts_with(ranks::kNotOwn) && own.empty())
                own = links_[r]->name() + ": " + message->text;
        }
        fail(!own.empty() ? own : !silent.empty() ? silent : seen);
    }
    void make_team(const Cancel& cancel) {
        team_ = std::make_unique<ranks::Team>(0, size(), ranks::own_address(*links_[1]), place_.timeout,
                                              [&](const std::string& own) {
                                                  std::vector<std::string> all = {own};
                                                  for (size_t r = 1; r < links_.size(); r++)
                                                      all.push_back(address_of(r, cancel));
                                                  for (size_t r = 1; r < links_.size(); r++)
                                                      links_[r]->send(Kind::kAddresses, pack(all));
                                                  return all;
                                              });
    }
    std::string address_of(size_t rank, const Cancel& cancel) {
        const auto end = std::chrono::steady_clock::now() + place_.timeout;
        while (std::chrono::steady_clock::now() < end) {
            cancel.poll();
            const auto message = links_[rank]->receive(kLook);
            if (!message) continue;
            if (message->kind == Kind::kAddress) return message->text;
            fail(links_[rank]->name() + ": " + message->text);
        }
        throw Error(ZT_ERROR_NETWORK, "ranks: expected " + links_[rank]->name() + " to take its part, got no answer");
    }
    void forget_closed() {
        std::vector<int64_t> closed;
        {
            const std::lock_guard lock(closed_mutex_);
            closed.swap(closed_);
        }
        for (const int64_t model : closed)
            for (size_t r = 1; r < links_.size(); r++) tell(r, Kind::kClose, std::to_string(model));
    }

    ranks::Place place_;
    const std::string build_;
    std::timed_mutex busy_;
    std::vector<std::unique_ptr<ranks::Link>> links_;  // [0] is null
    std::unique_ptr<ranks::Team> team_;
    std::string broken_;
    size_t owing_ = 0;  // of the others, the last so many still owe an answer for the last clip
    int64_t next_model_ = 1;
    std::mutex closed_mutex_;
    std::vector<int64_t> closed_;
};

// Of this process; made by the first call, never destroyed: a session may end after static destructors have run. Null
// without other ranks.
Others* others(const Log& log) {
    static std::mutex mutex;
    static Others* made = nullptr;
    static std::string refused;  // a host may try again, but nobody comes twice
    const std::lock_guard lock(mutex);
    if (made != nullptr) return made;
    if (!refused.empty()) throw Error(ZT_ERROR_NETWORK, refused);
    const std::optional<ranks::Place> place = ranks::place_of_environment();
    if (!place || place->rank != 0) return nullptr;
    if (const auto failure = attempt([&] { made = std::make_unique<Others>(*place, log).release(); })) {
        refused = failure->message;
        throw Error(failure->status, refused);
    }
    return made;
}

// Of one session. A clip begins where nothing of the one before is left: with its shot.
class RankedGeneration final : public families::Generation {
public:
    RankedGeneration(Others& others, int64_t model, const GenerationRequest& request,
                     std::unique_ptr<families::Generation> own)
        : others_(others), model_(model), request_(request), own_(std::move(own)) {}
    void limit_next(int64_t most) override { own_->limit_next(most_ = most); }
    [[nodiscard]] int64_t next_frames() const override { return own_->next_frames(); }
    [[nodiscard]] int64_t cut_frames() const override { return own_->cut_frames(); }
    void skip(int64_t frames) override {
        done_ += frames;
        own_->skip(frames);
    }
    std::optional<FrameBatch> next(const Direction& direction, const Cancel& cancel,
                                   const ProgressFn& progress) override {
        if (own_->next_frames() == 0) return own_->next(direction, cancel, progress);
        std::optional<FrameBatch> batch;
        if (left_ > 0) {
            batch = own_->next(direction, cancel, progress);
        } else {
            left_ = std::min(most_, request_.frames - done_);
            batch = begin_clip(direction, cancel, progress);
        }
        if (batch) left_ -= batch->frames, done_ += batch->frames;
        return batch;
    }

private:
    std::optional<FrameBatch> begin_clip(const Direction& direction, const Cancel& cancel, const ProgressFn& progress) {
        std::unique_lock lock(others_.busy(), std::defer_lock);
        while (!lock.try_lock_for(kLook)) {  // another session's clip; it may need our turn to go on
            cancel.poll();
            progress("wait", 0, 0);
        }
        std::optional<FrameBatch> batch;
        others_.make({model_, false, request_, direction, done_, most_}, cancel, request_.log,
                     [&] { batch = own_->next(direction, cancel, progress); });
        return batch;
    }

    Others& others_;
    const int64_t model_;
    const GenerationRequest request_;
    const std::unique_ptr<families::Generation> own_;
    int64_t done_ = 0, most_ = INT64_MAX, left_ = 0;  // frames given; up to the next shot; of the clip in the making
};

class RankedModel final : public families::Model {
public:
    RankedModel(std::shared_ptr<const families::Model> own, Others& others, int64_t number)
        : own_(std::move(own)), others_(others), number_(number) {}
    ~RankedModel() override { others_.closed(number_); }
    RankedModel(const RankedModel&) = delete;
    RankedModel& operator=(const RankedModel&) = delete;

    [[nodiscard]] const families::Limits& limits() const override { return own_->limits(); }
    [[nodiscard]] std::string device() const override { return own_->device(); }
    [[nodiscard]] std::string precision() const override { return own_->precision(); }
    [[nodiscard]] std::string sha256() const override { return own_->sha256(); }
    void check(const Direction& direction) const override { own_->check(direction); }
    void check_request(const GenerationRequest& request) const override { own_->check_request(request); }
    [[nodiscard]] std::string enhance(const families::EnhanceRequest& request) const override {
        return own_->enhance(request);
    }
    [[nodiscard]] std::string_view licence() const override { return own_->licence(); }
    [[nodiscard]] std::string_view credit() const override { return own_->credit(); }
    [[nodiscard]] std::unique_ptr<families::Generation> begin(const GenerationRequest& request) const override {
        if (request.morph) {
            request.log(ZT_LOG_INFO, "ranks: shots that go on from each other are made by rank 0 alone");
            return own_->begin(request);
        }
        return std::make_unique<RankedGeneration>(others_, number_, request, own_->begin(request));
    }
    [[nodiscard]] int ranks() const noexcept { return others_.size(); }

private:
    const std::shared_ptr<const families::Model> own_;
    Others& others_;
    const int64_t number_;
};

}  // namespace

std::shared_ptr<const families::Model> with_ranks(std::shared_ptr<const families::Model> model, const std::string& name,
                                                  const families::LoadOptions& options) {
    if (!model->limits().shots_alone) return model;
    Others* const all = others(options.log);
    if (all == nullptr) return model;
    const std::lock_guard lock(all->busy());
    OpenOrder order{0, name, options, device::threads_for(model->limits().threads)};
    order.options.device = model->device().substr(0, model->device().find(':'));
    order.options.precision = model->precision();
    const std::string digest = digest_of(*model, contents_of(name, options));
    const int64_t number = all->open(std::move(order), digest);
    return std::make_shared<RankedModel>(std::move(model), *all, number);
}

int ranks_of(const families::Model& model) {
    const auto* ranked = dynamic_cast<const RankedModel*>(&model);
    return ranked != nullptr ? ranked->ranks() : 1;
}

}  // namespace zt::pipeline
