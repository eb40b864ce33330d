// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A fair scheduler of processor cores between the sessions of one process. A session computes only while it has a turn;
// turns are granted in the order in which they were asked for (first in, first out). A turn occupies as many cores as
// the session has threads: two one-threaded sessions compute side by side on two cores, two that use all cores do so
// one after the other. A turn lasts for one chunk, but a session in a long chunk gives way between two steps. While a
// session waits for its reader it has no turn.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

#include "core/cancel.h"
#include "families/family.h"

namespace zt::pipeline {

// How long a turn lasts before it is passed on within a chunk: long beside what changing hands costs
// (caches, microseconds), short beside what a person waits for.
inline constexpr std::chrono::milliseconds kTurn{1000};

// The places of one device. Thread-safe.
class Turnstile {
public:
    explicit Turnstile(int places, std::chrono::nanoseconds turn = kTurn)
        : places_(places), free_(places), turn_(turn) {}

    [[nodiscard]] int places() const noexcept { return places_; }
    [[nodiscard]] std::chrono::nanoseconds turn() const noexcept { return turn_; }
    [[nodiscard]] size_t waiting();
    // Waits behind all who came before. False, with nothing taken, once cancel is requested; who
    // requests it calls wake().
    [[nodiscard]] bool enter(int places, const Cancel& cancel);
    void leave(int places);
    void wake();

private:
    const int places_;
    std::mutex mutex_;  // guards all below
    std::condition_variable moved_;
    int free_;
    uint64_t next_ticket_ = 0;
    std::deque<uint64_t> line_;  // tickets of those who wait, the first in front
    const std::chrono::nanoseconds turn_;
};

// One session's hold on the turnstile. One thread at a time: the worker.
class Turn {
public:
    // places: at most all of them are taken.
    Turn(Turnstile& turnstile, int places, const Cancel& cancel);
    ~Turn() { give_back(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    void take();       // waits; throws ZT_ERROR_CANCELLED
    void pass();       // between two steps: after Turnstile::turn() all who wait go first; may throw as take()
    void give_way();   // in a wait for another session: who waits goes first at once; may throw as take()
    void give_back();  // also without one

private:
    Turnstile& turnstile_;
    const int places_;
    const Cancel& cancel_;
    bool mine_ = false;
    std::chrono::steady_clock::time_point taken_{};
};

// The one of the model's device: a place per core this process may run on, or one for an accelerator.
[[nodiscard]] Turnstile& turnstile_of(const families::Model& model);
// The places of a session of this model. threads: as many as it computes with on the CPU.
[[nodiscard]] int places_of(const families::Model& model, int threads);

}  // namespace zt::pipeline
