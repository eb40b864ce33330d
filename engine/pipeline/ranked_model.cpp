// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See ranked_model.h. A clip is one order to every other rank, and one for each of its later pieces of which a part is
// shared: tiles of its decoder. All make a piece up to the end of its shared work; what is left, rank 0 does alone, and
// other sessions may order theirs meanwhile. Between two pieces nobody waits, however long the host does. After a
// failure or a cancelled piece the connections of the team are given up, so that nobody waits, and the next one makes
// new ones; the lines to the ranks (ranks/link.h) stay.
#include "pipeline/ranked_model.h"

#include <algorithm>
#include <chrono>
#include <functional>
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

// The connections to all other ranks, and what is said over them. One thread at a time, who holds busy().
class ControlConnections {
public:
    ControlConnections(ranks::Place place, const Log& log) : place_(std::move(place)), build_(sha256_hex(build())) {
        links_ = ranks::accept_ranks(place_, build_, log);
    }

    [[nodiscard]] std::timed_mutex& busy() noexcept { return busy_; }
    [[nodiscard]] int size() const noexcept { return place_.size; }
    [[nodiscard]] bool nccl() const noexcept { return place_.transport == ranks::Transport::kNccl; }

    // Gives its number. Where a rank cannot open it: the end of all for the first model; later ones fail alone, for
    // sessions of those before may be at work.
    [[nodiscard]] int64_t open(OpenOrder order, const std::string& ours, const Cancel& cancel) {
        check();
        settle(cancel);
        tell_let_go();
        order.model = next_model_;
        const std::string bytes = to_bytes(order);
        for (size_t r = 1; r < links_.size(); r++) tell(r, Kind::kOpen, bytes);
        owing_ = links_.size() - 1;
        std::string refused;  // by the first of them
        const auto close = [&] {
            for (size_t r = 1; r < links_.size(); r++) tell(r, Kind::kClose, std::to_string(next_model_));
        };
        if (const auto failure = attempt([&] { refused = hear_opened(ours, cancel); })) {
            team_.reset();  // so that those who still owe an answer may fail
            if (broken_.empty()) close();
            throw Error(failure->status, failure->message);
        }
        if (refused.empty()) return next_model_++;
        if (next_model_ == 1) fail(refused);
        close();
        throw Error(ZT_ERROR_NETWORK, refused);
    }
    // Any thread that does not hold busy(), any time.
    void let_go(Kind what, int64_t number) {
        {
            const std::lock_guard lock(let_go_mutex_);
            let_go_.push_back({what, number});
        }
        // Else it waits for the end of the holder's shared work, or, where that has just looked, for the next order.
        if (const std::unique_lock lock(busy_, std::try_to_lock); lock) (void)attempt([&] { tell_let_go(); });
    }
    [[nodiscard]] int64_t new_clip() noexcept { return next_clip_++; }

