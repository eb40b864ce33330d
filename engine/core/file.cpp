// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading and writing of regular files; see file.h for what is promised.
#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "core/checked.h"
#include "core/utf8.h"

namespace zt {
namespace {

constexpr uint64_t kCancelStepBytes = 64ull << 20;
// A signal storm must not become a hang: so many interruptions in a row are an error.
constexpr int kMaxInterruptions = 10'000;

// In English whatever the host's locale is, and safe in any thread.
std::string error_text(int error) {
#if defined(__GLIBC__)
    const char* text = ::strerrordesc_np(error);
    return text != nullptr ? text : "error " + std::to_string(error);
#else
    return std::generic_category().message(error);
#endif
}

// Repeats a system call while signals interrupt it. On failure errno is set and -1 returned.
template <typename Call>
auto uninterrupted(Call call) {
    auto result = call();
    for (int i = 0; result == -1 && errno == EINTR && i < kMaxInterruptions; ++i) result = call();
    return result;
}

const char* kind_of(mode_t mode) noexcept {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    return "something else";
}

[[noreturn]] void fail_open(const std::string& path, int error) {
    if (error == ENOMEM) {
        throw Error(ZT_ERROR_MEMORY, quote(path) + ": expected memory to open it, got none");
    }
    const bool missing = error == ENOENT || error == ENOTDIR;
    throw Error(missing ? ZT_ERROR_NOT_FOUND : ZT_ERROR_IO,
                quote(path) + ": expected a readable file, got: " + error_text(error));
}

void require_regular(const std::string& path, mode_t mode) {
    if (S_ISREG(mode)) return;
    throw Error(ZT_ERROR_IO, quote(path) + ": expected a regular file, got " + kind_of(mode));
}

std::string file_name(const std::string& path) {
    const size_t slash = path.find_last_of('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string folder_of(const std::string& path) {
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Fd::~Fd() {
    if (fd_ >= 0) ::close(fd_);
}

int Fd::release() noexcept { return std::exchange(fd_, -1); }

File File::open(const std::string& path) {
    if (path.find('\0') != std::string::npos) {
        throw Error(ZT_ERROR_ARGUMENT, quote(path) + ": expected a path, got a NUL inside");
    }
    // Looked at before it is opened: opening a device can already move it. Looked at again after,
    // without blocking on a pipe, because the name may have been replaced in between.
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) fail_open(path, errno);
    require_regular(path, info.st_mode);
    const int fd = uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
    if (fd < 0) fail_open(path, errno);

    Fd owner(fd);
    if (::fstat(fd, &info) != 0) fail_open(path, errno);
    require_regular(path, info.st_mode);
    File file(std::move(owner), one_line(file_name(path), kShownTextBytes));
    file.size_ = narrow<uint64_t>(info.st_size).value_or(0);
    file.modified_ = info.st_mtim;
    return file;
}

void File::read_exact(uint64_t offset, std::span<std::byte> out, const Cancel* cancel) const {
    const std::optional<uint64_t> end = (CheckedSize(offset) + out.size()).get();
    if (!end || *end > size_) {
        throw Error(ZT_ERROR_IO, name_ + ": expected to read inside " + std::to_string(size_) + " bytes, got " +
                                     std::to_string(out.size()) + " at " + std::to_string(offset));
    }
    while (!out.empty()) {
        if (cancel != nullptr) cancel->poll();
        auto step = out.first(std::min<uint64_t>(out.size(), kCancelStepBytes));
        while (!step.empty()) {
            const ssize_t got =
                uninterrupted([&] { return ::pread(fd_.get(), step.data(), step.size(), static_cast<off_t>(offset)); });
            if (got <= 0) {
                const int error = got == 0 ? 0 : errno;
                const std::string reason = got == 0 ? "the end of the file" : error_text(error);
                throw Error(error == ENOMEM ? ZT_ERROR_MEMORY : ZT_ERROR_IO,
                            name_ + ": expected " + std::to_string(step.size()) + " bytes at " +
                                std::to_string(offset) + ", got: " + reason);
            }
            const auto count = static_cast<size_t>(got);
            step = step.subspan(count);
            out = out.subspan(count);
            offset += count;
        }
    }
}

void File::check_unchanged() const {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) {
        throw Error(ZT_ERROR_IO, name_ + ": expected a readable file, got: " + error_text(errno));
    }
    if (narrow<uint64_t>(info.st_size) == size_ && info.st_mtim.tv_sec == modified_.tv_sec &&
        info.st_mtim.tv_nsec == modified_.tv_nsec) {
        return;
    }
    throw Error(ZT_ERROR_IO, name_ + ": expected a file that stays as it is, got one changed while it was read");
}

std::string read_whole_file(const std::string& path, uint64_t limit_bytes) {
    return read_whole_file(File::open(path), limit_bytes);
}

std::string read_whole_file(const File& file, uint64_t limit_bytes) {
    if (file.size() > limit_bytes) {
        throw Error(ZT_ERROR_IO, file.name() + ": expected at most " + std::to_string(limit_bytes) + " bytes, got " +
                                     std::to_string(file.size()));
    }
    std::string content(file.size(), '\0');
    file.read_exact(0, std::as_writable_bytes(std::span(content)));
    return content;
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
    static std::atomic<uint32_t> counter{0};  // two writers in one process never share a name
    temporary_ = folder_of(path_) + "/." + file_name(path_) + "." + std::to_string(::getpid()) + "." +
                 std::to_string(counter.fetch_add(1)) + ".tmp";
    fd_ = Fd(uninterrupted(
        [&] { return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666); }));
    if (fd_.get() < 0) {
        // The destructor will not run; nothing was created, so there is nothing to remove.
        fail("a folder to write in");
    }
}

AtomicFile::~AtomicFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const size_t step = std::min<uint64_t>(bytes.size(), kCancelStepBytes);
        const ssize_t put = uninterrupted([&] { return ::write(fd_.get(), bytes.data(), step); });
        if (put <= 0) fail("room to write");
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
}

void AtomicFile::commit() {
    const std::string folder_path = folder_of(path_);
    if (uninterrupted([&] { return ::fsync(fd_.get()); }) != 0) fail("to reach the disk");
    // Errors of a network file system may show only when the file is closed.
    if (::close(fd_.release()) != 0 && errno != EINTR) fail("to reach the disk");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("to get its name");
    temporary_.clear();
    const Fd folder(uninterrupted([&] { return ::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    // Some file systems cannot sync a folder; the content itself is safe by now.
    if (folder.get() >= 0) ::fsync(folder.get());
}

void AtomicFile::fail(const char* expected) const {
    const std::string reason = error_text(errno);  // before anything else can change errno
    throw Error(ZT_ERROR_IO, quote(path_) + ": expected " + expected + ", got: " + reason);
}

bool is_bare_file_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 255 || name == "." || name == "..") return false;
    return std::none_of(name.begin(), name.end(), [](char c) {
        return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

}  // namespace zt
