// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See serve.h. One thread reads what rank 0 says, so that an abort reaches a rank that computes; all else is done in
// the order it was said.
#include "pipeline/serve.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/failure.h"
#include "core/sha256.h"
#include "core/text_number.h"
#include "device/start_thread.h"
#include "device/threads.h"
#include "device/worker_scope.h"
#include "pipeline/clip_key.h"
#include "pipeline/models.h"
#include "pipeline/rank_orders.h"
#include "ranks/place.h"
#include "ranks/rendezvous.h"
#include "ranks/team.h"

namespace zt::pipeline {
namespace {

using ranks::Kind;
using ranks::Message;

// What rank 0 said and nobody took yet. Its thread ends with the line.
class Inbox {
public:
    explicit Inbox(ranks::Link& link) : link_(link), reader_(device::start_thread([this] { read(); })) {}
    ~Inbox() {
        stop_.request();
        reader_.join();
    }
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    // Nothing at the end of the line.
    [[nodiscard]] std::optional<Message> take() {
        std::unique_lock lock(mutex_);
        came_.wait(lock, [&] { return !said_.empty() || ended_; });
        if (said_.empty()) return std::nullopt;
        Message first = std::move(said_.front());
        said_.pop_front();
        return first;
    }
    // Cancelled by rank 0's abort and by its end; of the piece that is begun now.
    [[nodiscard]] std::shared_ptr<const Cancel> begin_piece() {
        const std::lock_guard lock(mutex_);
        piece_ = std::make_shared<Cancel>();
        if (ended_) piece_->request();
        for (const Message& message : said_)
            if (message.kind == Kind::kAbort) piece_->request();
        return piece_;
    }

private:
    void read() {
        constexpr std::chrono::milliseconds kLook{100};
        std::optional<Message> message;
        while (!stop_.requested() && !attempt([&] { message = link_.receive(kLook); })) {
            if (!message) continue;
            const std::lock_guard lock(mutex_);
            if (message->kind == Kind::kAbort && piece_ != nullptr) piece_->request();
            said_.push_back(*std::exchange(message, std::nullopt));
            came_.notify_all();
        }
        const std::lock_guard lock(mutex_);
        ended_ = true;
        if (piece_ != nullptr) piece_->request();
        came_.notify_all();
    }

    ranks::Link& link_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable came_;
    std::deque<Message> said_;
    std::shared_ptr<Cancel> piece_;
    bool ended_ = false;
    Cancel stop_;
    std::jthread reader_;  // last
};

class Server {
public:
    Server(const ranks::Place& place, ranks::Link& link, Log log)
        : place_(place), link_(link), inbox_(link), log_(std::move(log)) {}