    // A piece of a clip, for all.
    struct Piece {
        Kind kind;                                     // kClip or kPiece
        std::function<std::string(bool fresh)> order;  // fresh: with a new team
        const Cancel& cancel;
        std::function<void(uint64_t bytes, const ranks::TileCount& tiles)> told;  // at the end of shared work
    };
    // Everyone's part; `work` is rank 0's. held: of busy(), given back at the end of shared work, before the rest of
    // `work`. Whether more of the clip is shared.
    template <class Work>
    bool make(std::unique_lock<std::timed_mutex>& held, const Piece& piece, const Work& work) {
        check();
        settle(piece.cancel);
        tell_let_go();
        const std::string bytes = piece.order(team_ == nullptr);
        for (size_t r = 1; r < links_.size(); r++) tell(r, piece.kind, bytes);
        owing_ = links_.size() - 1;
        std::optional<bool> shares_more;  // once the shared work is over
        std::optional<Failure> failure = attempt([&] {
            if (team_ == nullptr) make_team(piece.cancel);
            const uint64_t before = team_->bytes_sent();
            team_->tiles() = {};
            const ranks::TeamScope scope(*team_, piece.cancel, [&](bool more) {
                piece.told(team_->bytes_sent() - before, team_->tiles());
                (void)attempt([&] { tell_let_go(); });
                shares_more = more;
                held.unlock();
            });
            work();
        });
        if (shares_more && !failure) return *shares_more;
        if (!failure) failure = {ZT_ERROR_INTERNAL, "ranks: expected an end of shared work in this clip, got none"};
        if (!shares_more) give_up(*failure);
        throw Error(failure->status, failure->message);
    }

private:
    void check() const {
        if (!broken_.empty()) throw Error(ZT_ERROR_NETWORK, broken_);
    }
    void give_up(const Failure& failure) {
        team_.reset();
        for (size_t r = 1; r < links_.size(); r++) (void)attempt([&] { links_[r]->send(Kind::kAbort, {}); });
        if (failure.status == ZT_ERROR_NETWORK && broken_.empty()) find_the_culprit(failure.message);
    }
    // The first reason is everybody's: what follows from it (a connection that ends, for its rank heard the verdict) is
    // none.
    [[noreturn]] void fail(const std::string& why) {
        if (broken_.empty()) {
            broken_ = why;
            for (size_t r = 1; r < links_.size(); r++) (void)attempt([&] { links_[r]->send(Kind::kVerdict, why); });
        }
        throw Error(ZT_ERROR_NETWORK, broken_);
    }
    void tell(size_t rank, Kind kind, const std::string& text) {
        if (const auto failure = attempt([&] { links_[rank]->send(kind, text); })) fail(failure->message);
    }
    // The next answer that is owed; answers are collected in order of rank.
    ranks::Message hear(std::chrono::steady_clock::time_point end, const Cancel& cancel) {
        const size_t r = links_.size() - owing_;
        std::optional<ranks::Message> message;
        while (!message || message->kind == Kind::kAddress) {
            cancel.poll();
            if (const auto failure = attempt([&] { message = links_[r]->receive(kLook); })) fail(failure->message);
            if (!message && std::chrono::steady_clock::now() > end) fail(no_answer(r));
        }
        owing_--;
        return std::move(*message);
    }
    // How the last clip ended for the others. Lazily: a cancelled one must not wait for their block to end, and neither
    // must who is cancelled while it waits.
    void settle(const Cancel& cancel) {
        const auto end = std::chrono::steady_clock::now() + place_.timeout;
        while (owing_ > 0) {
            const size_t r = links_.size() - owing_;
            const ranks::Message answer = hear(end, cancel);
            if (answer.kind == Kind::kFailed && team_ != nullptr) fail(links_[r]->name() + ": " + answer.text);
        }
    }
    // Of all, for none may be taken for an answer to the next order. Why the first that could not open it could not.
    std::string hear_opened(const std::string& ours, const Cancel& cancel) {
        const auto end = std::chrono::steady_clock::now() + place_.timeout;
        std::string refused;
        while (owing_ > 0) {
            const std::string& name = links_[links_.size() - owing_]->name();
            const ranks::Message answer = hear(end, cancel);
            if (!refused.empty() || (answer.kind == Kind::kOpened && answer.text == ours)) continue;
            refused = answer.kind == Kind::kFailed
                          ? name + ": " + answer.text
                          : name + ": expected model " + ours.substr(0, 8) + ", got " + answer.text.substr(0, 8) +
                                "; expected the same files under the same name on every machine";
        }
        return refused;
    }
    [[nodiscard]] std::string no_answer(size_t rank) const {
        return links_[rank]->name() + ": expected an answer within " + std::to_string(place_.timeout.count() / 1000) +
               " s, got none (stopped, or out of reach)";
    }
    // Something broke between the ranks: whoever is gone or failed by itself is named. Who is silent so long may be
    // stopped, or well and in the middle of a block: named beside what was seen.
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
            if (!message) silent += (silent.empty() ? "; " : ", ") + links_[r]->name();
            if (message && message->kind == Kind::kFailed && !message->text.starts_with(ranks::kNotOwn) && own.empty())
                own = links_[r]->name() + ": " + message->text;
        }
        if (!silent.empty())
            silent += ": no answer for " + std::to_string(kBlame.count() / 1000) + " s (stopped, out of reach or busy)";
        fail(!own.empty() ? own : seen + silent);
    }
    void make_team(const Cancel& cancel) {
        std::optional<Failure> met;  // in the swap: Gloo makes an error of the network of it, also of a cancel
        const auto swap = [&](const std::string& own) {
            std::vector<std::string> all;
            met = attempt([&] { all = swap_addresses(own, cancel); });
            if (met) throw Error(met->status, met->message);
            return all;
        };
        auto failure = attempt([&] {
            team_ = std::make_unique<ranks::Team>(0, size(), ranks::own_address(*links_[1]), place_.timeout, swap,
                                                  place_.transport, [this] { look(); });
        });
        if (met) failure = met;
        if (failure) throw Error(failure->status, failure->message);
    }
    std::vector<std::string> swap_addresses(const std::string& own, const Cancel& cancel) {
        std::vector<std::string> all = {own};
        for (size_t r = 1; r < links_.size(); r++) all.push_back(address_of(r, cancel));
        // Nobody says more before it has the addresses: a line that can be read has ended, or tells why. From here on
        // Gloo waits for every rank, and looks at neither the lines nor cancel.
        for (size_t r = 1; r < links_.size(); r++)
            if (ranks::wait_readable(links_[r]->fd(), milliseconds{0})) (void)address_of(r, cancel);
        for (size_t r = 1; r < links_.size(); r++) links_[r]->send(Kind::kAddresses, pack(all));
        return all;
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
    // Who is gone, or failed, in the middle of an exchange. Any thread of a clip.
    void look() const {
        for (size_t r = 1; r < links_.size(); r++)
            if (links_[r]->lost())
                throw Error(ZT_ERROR_NETWORK, "ranks: expected every rank to take its part, got the end of one");
    }
    void tell_let_go() {
        std::vector<std::pair<Kind, int64_t>> all;
        {
            const std::lock_guard lock(let_go_mutex_);
            all.swap(let_go_);
        }
        for (const auto& [what, number] : all)
            for (size_t r = 1; r < links_.size(); r++) tell(r, what, std::to_string(number));
    }

    ranks::Place place_;
    const std::string build_;
    std::timed_mutex busy_;
    std::vector<std::unique_ptr<ranks::Link>> links_;  // [0] is null
    std::unique_ptr<ranks::Team> team_;
    std::string broken_;
    size_t owing_ = 0;  // answers to the last order that are not yet collected; they are in order of rank
    int64_t next_model_ = 1, next_clip_ = 1;
    std::mutex let_go_mutex_;
    std::vector<std::pair<Kind, int64_t>> let_go_;  // models and clips that the others need not keep
};

