// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See rendezvous.h.
#include "ranks/rendezvous.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <thread>

#include "core/error.h"
#include "core/utf8.h"
#include "include/zoetrope/version.h"
#include "ranks/greeting.h"

namespace zt::ranks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kGreeting{10'000};  // for one that called to prove who it is
constexpr milliseconds kCall{10'000};      // for a machine to answer at all
constexpr milliseconds kRedial{100};
constexpr size_t kMostStrangers = 256;  // more at once push the oldest out; a rank that is pushed out comes again
constexpr int kMostAtOnce = 64;         // calls taken before those are heard
constexpr int kTries = 4;               // of a rank, before it believes that its secret is another

// What accept(2) says of a call that is broken already, and not of the socket: the next one may be whole.
bool is_callers_own(int error) {
    switch (error) {
        case ECONNABORTED:
        case EINTR:
        case ENETDOWN:
        case EPROTO:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH: return true;
        default: return false;
    }
}

int poll_time(Clock::time_point end) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

void make_ready(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    // A process that ends with a message unread resets its connection, which is said once and may be lost: known at the
    // next probe, after 4 s. A machine that lost its power says nothing: known after a minute and a half.
    const int idle = 4, gap = 10, probes = 9, unanswered_ms = 90'000;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &gap, sizeof(gap));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
}

Fd connect_to(const Place& place) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(place.port));
    if (inet_pton(AF_INET, place.address.c_str(), &to.sin_addr) != 1)
        throw Error(ZT_ERROR_ARGUMENT,
                    "ZOETROPE_RANKS_AT: expected a numeric IPv4 address, got " + quote(place.address));
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd.get() < 0) return fd;
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
        pollfd one{fd.get(), POLLOUT, 0};
        int failed = 0;
        socklen_t size = sizeof(failed);
        if (errno != EINPROGRESS || poll(&one, 1, static_cast<int>(kCall.count())) <= 0 ||
            getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0)
            return Fd(-1);
    }
    make_ready(fd.get());
    return fd;
}

// A program in between may have closed the inherited socket, and its number may be another file's by now.
bool is_at(const Place& place) {
    sockaddr_in at{};
    socklen_t size = sizeof(at);
    char host[INET_ADDRSTRLEN] = "";
    return getsockname(place.listener, reinterpret_cast<sockaddr*>(&at), &size) == 0 &&
           inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host)) != nullptr && place.address == host &&
           ntohs(at.sin_port) == place.port;
}

// Rank 0's side of the meeting. All who call are heard at the same time, so that nobody's silence holds up another.
class Door {
public:
    Door(const Place& place, const std::string& build)
        : place_(place), build_(build), links_(static_cast<size_t>(place.size)), missing_(place.size - 1) {}

