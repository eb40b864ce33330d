// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See clip_store.h.
#include "cache/clip_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <set>
#include <system_error>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"

namespace zt::cache {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kDefaultBytes = uint64_t{4} << 30;
constexpr int64_t kNewSeconds = 60;  // a part this young may be about to be locked
constexpr const char *kClip = ".clip", *kPart = ".part";

std::string from_environment(const char* name) {
    const char* text = std::getenv(name);
    return text != nullptr ? text : "";
}

Fd open_for_reading(const std::string& path) { return Fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)); }

// A lock that the descriptor has until it is closed; never waits.
bool try_lock(int fd, int how) { return flock(fd, how | LOCK_NB) == 0; }

struct Found {
    fs::path path;
    uint64_t bytes = 0;
    int64_t used = 0;
};
std::vector<Found> files_with(const std::string& folder, const char* extension, const std::string& prefix = "") {
    std::vector<Found> found;
    std::error_code ignored;
    for (fs::directory_iterator at(folder, ignored), end; at != end; at.increment(ignored)) {
        const fs::path& path = at->path();
        struct stat status {};
        if (path.extension() != extension || !path.filename().string().starts_with(prefix) ||
            lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        found.push_back({path, static_cast<uint64_t>(status.st_size), static_cast<int64_t>(status.st_mtim.tv_sec)});
    }
    return found;
}

// Every part that is not being written, the longest first. One of no bytes may be about to be locked.
std::vector<Found> heads_of(const std::string& folder, const std::string& prefix) {
    std::vector<Found> heads;
    for (Found& part : files_with(folder, kPart, prefix)) {
        const Fd fd = open_for_reading(part.path.string());
        const bool old = part.bytes > 0 || part.used < std::time(nullptr) - kNewSeconds;
        if (fd.get() >= 0 && old && try_lock(fd.get(), LOCK_SH)) heads.push_back(std::move(part));
    }
    std::sort(heads.begin(), heads.end(), [](const Found& a, const Found& b) { return a.bytes > b.bytes; });
    return heads;
}

std::string key_of(const Found& file) {
    const std::string name = file.path.filename().string();
    return name.substr(0, name.find('.'));
}

// Marks it as used now.
Fd use(const fs::path& path) {
    Fd fd = open_for_reading(path.string());
    if (fd.get() >= 0) futimens(fd.get(), nullptr);
    return fd;
}

}  // namespace

// ---- A clip in the making ----

PartClip::PartClip(Fd fd, std::string part, std::string clip, const std::string& about, const Planes& planes)
    : writer_(std::move(fd), about, planes), part_(std::move(part)), clip_(std::move(clip)) {}

PartClip::~PartClip() {
    if (!kept_) unlink(part_.c_str());
}

void PartClip::commit() {
    writer_.finish();
    if (rename(part_.c_str(), clip_.c_str()) != 0)
        throw Error(ZT_ERROR_IO, std::string("cache: expected to keep a clip, got ") + std::strerror(errno));
    kept_ = true;
}

// ---- The folder ----

std::optional<ClipStore> ClipStore::of_environment() {
    std::string folder = from_environment("ZOETROPE_CACHE");
    if (folder == "off") return std::nullopt;
    if (folder.empty()) {
        const std::string cache = from_environment("XDG_CACHE_HOME"), home = from_environment("HOME");
        if (cache.starts_with('/'))
            folder = cache + "/zoetrope/clips";
        else if (home.starts_with('/'))
            folder = home + "/.cache/zoetrope/clips";
        else
            return std::nullopt;
    }
    uint64_t limit = kDefaultBytes;
    if (const std::string size = from_environment("ZOETROPE_CACHE_SIZE"); !size.empty()) {
        const auto bytes = parse_bytes(size);
        if (!bytes || *bytes < 0)
            throw Error(ZT_ERROR_ARGUMENT, "ZOETROPE_CACHE_SIZE: expected bytes with K, M or G, got " + quote(size));
        limit = static_cast<uint64_t>(*bytes);
    }
    return ClipStore(folder, limit);
}

bool ClipStore::has(const std::string& key) const { return access(clip_path(key).c_str(), R_OK) == 0; }