// Of this process; made by the first call, never destroyed: a session may end after static destructors have run. Null
// without other ranks.
ControlConnections* control_connections(const Log& log) {
    static std::mutex mutex;
    static ControlConnections* made = nullptr;
    static std::string refused;  // a host may try again, but nobody comes twice
    const std::lock_guard lock(mutex);
    if (made != nullptr) return made;
    if (!refused.empty()) throw Error(ZT_ERROR_NETWORK, refused);
    const std::optional<ranks::Place> place = ranks::place_of_environment();
    if (!place || place->rank != 0) return nullptr;
    if (const auto failure = attempt([&] { made = std::make_unique<ControlConnections>(*place, log).release(); })) {
        refused = failure->message;
        throw Error(failure->status, refused);
    }
    return made;
}

// A model as the other ranks have it: from the first number() to the end of this.
class Counterpart {
public:
    Counterpart(ControlConnections& control, OpenOrder order, std::string digest)
        : control_(control), order_(std::move(order)), digest_(std::move(digest)) {}
    ~Counterpart() {
        if (number_ != 0) control_.let_go(Kind::kClose, number_);
    }
    Counterpart(const Counterpart&) = delete;
    Counterpart& operator=(const Counterpart&) = delete;

    // What orders call it. For who holds busy(). Throws zt::Error where the others cannot open it, or at cancel; the
    // next call tries again.
    [[nodiscard]] int64_t number(const Cancel& cancel) {
        if (number_ == 0) number_ = control_.open(order_, digest_, cancel);
        return number_;
    }

private:
    ControlConnections& control_;
    const OpenOrder order_;
    const std::string digest_;
    int64_t number_ = 0;  // none yet
};

// Of one session. A clip begins where nothing of the one before is left: with its shot.
class RankedGeneration final : public families::Generation {
public:
    RankedGeneration(ControlConnections& control, std::shared_ptr<Counterpart> model, const GenerationRequest& request,
                     std::unique_ptr<families::Generation> own)
        : control_(control), model_(std::move(model)), request_(request), own_(std::move(own)) {}
    ~RankedGeneration() override {
        (void)attempt([&] { let_go(); });
    }
    RankedGeneration(const RankedGeneration&) = delete;
    RankedGeneration& operator=(const RankedGeneration&) = delete;

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
        const bool begins = left_ == 0;
        if (begins) left_ = std::min(most_, request_.frames - done_);
        if (begins || shared_ != 0)
            batch = make_together(begins, direction, cancel, progress);
        else
            batch = own_->next(direction, cancel, progress);
        if (batch) left_ -= batch->frames, done_ += batch->frames;
        if (left_ == 0) let_go();
        return batch;
    }

