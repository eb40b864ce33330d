// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See child.h.
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/error.h"
#include "core/utf8.h"

extern char** environ;  // NOLINT: POSIX has it in no header without extensions

namespace zt::cli {

namespace {

constexpr size_t kErrorBytes = 4096;

// Both ends are closed on exec; what the child gets is a duplicate.
void make_pipe(int& from, int& to) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw Error(ZT_ERROR_IO, std::string("pipe: ") + std::strerror(errno));
    from = ends[0];
    to = ends[1];
}

void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments, bool with_stdin)
    : name_(arguments.front()), with_stdin_(with_stdin) {
    int out = -1, err = -1;
    make_pipe(out_, out);
    make_pipe(err_, err);
    std::vector<char*> words;
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (!with_stdin) posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    const int failure = posix_spawnp(&pid_, words.front(), &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close_end(out);
    close_end(err);
    if (failure == 0) return;
    pid_ = -1;
    close_end(out_);
    close_end(err_);
    if (failure == ENOENT)
        throw Error(ZT_ERROR_NOT_FOUND, name_ + ": expected the program in PATH, got none (apt install ffmpeg)");
    throw Error(ZT_ERROR_IO, name_ + ": expected it to start, got " + std::strerror(failure));
}

Child::~Child() {
    close_end(out_);
    close_end(err_);
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

// What it says on its standard error, as far as it is there.
void Child::listen() {
    char text[1024];
    const ssize_t got = ::read(err_, text, sizeof(text));
    if (got <= 0) {
        if (got < 0 && errno == EINTR) return;
        close_end(err_);
        return;
    }
    errors_.append(text, std::min(static_cast<size_t>(got), kErrorBytes - errors_.size()));
}

size_t Child::read(void* to, size_t bytes) {
    size_t done = 0;
    // Complaints do not count as output.
    auto last = std::chrono::steady_clock::now();
    while (done < bytes && out_ >= 0) {
        pollfd ends[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
        const int ready = poll(ends, err_ >= 0 ? 2 : 1, 1000);
        if (ready < 0 && errno != EINTR) throw Error(ZT_ERROR_IO, name_ + ": poll: " + std::strerror(errno));
        if (ready > 0 && err_ >= 0 && ends[1].revents != 0) listen();
        if (ready > 0 && ends[0].revents != 0) {
            const ssize_t got = ::read(out_, static_cast<char*>(to) + done, bytes - done);
            if (got == 0) close_end(out_);
            if (got < 0 && errno != EINTR) throw Error(ZT_ERROR_IO, name_ + ": read: " + std::strerror(errno));
            if (got <= 0) continue;
            done += static_cast<size_t>(got);
            last = std::chrono::steady_clock::now();
        } else if (!with_stdin_ && std::chrono::steady_clock::now() - last > std::chrono::seconds(kStallSeconds)) {
            throw Error(ZT_ERROR_IO,
                        name_ + ": expected output within " + std::to_string(kStallSeconds) + " s, got none");
        }
    }
    return done;
}

int Child::wait() {
    close_end(out_);  // it ends by itself, or at its next write
    const auto begin = std::chrono::steady_clock::now();
    while (err_ >= 0) {
        pollfd end = {err_, POLLIN, 0};
        const int ready = poll(&end, 1, 1000);
        if (ready > 0) listen();
        if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(kStallSeconds)) {
            kill(pid_, SIGKILL);
            break;
        }
    }
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string Child::first_error() const {
    const std::string line = errors_.substr(0, errors_.find('\n'));
    return line.empty() ? "nothing" : one_line(line, kShownTextBytes);
}

}  // namespace zt::cli
