// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Measuring and making files for tests; see probe.h.
#include "probe.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace zt::test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// A line of /proc/self/status in bytes.
uint64_t status_bytes(std::string_view key) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10) * 1024;
    }
    return 0;
}

}  // namespace

bool has_sanitizer() noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer);
#else
    return false;
#endif
}

double time_slack() {
    const char* text = std::getenv("ZT_TEST_SLACK");
    return (text == nullptr ? 1.0 : std::strtod(text, nullptr)) * (has_sanitizer() ? 10.0 : 1.0);
}

double cpu_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

size_t open_descriptors() {
    const std::filesystem::directory_iterator folder("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

void PeakMemory::reset() {
    std::ofstream("/proc/self/clear_refs") << '5';  // proc(5): resets the peak
    start_ = status_bytes("VmHWM:");
}

uint64_t PeakMemory::rise() const {
    const uint64_t peak = status_bytes("VmHWM:");
    return peak > start_ ? peak - start_ : 0;
}

MemoryFile::MemoryFile() : fd_(::memfd_create("m.safetensors", MFD_CLOEXEC)) {
    if (fd_ < 0) fail("memfd_create");
    path_ = "/proc/self/fd/" + std::to_string(fd_);
}

MemoryFile::~MemoryFile() { ::close(fd_); }

void MemoryFile::assign(std::string_view content) {
    resize(0);
    while (!content.empty()) {
        const ssize_t put = ::pwrite(fd_, content.data(), content.size(), ::lseek(fd_, 0, SEEK_END));
        if (put <= 0) fail("pwrite");
        content.remove_prefix(static_cast<size_t>(put));
    }
}

void MemoryFile::put(size_t at, char byte) {
    if (::pwrite(fd_, &byte, 1, static_cast<off_t>(at)) != 1) fail("pwrite");
}

void MemoryFile::resize(uint64_t bytes) {
    if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) fail("ftruncate");
}

TemporaryFolder::TemporaryFolder() : path_("weights-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) fail("mkdtemp");
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(std::string_view name, std::string_view content) const {
    ::unlink(path(name).c_str());
    std::ofstream file(path(name), std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file) fail("write");
    return path(name);
}

std::optional<Error> refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

std::string message_fault(const std::string& message) {
    if (message.find(": ") == std::string::npos) return "names nothing";
    if (message.find("expected ") == std::string::npos) return "says not what was expected";
    if (message.find("got") == std::string::npos) return "says not what it got";
    for (char c : message) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "has a control character";
    }
    return message.size() > 1200 ? "is long" : "";
}

}  // namespace zt::test