    // Until all have come, or the end.
    [[nodiscard]] std::vector<std::unique_ptr<Link>> open(Clock::time_point end) {
        while (missing_ > 0 && Clock::now() < end) {
            wait(end);
            take_calls();
            hear();
        }
        return std::move(links_);
    }
    [[nodiscard]] int strangers() const noexcept { return strangers_; }

private:
    void wait(Clock::time_point end) {
        std::vector<pollfd> all{{place_.listener, POLLIN, 0}};
        for (const Caller& caller : callers_) all.push_back({caller.fd(), POLLIN, 0});
        if (!callers_.empty()) end = std::min(end, callers_.front().deadline());
        (void)poll(all.data(), all.size(), poll_time(end));
    }
    void take_calls() {
        for (int taken = 0; taken < kMostAtOnce; taken++) {
            Fd fd(accept4(place_.listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (fd.get() < 0 && is_callers_own(errno)) continue;
            if (fd.get() < 0 && errno == EAGAIN) return;
            if (fd.get() < 0 && (errno == EMFILE || errno == ENFILE) && !callers_.empty()) {
                push_out();
                continue;
            }
            if (fd.get() < 0 && errno == EINVAL)  // it does not listen: zoetrope launch shut it down
                throw Error(ZT_ERROR_NETWORK, "ranks: expected the launch to go on, got its end");
            if (fd.get() < 0)
                throw Error(ZT_ERROR_NETWORK,
                            std::string("ranks: expected to take a rank's call, got: ") + std::strerror(errno));
            make_ready(fd.get());
            if (callers_.size() >= kMostStrangers + links_.size()) push_out();
            callers_.emplace_back(std::move(fd), Clock::now() + kGreeting);
        }
    }
    // The oldest, first of those that have not even said a Hello.
    void push_out() {
        const auto silent =
            std::find_if(callers_.begin(), callers_.end(), [](const Caller& c) { return !c.greeted(); });
        callers_.erase(silent != callers_.end() ? silent : callers_.begin());
        strangers_++;
    }
    void hear() {
        for (auto caller = callers_.begin(); caller != callers_.end();) {
            Caller::Step step = caller->advance(place_, build_);
            if (step == Caller::Step::kWaits && Clock::now() >= caller->deadline()) step = Caller::Step::kGone;
            if (step == Caller::Step::kKnown) welcome(*caller);
            if (step == Caller::Step::kGone) strangers_++;
            caller = step == Caller::Step::kWaits ? caller + 1 : callers_.erase(caller);
        }
    }
    void welcome(Caller& caller) {
        std::unique_ptr<Link>& link = links_[static_cast<size_t>(caller.rank())];
        if (link == nullptr) missing_--;
        // The last who came counts.
        link = std::make_unique<Link>(caller.take_line(), "rank " + std::to_string(caller.rank()));
    }

    const Place& place_;
    const std::string& build_;
    std::vector<std::unique_ptr<Link>> links_;
    int missing_, strangers_ = 0;
    std::deque<Caller> callers_;  // in the order in which they called, hence of their deadlines
};

}  // namespace

std::vector<std::unique_ptr<Link>> accept_ranks(const Place& place, const std::string& build, const Log& log) {
    if (!is_at(place))
        throw Error(ZT_ERROR_NETWORK,
                    "ZOETROPE_RANKS_SOCKET: expected the socket that zoetrope launch opened, got another (a program in "
                    "between closed it)");
    Door door(place, build);
    std::vector<std::unique_ptr<Link>> links = door.open(Clock::now() + kRendezvousTime);
    if (door.strangers() > 0)
        log(ZT_LOG_VERBOSE,
            "ranks: " + std::to_string(door.strangers()) + " who are none of us knocked, and were dropped");
    for (size_t rank = 1; rank < links.size(); rank++)
        if (links[rank] == nullptr)
            throw Error(ZT_ERROR_NETWORK, "rank " + std::to_string(rank) + ": expected it to come to " + place.address +
                                              ":" + std::to_string(place.port) + " within " +
                                              std::to_string(kRendezvousTime.count() / 1000) +
                                              " s, got none; is it running, with the same ZOETROPE_RANKS_SECRET?");
    return links;
}

std::unique_ptr<Link> connect_to_rank_0(const Place& place, const std::string& build) {
    bool met = place.again;  // rank 0 was there: where it is no more, it ended
    int pushed_out = 0;
    for (auto end = Clock::now() + kRendezvousTime; Clock::now() < end; std::this_thread::sleep_for(kRedial)) {
        Fd fd = connect_to(place);
        if (fd.get() < 0 && met) return nullptr;
        if (fd.get() < 0) continue;
        const Hello ours = fresh_hello();
        Hello zeros{};
        // Rank 0's program may open a model much later: until it does, the connection waits.
        if (!write_fully(fd.get(), &ours, sizeof(ours), Clock::now() + kPatience)) continue;
        while (!wait_readable(fd.get(), kPatience)) {
        }
        end = Clock::now() + kRendezvousTime;
        if (!read_fully(fd.get(), &zeros, sizeof(zeros), Clock::now() + kPatience)) {
            if (place.again) return nullptr;
            met = true;
            continue;
        }
        const Claim claim = claim_of(place, build, ours, zeros);
        Answer answer{};
        const bool answered = is_hello(zeros) &&
                              write_fully(fd.get(), &claim, sizeof(claim), Clock::now() + kPatience) &&
                              read_fully(fd.get(), &answer, sizeof(answer), Clock::now() + kPatience);
        if (!answered && is_hello(zeros) && ++pushed_out < kTries) continue;  // a crowd at the door, perhaps
        if (!answered || !proves(answer, place, ours, zeros))
            throw Error(ZT_ERROR_NETWORK, "rank 0: expected one with the same ZOETROPE_RANKS_SECRET at " +
                                              place.address + ":" + std::to_string(place.port) + ", got another");
        if (answer.same == 0)
            throw Error(ZT_ERROR_NETWORK, "rank 0: expected version " ZT_VERSION_STRING " of this build, got version " +
                                              quote(std::string(answer.version, strnlen(answer.version, 24))) +
                                              " or another build; install the same Zoetrope everywhere");
        return std::make_unique<Link>(std::move(fd), "rank 0");
    }
    throw Error(ZT_ERROR_NETWORK, "rank 0: expected it to listen at " + place.address + ":" +
                                      std::to_string(place.port) + " within " +
                                      std::to_string(kRendezvousTime.count() / 1000) + " s, got nobody");
}

std::string own_address(const Link& link) {
    sockaddr_in own{};
    socklen_t size = sizeof(own);
    char text[INET_ADDRSTRLEN] = "127.0.0.1";
    if (getsockname(link.fd(), reinterpret_cast<sockaddr*>(&own), &size) == 0)
        inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text));
    return text;
}

}  // namespace zt::ranks
