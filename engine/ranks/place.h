// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which of several ranks this process is. Only `zoetrope launch` says so, by variables of its own; without them, or
// with one rank, nothing here opens a socket or starts a thread. Torch-free.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "ranks/transport.h"

namespace zt::ranks {

struct Place {
    int rank = 0, size = 1;
    int local_rank = 0;   // among those of this machine; the number of its GPU
    std::string address;  // numeric IPv4 of rank 0
    int port = 0;         // it listens there
    int listener = -1;    // rank 0: the socket, bound by who launched it; inherited
    std::string secret;   // whoever knows it is one of us
    // This process served a program of rank 0 before: if nobody listens now there will be no other, and it ends without
    // an error.
    bool again = false;
    Transport transport = Transport::kGloo;      // rank 0's is that of all
    std::chrono::milliseconds timeout{600'000};  // the longest wait for another rank
};

// ZOETROPE_RANKS=RANK/SIZE/LOCAL_RANK, ZOETROPE_RANKS_AT=ADDRESS:PORT, ZOETROPE_RANKS_SOCKET=FD,
// ZOETROPE_RANKS_SECRET, ZOETROPE_RANKS_TIMEOUT (seconds), ZOETROPE_RANKS_TRANSPORT (gloo, nccl), ZOETROPE_RANKS_AGAIN.
// Nothing without the first, or where it says one rank. Throws zt::Error(ARGUMENT) for what cannot be read.
[[nodiscard]] std::optional<Place> place_of_environment();

// How many ranks there are, and how many of them on this machine: ZOETROPE_RANKS_HERE, which zoetrope launch sets where
// it knows. 1 without others. Read once. Throws as above.
struct Company {
    int all = 1, here = 1;
};
[[nodiscard]] const Company& company();

// What a user says of them, by an option or a variable of that name. Throw zt::Error(ARGUMENT).
[[nodiscard]] std::chrono::seconds timeout_of(const char* option, const std::string& seconds);
[[nodiscard]] Transport transport_of(const char* option, const std::string& name);

// The number of the GPU of a rank that a scheduler started as number `local` of its machine. visible: what
// CUDA_VISIBLE_DEVICES says, null without it. A scheduler that shows each rank its own GPU alone calls that one 0.
[[nodiscard]] int64_t gpu_of(int64_t local, const char* visible);

}  // namespace zt::ranks
