// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See supervisor.h.
#include "supervisor.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::cli {
namespace {

// After the loss of a rank, for the program, which meets that as an error of its own at its next exchange. Then
// SIGTERM.
constexpr int64_t kOwnErrorMs = 30'000;
// After that, for the program to close its files: ffmpeg does so once its block or frame is done. Then SIGKILL.
constexpr int64_t kTermMs = 600'000;
// After Ctrl-C, for the program to end. Then the ranks are ended, whom it may be waiting for.
constexpr int64_t kOwnAnswerMs = 100;
// After the program's end, for the ranks to see that and to end. Then SIGTERM.
constexpr int64_t kOwnEndMs = 300;
// After that, for the ranks to end. Then SIGKILL.
constexpr int64_t kRanksEndMs = 500;
// After the program's end, for all of that. Then whoever is left is left behind.
constexpr int64_t kLeaveMs = 5000;

int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Of the user's signals those that mean something here: nohup, and a shell for what it starts in the background, have
// some ignored. Blocked, such a one would be kept for us all the same.
sigset_t ours() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (const int one : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction now {};
        if (sigaction(one, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&set, one);
    }
    return set;
}

// Cores number, number + 1 ... of those that this process may use, divided between `of`.
void pin(int64_t number, int64_t of) {
    cpu_set_t all, own;
    if (of < 2 || access("/dev/nvidia0", F_OK) == 0 || sched_getaffinity(0, sizeof(all), &all) != 0) return;
    CPU_ZERO(&own);
    const int64_t cores = CPU_COUNT(&all), each = std::max<int64_t>(1, cores / of), first = number * each % cores;
    for (int64_t cpu = 0, seen = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(static_cast<size_t>(cpu), &all)) continue;
        if (seen >= first && seen < first + each) CPU_SET(static_cast<size_t>(cpu), &own);
        ++seen;
    }
    sched_setaffinity(0, sizeof(own), &own);
}

// In the child: it ends when we do, and has the signals it would have without us.
void begin_child(pid_t parent, int death, const sigset_t& ours) {
    prctl(PR_SET_PDEATHSIG, death);
    if (getppid() != parent) _exit(127);
    sigprocmask(SIG_UNBLOCK, &ours, nullptr);
}

}  // namespace

std::string errno_text() { return std::strerror(errno); }

std::string random_text() {
    unsigned char bytes[32];
    if (getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes)))
        throw Error(ZT_ERROR_IO, "launch: expected random numbers of the system, got none");
    std::string text;
    for (const unsigned char byte : bytes) text += static_cast<char>('a' + byte % 26);
    return text;
}

Supervisor::Supervisor() : signals_(ours()) { sigprocmask(SIG_BLOCK, &signals_, nullptr); }

Supervisor::~Supervisor() {
    if (program_ > 0 && status_ < 0) kill(program_, SIGKILL);
    end_ranks();
}

void Supervisor::start_program(const std::vector<char*>& arguments, const std::string& place, Fd listener,
                               int64_t share_of) {
    const pid_t parent = getpid();
    listener_ = std::move(listener);
    int told[2];  // closed by a program that runs, else the errno
    if (pipe2(told, O_CLOEXEC) != 0 || (program_ = fork()) < 0)
        throw Error(ZT_ERROR_IO, "launch: expected a new process, got: " + errno_text());
    if (program_ == 0) {
        begin_child(parent, SIGTERM, signals_);
        pin(0, share_of);
        fcntl(listener_.get(), F_SETFD, 0);
        setenv("ZOETROPE_RANKS", place.c_str(), 1);
        setenv("ZOETROPE_RANKS_SOCKET", std::to_string(listener_.get()).c_str(), 1);
        execvp(arguments[0], arguments.data());
        const int reason = errno;
        if (write(told[1], &reason, sizeof(reason)) < 0) _exit(126);
        _exit(127);
    }
    close(told[1]);
    int reason = 0;
    const ssize_t got = read(told[0], &reason, sizeof(reason));
    close(told[0]);
    if (got > 0) {
        errno = reason;
        throw Error(ZT_ERROR_NOT_FOUND, quote(arguments[0]) + ": expected a program, got: " + errno_text());
    }
}

