// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ranks find each other whoever else calls.
#include "ranks/rendezvous.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "core/error.h"
#include "ranks/greeting.h"

namespace zt::ranks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const std::string kBuild(64, 'a');

void quiet(zt_log_level, const std::string&) {}

// What this process may have open, while it lives.
class FewFiles {
public:
    explicit FewFiles(rlim_t most) {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = most;
        setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewFiles() { setrlimit(RLIMIT_NOFILE, &before_); }
    FewFiles(const FewFiles&) = delete;
    FewFiles& operator=(const FewFiles&) = delete;

private:
    rlimit before_{};
};

class Rendezvous : public ::testing::Test {
protected:
    Rendezvous() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(at);
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
        EXPECT_EQ(listen(listener_.get(), 4096), 0);
        EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
        address_ = at;
        place_.size = 3, place_.address = "127.0.0.1", place_.port = ntohs(at.sin_port);
        place_.secret = "known to us alone", place_.listener = listener_.get();
    }
    Place rank(int number) const {
        Place place = place_;
        place.rank = number, place.listener = -1;
        return place;
    }
    Fd stranger(const void* says = nullptr, size_t bytes = 0) const {
        Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof(address_)), 0);
        EXPECT_EQ(send(fd.get(), says, bytes, MSG_NOSIGNAL), static_cast<ssize_t>(bytes));
        return fd;
    }
    // All three meet while `crowd` is there; how long it took.
    milliseconds meet() const {
        const auto began = Clock::now();
        auto zero = std::async(std::launch::async, [this] { return accept_ranks(place_, kBuild, quiet); });
        std::vector<std::future<std::unique_ptr<Link>>> others;
        for (int r = 1; r < 3; r++)
            others.push_back(std::async(std::launch::async, [this, r] { return connect_to_rank_0(rank(r), kBuild); }));
        std::vector<std::unique_ptr<Link>> links(3);
        try {
            links = zero.get();
        } catch (const Error& error) {
            ADD_FAILURE() << error.what();
            shutdown(listener_.get(), SHUT_RDWR);  // nobody waits any more
        }
        for (size_t r = 1; r < 3; r++) {
            const std::unique_ptr<Link> line = others[r - 1].get();
            EXPECT_NE(line, nullptr);
            if (line == nullptr || links[r] == nullptr) continue;
            line->send(Kind::kOpened, "from " + std::to_string(r));
            const auto message = links[r]->receive(milliseconds(1000));
            EXPECT_TRUE(message && message->text == "from " + std::to_string(r));
        }
        return std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    }

    Fd listener_;
    sockaddr_in address_{};
    Place place_;
};

// As zoetrope launch does it, which has the socket as well, once a rank was lost or the user asked all to end.
TEST_F(Rendezvous, TheSocketsShutdownEndsTheWait) {
    for (const bool before : {false, true}) {
        const auto began = Clock::now();
        auto zero = std::async(std::launch::async, [&] {
            if (before) std::this_thread::sleep_for(milliseconds(100));
            return accept_ranks(place_, kBuild, quiet);
        });
        if (!before) std::this_thread::sleep_for(milliseconds(100));
        shutdown(listener_.get(), SHUT_RDWR);
        try {
            (void)zero.get();
            ADD_FAILURE() << "expected an error";
        } catch (const Error& error) {
            EXPECT_EQ(std::string(error.what()), "ranks: expected the launch to go on, got its end");
        }
        EXPECT_LT(Clock::now() - began, milliseconds(2000));
    }
}

TEST_F(Rendezvous, SilentStrangersHoldUpNobody) {
    std::vector<Fd> crowd;
    for (int i = 0; i < 50; i++) crowd.push_back(stranger());
    EXPECT_LT(meet(), milliseconds(2000));
}