std::unique_ptr<ClipReader> ClipStore::find(const std::string& key, const Planes& planes) const {
    Fd fd = use(clip_path(key));
    if (fd.get() < 0) return nullptr;
    try {
        return std::make_unique<ClipReader>(std::move(fd), planes);
    } catch (const Error&) {
        remove(key);
        return nullptr;
    }
}

std::unique_ptr<ClipReader> ClipStore::find_head(const std::string& key, const Planes& planes) const {
    for (const Found& head : heads_of(folder_, key + ".")) {
        Fd fd = use(head.path);
        if (fd.get() < 0) continue;
        try {
            auto reader = std::make_unique<ClipReader>(std::move(fd), planes, ClipReader::Extent::kHead);
            if (!reader->index().empty()) return reader;
        } catch (const Error&) {  // not even its beginning is right
        }
        unlink(head.path.c_str());
    }
    return nullptr;
}

std::unique_ptr<ClipFollower> ClipStore::follow(const std::string& key, const Planes& planes) const {
    for (const Found& part : files_with(folder_, kPart, key + ".")) {
        Fd fd = open_for_reading(part.path.string());
        if (fd.get() < 0) continue;
        try {
            auto follower = std::make_unique<ClipFollower>(std::move(fd), planes);
            if (is_written(*follower) && !follower->writer_waits()) return follower;
        } catch (const Error&) {  // nothing is in it yet, or it is broken
            continue;
        }
    }
    return nullptr;
}

bool ClipStore::is_written(const ClipFollower& follower) {
    if (!try_lock(follower.fd(), LOCK_SH)) return true;
    flock(follower.fd(), LOCK_UN);
    return false;
}

std::unique_ptr<PartClip> ClipStore::begin(const std::string& key, const std::string& about,
                                           const Planes& planes) const {
    static std::atomic<int> count{0};
    std::error_code error;
    if (!fs::is_directory(folder_, error) && fs::create_directories(folder_, error))
        fs::permissions(folder_, fs::perms::owner_all, error);
    const std::string part =
        folder_ + "/" + key + "." + std::to_string(getpid()) + "-" + std::to_string(count++) + kPart;
    Fd fd(open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0)
        throw Error(ZT_ERROR_IO, "cache: expected a folder to write to, got " + quote(folder_) + " (" +
                                     std::strerror(errno) + "); ZOETROPE_CACHE names another, or cache=off");
    flock(fd.get(), LOCK_EX);  // at most for the moment in which another process looks whether it is locked
    return std::make_unique<PartClip>(std::move(fd), part, clip_path(key), about, planes);
}

void ClipStore::tidy() const noexcept {
    try {
        std::vector<Found> clips = files_with(folder_, kClip);
        std::set<std::string> keys;
        for (const Found& clip : clips) keys.insert(key_of(clip));
        for (Found& head : heads_of(folder_, "")) {
            if (head.bytes > 0 && keys.insert(key_of(head)).second)
                clips.push_back(std::move(head));
            else
                unlink(head.path.c_str());  // the clip is there, or a longer head
        }
        std::sort(clips.begin(), clips.end(), [](const Found& a, const Found& b) { return a.used > b.used; });
        uint64_t kept = 0;
        for (const Found& clip : clips) {
            kept += clip.bytes;
            if (kept > limit_) unlink(clip.path.c_str());
        }
    } catch (const std::exception&) {  // no memory for the lists: another time
    }
}

std::vector<Listed> ClipStore::list() const {
    std::vector<Listed> all;
    std::vector<Found> files = files_with(folder_, kClip);
    for (Found& head : heads_of(folder_, "")) files.push_back(std::move(head));
    for (const Found& clip : files) {
        Listed one{key_of(clip), {}, clip.bytes, clip.used, clip.path.extension() == kClip};
        const Fd fd = open_for_reading(clip.path.string());
        try {
            if (fd.get() >= 0) one.about = read_about(fd.get());
        } catch (const Error&) {  // told as damaged by the empty description
        }
        all.push_back(std::move(one));
    }
    std::sort(all.begin(), all.end(), [](const Listed& a, const Listed& b) { return a.used > b.used; });
    return all;
}

void ClipStore::remove(const std::string& key) const noexcept {
    unlink(clip_path(key).c_str());
    try {
        for (const Found& head : heads_of(folder_, key + ".")) unlink(head.path.c_str());
    } catch (const std::exception&) {  // no memory for the list: another time
    }
}

}  // namespace zt::cache
