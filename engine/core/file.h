// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files that come from strangers: read with pread, never mapped (a mapped file that shrinks kills
// the process), regular files only, with the size pinned when they are opened. And files for
// others: written beside their place, synced, then renamed, so nobody ever sees half of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include "core/cancel.h"

namespace zt {

// Owns a descriptor. One thread at a time.
class Fd {
public:
    explicit Fd(int fd = -1) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept;
    ~Fd();
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept;

private:
    int fd_;
};

// A regular file opened for reading. It stays readable when its name is replaced or deleted.
// Immutable; read_exact and check_unchanged may be called by several threads at the same time.
class File {
public:
    // Follows symbolic links; refuses directories, pipes, sockets and devices without opening them.
    // Throws ZT_ERROR_NOT_FOUND when nothing is there, ZT_ERROR_IO otherwise.
    [[nodiscard]] static File open(const std::string& path);

    // The last part of the path, escaped and cut: how messages call this file.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] uint64_t size() const noexcept { return size_; }

    // Fills `out` or throws ZT_ERROR_IO; offset + out.size() must lie inside size().
    // Interrupted and short reads go on; cancel is polled per 64 MiB.
    void read_exact(uint64_t offset, std::span<std::byte> out, const Cancel* cancel = nullptr) const;

    // Throws ZT_ERROR_IO when size or modification time differ from those at open.
    void check_unchanged() const;

private:
    File(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    Fd fd_;
    std::string name_;
    uint64_t size_ = 0;
    timespec modified_{};
};

// The whole content; throws ZT_ERROR_IO when it is longer than limit_bytes.
[[nodiscard]] std::string read_whole_file(const std::string& path, uint64_t limit_bytes);
[[nodiscard]] std::string read_whole_file(const File& file, uint64_t limit_bytes);

// A file in the making. Without commit() the destructor removes it and the old content stays.
// One thread at a time.
class AtomicFile {
public:
    explicit AtomicFile(std::string path);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
    // Syncs file and folder and gives the file its name. Throws ZT_ERROR_IO.
    void commit();

private:
    [[noreturn]] void fail(const char* expected) const;

    std::string path_, temporary_;
    Fd fd_;
};

// True for a name that can only mean an entry of its folder: no separator, not "." or "..", no
// control characters, 1 to 255 bytes.
[[nodiscard]] bool is_bare_file_name(std::string_view name) noexcept;

}  // namespace zt