TEST_F(Rendezvous, HalfAGreetingHoldsUpNobody) {
    const Hello hello = fresh_hello();
    std::vector<Fd> crowd;
    for (size_t i = 0; i < 50; i++) crowd.push_back(stranger(&hello, i % sizeof(hello)));
    for (int i = 0; i < 50; i++) crowd.push_back(stranger(&hello, sizeof(hello)));
    EXPECT_LT(meet(), milliseconds(2000));
}

TEST_F(Rendezvous, ByteByByteHoldsUpNobody) {
    std::vector<Fd> crowd;
    for (int i = 0; i < 20; i++) crowd.push_back(stranger());
    std::atomic<bool> stop = false;
    std::thread drip([&] {
        const Hello hello = fresh_hello();
        for (size_t i = 0; !stop; i++) {
            for (const Fd& one : crowd)
                (void)send(one.get(), reinterpret_cast<const char*>(&hello) + i % sizeof(hello), 1, MSG_NOSIGNAL);
            std::this_thread::sleep_for(milliseconds(20));
        }
    });
    EXPECT_LT(meet(), milliseconds(2000));
    stop = true;
    drip.join();
}

TEST_F(Rendezvous, NoiseIsDropped) {
    const std::string noise(65536, 'x');
    std::vector<Fd> crowd;
    for (int i = 0; i < 20; i++) crowd.push_back(stranger(noise.data(), noise.size()));
    EXPECT_LT(meet(), milliseconds(2000));
    char byte = 0;
    for (const Fd& one : crowd) EXPECT_LE(recv(one.get(), &byte, 1, 0), 0);
}

// More than are borne at once: the oldest are pushed out, and what rank 0 holds open stays bounded.
TEST_F(Rendezvous, ACrowdIsBounded) {
    std::vector<Fd> crowd;
    for (int i = 0; i < 400; i++) crowd.push_back(stranger());
    EXPECT_LT(meet(), milliseconds(3000));
}

// A process at its limit of open files pushes strangers out instead of giving up.
TEST_F(Rendezvous, NoMoreFilesThanAllowed) {
    std::vector<Fd> crowd;
    for (int i = 0; i < 60; i++) crowd.push_back(stranger());
    const FewFiles few(110);  // 60 here, and room for some of theirs
    EXPECT_LT(meet(), milliseconds(3000));
}

TEST_F(Rendezvous, AnotherSecretIsToldApart) {
    auto zero = std::async(std::launch::async, [this] { return accept_ranks(place_, kBuild, quiet); });
    Place wrong = rank(1);
    wrong.secret = "known to somebody else";
    EXPECT_THROW((void)connect_to_rank_0(wrong, kBuild), Error);
    auto one = std::async(std::launch::async, [this] { return connect_to_rank_0(rank(1), kBuild); });
    auto two = std::async(std::launch::async, [this] { return connect_to_rank_0(rank(2), kBuild); });
    EXPECT_EQ(zero.get().size(), 3);
    EXPECT_NE(one.get(), nullptr);
    EXPECT_NE(two.get(), nullptr);
}

TEST_F(Rendezvous, AnotherBuildIsNamedOnBothSides) {
    auto other = std::async(std::launch::async, [this] {
        try {
            (void)connect_to_rank_0(rank(2), std::string(64, 'b'));
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    });
    try {
        (void)accept_ranks(place_, kBuild, quiet);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("rank 2: expected version"), std::string::npos) << error.what();
    }
    EXPECT_NE(other.get().find("install the same Zoetrope"), std::string::npos);
}

// Rank 0's program may end without having opened a model, however late: then there is nothing to do.
TEST_F(Rendezvous, NobodyListensAnyMore) {
    auto one = std::async(std::launch::async, [this] { return connect_to_rank_0(rank(1), kBuild); });
    std::this_thread::sleep_for(milliseconds(300));
    listener_ = Fd(-1);
    EXPECT_EQ(one.get(), nullptr);
}

}  // namespace
}  // namespace zt::ranks