private:
    std::optional<FrameBatch> make_together(bool begins, const Direction& direction, const Cancel& cancel,
                                            const ProgressFn& progress) {
        std::unique_lock lock(control_.busy(), std::defer_lock);
        while (!lock.try_lock_for(kLook)) {  // another session's piece; it may need our turn to go on
            cancel.poll();
            progress(families::kWaiting.data(), 0, 0);
        }
        const int64_t model = model_->number(cancel);
        const int64_t clip = begins ? control_.new_clip() : shared_;
        const auto order = [&](bool fresh) {
            return begins ? to_bytes(ClipOrder{model, clip, fresh, request_, direction, done_, most_})
                          : to_bytes(PieceOrder{clip, fresh});
        };
        const auto told = [&](uint64_t bytes, const ranks::TileCount& tiles) {
            tiles_.all += tiles.all, tiles_.came += tiles.came, tiles_.bytes += tiles.bytes;
            if (begins)
                request_.log(ZT_LOG_VERBOSE, "ranks: " + std::to_string(control_.size()) + " ranks; rank 0 sent " +
                                                 std::to_string(bytes) + " bytes in " + std::to_string(request_.steps) +
                                                 " steps");
        };
        std::optional<FrameBatch> batch;
        shared_ = clip;  // also where it fails: some may have done their part, and wait for more
        const bool more = control_.make(lock, {begins ? Kind::kClip : Kind::kPiece, order, cancel, told},
                                        [&] { batch = own_->next(direction, cancel, progress); });
        if (!more) shared_ = 0, tell_tiles();  // they have let go as well
        return batch;
    }
    void let_go() {
        if (shared_ != 0) control_.let_go(Kind::kDrop, std::exchange(shared_, 0));
        tell_tiles();
    }
    void tell_tiles() {
        if (tiles_.all > 0)
            request_.log(ZT_LOG_VERBOSE, "ranks: of " + std::to_string(tiles_.all) + " tiles of the decoder " +
                                             std::to_string(tiles_.came) + " came from other ranks, " +
                                             std::to_string(tiles_.bytes) + " bytes");
        tiles_ = {};
    }

    ControlConnections& control_;
    const std::shared_ptr<Counterpart> model_;
    const GenerationRequest request_;
    const std::unique_ptr<families::Generation> own_;
    int64_t done_ = 0, most_ = INT64_MAX, left_ = 0;  // frames given; up to the next shot; of the clip in the making
    int64_t shared_ = 0;                              // the clip of which the others wait for another piece
    ranks::TileCount tiles_;                          // of this clip
};

class RankedModel final : public families::Model {
public:
    RankedModel(std::shared_ptr<const families::Model> own, ControlConnections& control,
                std::shared_ptr<Counterpart> theirs)
        : own_(std::move(own)), control_(control), theirs_(std::move(theirs)) {}

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
        return std::make_unique<RankedGeneration>(control_, theirs_, request, own_->begin(request));
    }
    [[nodiscard]] int ranks() const noexcept { return control_.size(); }

private:
    const std::shared_ptr<const families::Model> own_;
    ControlConnections& control_;
    const std::shared_ptr<Counterpart> theirs_;
};

}  // namespace

std::shared_ptr<const families::Model> with_ranks(std::shared_ptr<const families::Model> model, const std::string& name,
                                                  const families::LoadOptions& options) {
    if (!model->limits().shots_alone) return model;
    ControlConnections* const all = control_connections(options.log);
    if (all == nullptr) return model;
    if (all->nccl()) ranks::require_nccl(model->device());
    OpenOrder order{0, name, options, device::threads_for(model->limits().threads), all->nccl()};
    order.options.log = nullptr;
    order.options.device = model->device().substr(0, model->device().find(':'));
    order.options.precision = model->precision();
    const std::string digest = digest_of(*model, contents_of(name, options));
    auto theirs = std::make_shared<Counterpart>(*all, std::move(order), digest);
    // A host opens models with no cancel, and often on the thread of its windows: it does not wait for a denoise loop.
    if (const std::unique_lock lock(all->busy(), std::try_to_lock); lock)
        (void)theirs->number(Cancel());
    else if (options.log)
        options.log(ZT_LOG_INFO, "ranks: the others open it for its first clip; now they denoise another one");
    return std::make_shared<RankedModel>(std::move(model), *all, std::move(theirs));
}

int ranks_of(const families::Model& model) {
    const auto* ranked = dynamic_cast<const RankedModel*>(&model);
    return ranked != nullptr ? ranked->ranks() : 1;
}

}  // namespace zt::pipeline