    void run() {
        while (const auto message = inbox_.take()) {
            switch (message->kind) {
                case Kind::kOpen: open(message->text); break;
                case Kind::kClose: models_.erase(parse_int64(message->text).value_or(0)); break;
                case Kind::kClip: clip(message->text); break;
                case Kind::kPiece: piece(message->text); break;
                case Kind::kDrop: clips_.erase(parse_int64(message->text).value_or(0)); break;
                case Kind::kAbort: failed_ = false; break;
                case Kind::kVerdict: throw Error(ZT_ERROR_NETWORK, message->text);
                default: break;  // addresses of a team that was given up
            }
        }
        if (failed_)
            throw Error(ZT_ERROR_NETWORK, "rank 0: expected it to go on, got the end of it in the middle of a clip");
    }

private:
    void answer(Kind kind, const std::string& text) {
        (void)attempt([&] { link_.send(kind, text); });  // a line that is gone ends run()
    }
    void open(const std::string& text) {
        const auto failure = attempt([&] {
            OpenOrder order = open_order(text);
            device::set_threads(order.threads);
            if (order.options.device != "cpu")
                order.options.device.append(":").append(std::to_string(place_.local_rank));
            order.options.log = log_;
            auto model = open_model(order.name, order.options).model;
            if (order.nccl) ranks::require_nccl(model->device());
            transport_ = order.nccl ? ranks::Transport::kNccl : ranks::Transport::kGloo;
            answer(Kind::kOpened, digest_of(*model, contents_of(order.name, order.options)));
            models_[order.model] = std::move(model);
        });
        if (failure) answer(Kind::kFailed, failure->message);
    }
    // A clip of which rank 0 may order another piece.
    struct Clip {
        std::shared_ptr<const families::Model> model;
        families::Direction direction;
        std::unique_ptr<families::Generation> generation;
    };
    void clip(const std::string& text) {
        int64_t number = 0;
        take_part(number, [&](const Cancel& cancel) {
            ClipOrder order = clip_order(text);
            const auto model = models_.find(order.model);
            if (model == models_.end()) throw Error(ZT_ERROR_NETWORK, "expected an opened model, got none");
            if (order.fresh_team || team_ == nullptr) make_team();
            order.request.log = log_;
            const device::WorkerScope scope(model->second->limits().threads);
            Clip& clip = clips_[number = order.clip];
            clip = {model->second, order.direction, model->second->begin(order.request)};
            if (order.done > 0) clip.generation->skip(order.done);
            clip.generation->limit_next(order.most);
            make_piece(clip, cancel);
        });
    }
    void piece(const std::string& text) {
        int64_t number = 0;
        take_part(number, [&](const Cancel& cancel) {
            const PieceOrder order = piece_order(text);
            const auto clip = clips_.find(number = order.clip);
            if (clip == clips_.end()) throw Error(ZT_ERROR_NETWORK, "expected a clip that was begun, got none");
            if (order.fresh_team || team_ == nullptr) make_team();
            const device::WorkerScope scope(clip->second.model->limits().threads);
            make_piece(clip->second, cancel);
        });
    }
    void make_piece(const Clip& clip, const Cancel& cancel) {
        const ranks::TeamScope together(*team_, cancel);
        (void)clip.generation->next(clip.direction, cancel, [](const char*, int, int) {});
    }
    // clip: its number, once `work` knows it.
    void take_part(const int64_t& clip, const std::function<void(const Cancel&)>& work) {
        const std::shared_ptr<const Cancel> cancel = inbox_.begin_piece();
        bool done = false, more = false;
        const auto failure = attempt([&] {
            try {
                work(*cancel);
            } catch (const ranks::PartDone& end) {
                done = true, more = end.more;
            }
        });
        if (!more) clips_.erase(clip);
        failed_ = !done && !std::exchange(aborted_, false);
        if (done) return answer(Kind::kDone, {});
        team_.reset();  // whoever waits for this rank need not wait longer
        if (failure && failure->status == ZT_ERROR_CANCELLED)
            return answer(Kind::kFailed, std::string(ranks::kNotOwn) + "the clip was given up");
        answer(Kind::kFailed, failure ? failure->message : "expected shared work in this clip, got none");
    }
    void make_team() {
        team_.reset();
        team_ = std::make_unique<ranks::Team>(
            place_.rank, place_.size, ranks::own_address(link_), place_.timeout,
            [&](const std::string& own) {
                link_.send(Kind::kAddress, own);
                const auto all = inbox_.take();
                if (all && all->kind == Kind::kAbort) aborted_ = true;
                if (!all || all->kind != Kind::kAddresses)
                    throw Error(ZT_ERROR_CANCELLED, "ranks: the clip was given up");
                return unpack(all->text);
            },
            transport_);
    }

    const ranks::Place& place_;
    ranks::Link& link_;
    Inbox inbox_;
    const Log log_;
    std::map<int64_t, std::shared_ptr<const families::Model>> models_;
    std::map<int64_t, Clip> clips_;
    std::unique_ptr<ranks::Team> team_;
    ranks::Transport transport_ = ranks::Transport::kGloo;
    // The last piece failed here, and rank 0's abort, by which it says that it knows, is still to come. run() clears it
    // then; the line's end before that is an error.
    bool failed_ = false;
    // Rank 0 gave up this piece while make_team waited for addresses, and that took its abort out of the inbox. run()
    // will not see it: failed_ must not wait for it.
    bool aborted_ = false;
};

}  // namespace

bool serve(const Log& log) {
    const auto place = ranks::place_of_environment();
    if (!place || place->rank == 0)
        throw Error(ZT_ERROR_ARGUMENT,
                    "ZOETROPE_RANKS: expected a rank that serves, got none; zoetrope launch starts it");
    const auto link = ranks::connect_to_rank_0(*place, sha256_hex(build()));
    if (link == nullptr) return false;
    Server(*place, *link, log).run();
    return true;
}

}  // namespace zt::pipeline
