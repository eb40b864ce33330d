// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The line between rank 0 and another rank: small messages of known kinds and bounded sizes, beside the tensors that
// c10d carries. Torch-free.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/file.h"

namespace zt::ranks {

enum class Kind : uint8_t {
    kOpen = 1,   // rank 0: open this model
    kOpened,     // its digest
    kClose,      // rank 0: let go of it
    kClip,       // rank 0: take part in this clip
    kDone,       // this rank's part is over
    kFailed,     // a sentence
    kAddress,    // where this rank's Gloo listens
    kAddresses,  // rank 0: where all do
    kAbort,      // rank 0: give up the clip
    kVerdict,    // rank 0: what went wrong; the end
    kPiece,      // rank 0: take part in the next piece of a clip
    kDrop        // rank 0: no more pieces of a clip
};

struct Message {
    Kind kind{};
    std::string text;
};

inline constexpr size_t kMostMessage = size_t{1} << 30;
// Begins a kFailed that only says that something broke elsewhere: its sender is not to blame.
inline constexpr std::string_view kNotOwn = "ranks: ";

// One thread sends, one receives.
class Link {
public:
    // name: "rank 2", for messages.
    Link(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    // Throws zt::Error(NETWORK) where the other side is gone or takes nothing for kPatience.
    void send(Kind kind, std::string_view text);
    // Nothing where none begins within `timeout`. Throws zt::Error(NETWORK) at the other side's end, for a message cut
    // short and for one that is none.
    [[nodiscard]] std::optional<Message> receive(std::chrono::milliseconds timeout);
    // The other side is gone, or what it says next is that it failed. Any thread, any time; reads nothing.
    [[nodiscard]] bool lost() const;

private:
    Fd fd_;
    std::string name_;
};

inline constexpr std::chrono::milliseconds kPatience{30'000};

// All of them, or false at the end, an error or the deadline. For sockets.
[[nodiscard]] bool read_fully(int fd, void* to, size_t bytes, std::chrono::steady_clock::time_point deadline);
[[nodiscard]] bool write_fully(int fd, const void* from, size_t bytes, std::chrono::steady_clock::time_point deadline);
// Whether it can be read from (or is at its end) before the timeout.
[[nodiscard]] bool wait_readable(int fd, std::chrono::milliseconds timeout);

}  // namespace zt::ranks
