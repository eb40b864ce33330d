// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The processes of `zoetrope launch`: one program and the ranks beside it, which end together.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/file.h"

namespace zt::cli {

// One thread. Signals of the process are its own from the first start on, but for those that were ignored before.
class Supervisor {
public:
    Supervisor();
    ~Supervisor();  // kills what still runs
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    // place: the value of ZOETROPE_RANKS. listener: inherited; nobody listens there any more once the program has
    // ended, a rank was lost or the user asked all to end. share_of: processes between which the cores of this
    // machine are divided where it has no GPU; 0: they are not. Throws zt::Error(NOT_FOUND).
    void start_program(const std::vector<char*>& arguments, const std::string& place, Fd listener, int64_t share_of);
    void start_rank(const std::string& place, int64_t number, int64_t share_of);
    // Until the program has ended, and all others with it: its status, 128 + N for signal N; never 0 where a rank was
    // lost. SIGINT, SIGTERM and SIGHUP reach the program; the others end soon after, also where it does not.
    int run();

private:
    struct Rank {
        pid_t pid;
        int64_t number;
    };
    void take_signal(int number, bool from_terminal);
    void reap();
    void hurry();
    void close_door();
    void end_ranks();

    const sigset_t signals_;  // those that are ours
    Fd listener_;             // where the program waits for ranks; -1: it need not any more
    pid_t program_ = -1;
    int status_ = -1;  // of the program, once it has ended
    std::vector<Rank> ranks_;
    int64_t lost_at_ = 0;   // milliseconds: when a rank was lost; 0: none was
    int64_t asked_at_ = 0;  // milliseconds: when the user asked all to end; 0: not yet
    int pushed_ = 0;        // how hard the program was asked to end
};

// The message of errno.
[[nodiscard]] std::string errno_text();
// 32 random letters.
[[nodiscard]] std::string random_text();

}  // namespace zt::cli
