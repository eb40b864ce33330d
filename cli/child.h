// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Another program that is read from: started by its arguments, without a shell.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace zt::cli {

// One thread at a time. The standard input of the child is ours where `with_stdin`, else empty; file descriptors that
// are not closed on exec stay open in it.
class Child {
public:
    // arguments: the program, looked for in PATH, and what follows. Throws ZT_ERROR_NOT_FOUND, naming the program,
    // where it is not there, ZT_ERROR_IO where it cannot be started.
    Child(const std::vector<std::string>& arguments, bool with_stdin);
    ~Child();  // kills it if it still runs
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Up to `bytes` of its standard output; fewer at its end. Throws ZT_ERROR_IO when nothing comes for kStallSeconds,
    // unless it waits for our standard input, which may come from something slow.
    [[nodiscard]] size_t read(void* to, size_t bytes);
    // Waits for its end: its exit status, -1 for a signal. After read() gave fewer than asked for.
    int wait();
    // The first line it wrote to its standard error, made printable: what comes after it follows from it.
    [[nodiscard]] std::string first_error() const;

    static constexpr int kStallSeconds = 30;

private:
    void listen();

    const std::string name_;
    const bool with_stdin_;
    pid_t pid_ = -1;
    int out_ = -1, err_ = -1;
    std::string errors_;  // its first few KiB
};

}  // namespace zt::cli
