// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What rank 0 and a rank that comes to it say to each other first:
//   rank -> 0   Hello    a fresh random number
//   0 -> rank   Hello    another
//   rank -> 0   Claim    which rank it is, of which version and build; HMAC-SHA256 (RFC 2104) of that and of both
//                        numbers, by the secret
//   0 -> rank   Answer   welcome or not, and rank 0's own proof
// All of fixed size: nothing that a stranger says is waited for or stored beyond it. The secret is never sent.
// Torch-free.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "core/file.h"
#include "ranks/place.h"

namespace zt::ranks {

using Nonce = std::array<char, 16>;
struct Hello {
    char magic[8];
    Nonce nonce;
};
struct Claim {
    int32_t rank, size;
    char version[24];
    char build[64];  // hex digits
    char proof[64];
};
struct Answer {
    char same;  // 1: welcome; 0: another version or build
    char version[24];
    char proof[64];
};

// Throws zt::Error(IO) where the system has no random numbers.
[[nodiscard]] Hello fresh_hello();
[[nodiscard]] bool is_hello(const Hello& hello);
// The rank's side. build: 64 hex digits.
[[nodiscard]] Claim claim_of(const Place& place, const std::string& build, const Hello& ours, const Hello& zeros);
// Whether rank 0 knows the secret.
[[nodiscard]] bool proves(const Answer& answer, const Place& place, const Hello& ours, const Hello& zeros);

// Rank 0's side: somebody who called and did not yet prove who it is. One thread.
class Caller {
public:
    using Clock = std::chrono::steady_clock;
    enum class Step { kWaits, kGone, kKnown };

    // Gone after the deadline, whatever it says.
    Caller(Fd fd, Clock::time_point deadline) : fd_(std::move(fd)), deadline_(deadline) {}
    // Takes what has come and answers it; never waits. kKnown: it knows the secret, is rank() and of the same build.
    // Throws zt::Error(NETWORK) for one that knows the secret and is of another.
    [[nodiscard]] Step advance(const Place& place, const std::string& build);
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    [[nodiscard]] bool greeted() const noexcept { return greeted_; }
    [[nodiscard]] int rank() const noexcept { return claim_.rank; }
    [[nodiscard]] Fd take_line() noexcept { return std::move(fd_); }

private:
    [[nodiscard]] Step judge(const Place& place, const std::string& build);

    Fd fd_;
    Clock::time_point deadline_;
    Hello ours_{}, theirs_{};
    Claim claim_{};
    bool greeted_ = false;  // its Hello is here, ours is sent
    size_t have_ = 0;       // bytes of what it says now
};

}  // namespace zt::ranks