void Supervisor::start_rank(const std::string& place, int64_t number, int64_t share_of) {
    const pid_t parent = getpid(), child = fork();
    if (child < 0) throw Error(ZT_ERROR_IO, "launch: expected a new process, got: " + errno_text());
    if (child == 0) {
        begin_child(parent, SIGKILL, signals_);
        pin(number, share_of);
        signal(SIGINT, SIG_IGN);  // the program answers Ctrl-C; we end with it
        const int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, STDIN_FILENO), dup2(STDERR_FILENO, STDOUT_FILENO);
        setenv("ZOETROPE_RANKS", place.c_str(), 1);
        execl("/proc/self/exe", "zoetrope", "rank", nullptr);
        _exit(127);
    }
    ranks_.push_back({child, number});
}

void Supervisor::take_signal(int number, bool from_terminal) {
    if (number == SIGCHLD) return reap();
    if (asked_at_ == 0) asked_at_ = now_ms();
    if (!from_terminal) kill(program_, number);  // the terminal told everybody already
}

void Supervisor::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (pid == program_) {
            status_ = code;
            continue;
        }
        for (const Rank& rank : ranks_)
            if (rank.pid == pid)
                std::fprintf(stderr, "zoetrope: rank %lld ended (%s %d)\n", static_cast<long long>(rank.number),
                             WIFEXITED(status) ? "status" : "signal",
                             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        // Children that a container or a shell left to us are none of ours.
        if (std::erase_if(ranks_, [&](const Rank& rank) { return rank.pid == pid; }) > 0 && lost_at_ == 0) {
            lost_at_ = now_ms();
            close_door();
        }
    }
}

// The program's copy of the socket is the same socket: where it waits for ranks to come it learns now that no more
// will. Ranks that are to serve its next program, or wait at the door, learn that there is none.
void Supervisor::close_door() {
    if (listener_.get() >= 0) shutdown(listener_.get(), SHUT_RDWR);
    listener_ = Fd(-1);
}

void Supervisor::hurry() {
    if (status_ >= 0) return;
    // ffmpeg looks at its signals between frames only, and the next may be an hour away: without other ranks the clip
    // fails at once, and ffmpeg closes its files as after any Ctrl-C.
    if (asked_at_ != 0 && now_ms() - asked_at_ > kOwnAnswerMs) end_ranks();
    if (lost_at_ == 0) return;
    const int64_t since = now_ms() - lost_at_;
    if (pushed_ == 0 && since > kOwnErrorMs) kill(program_, SIGTERM), pushed_ = 1;
    if (pushed_ == 1 && since > kOwnErrorMs + kTermMs) kill(program_, SIGKILL), pushed_ = 2;
}

// They end by themselves when their line to the program does, and say by their status whether they met an error. One
// that SIGTERM ends was still computing: fine, nothing was wrong with it. One that only SIGKILL ends was stopped: lost.
// After Ctrl-C nobody has anything to say. One that the kernel does not let end (a dead file server) is left behind.
void Supervisor::end_ranks() {
    close_door();
    const int64_t began = now_ms();
    for (int sent = 0; !ranks_.empty() && now_ms() < began + kLeaveMs;) {
        std::erase_if(ranks_, [&](const Rank& rank) {
            int status = 0;
            if (waitpid(rank.pid, &status, WNOHANG) == 0) return false;
            const bool stopped = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
            if (asked_at_ != 0) return true;
            if (stopped || (WIFEXITED(status) && WEXITSTATUS(status) != 0)) lost_at_ = now_ms();
            return true;
        });
        const int64_t since = now_ms() - began;
        const bool at_once = asked_at_ != 0 || since > kOwnEndMs + kRanksEndMs;
        const int wanted = at_once ? SIGKILL : since > kOwnEndMs ? SIGTERM : 0;
        if (wanted != sent)
            for (const Rank& rank : ranks_) kill(rank.pid, wanted);
        sent = wanted;
        if (!ranks_.empty()) usleep(5000);
    }
}

int Supervisor::run() {
    reap();
    while (status_ < 0) {
        const timespec look{0, asked_at_ != 0 ? 10'000'000 : 100'000'000};
        siginfo_t info{};
        const int number = sigtimedwait(&signals_, &info, &look);
        if (number > 0) take_signal(number, info.si_code == SI_KERNEL);
        if (number == SIGCHLD || number < 0) reap();
        hurry();
    }
    end_ranks();
    // A host that meets an error of its source may still call itself content.
    return status_ == 0 && lost_at_ != 0 ? 1 : status_;
}

}  // namespace zt::cli
