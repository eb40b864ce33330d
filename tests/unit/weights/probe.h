// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What tests of readers measure with: files in memory and in a folder of their own, the process'
// peak memory, CPU time and open descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace zt::test {

// Time limits are multiplied by ZT_TEST_SLACK, and by 10 under a sanitizer.
[[nodiscard]] double time_slack();
[[nodiscard]] bool has_sanitizer() noexcept;

[[nodiscard]] double cpu_seconds();
[[nodiscard]] size_t open_descriptors();

// Peak resident memory since the last reset(), in bytes.
class PeakMemory {
public:
    void reset();
    [[nodiscard]] uint64_t rise() const;

private:
    uint64_t start_ = 0;
};

// A regular file without a folder (memfd). path() can be opened like any other.
class MemoryFile {
public:
    MemoryFile();
    explicit MemoryFile(std::string_view content) : MemoryFile() { assign(content); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile();
    void assign(std::string_view content);
    void put(size_t at, char byte);
    void resize(uint64_t bytes);
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    int fd_;
    std::string path_;
};

// A new folder below the current one, removed with its content.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    [[nodiscard]] std::string path(std::string_view name) const { return path_ + '/' + std::string(name); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    // Writes a new file, also when there is one of that name, and returns its path.
    std::string write(std::string_view name, std::string_view content) const;

private:
    std::string path_;
};

// What a call was refused with, or nothing. Exceptions other than zt::Error go through.
[[nodiscard]] std::optional<Error> refusal(const std::function<void()>& call);

// Empty if a message has the form every message must have; otherwise what is wrong with it.
[[nodiscard]] std::string message_fault(const std::string& message);

}  // namespace zt::test
