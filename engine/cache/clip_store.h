// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The folder of clips: KEY.clip each, and KEY.<process>-<number>.part while one is written. A part is locked (flock) by
// who writes it, so that one without a writer is known; it becomes a clip by being renamed, so that nobody ever opens
// half of one as a whole. A part that its writer left or died over is a head: the frames up to there, the longest one
// of each clip. Above the folder's size the files that were used longest ago go. Several processes and threads may use
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/clip_file.h"

namespace zt::cache {

// A clip in the making; without commit() or leave() its part is removed. One thread at a time.
class PartClip {
public:
    PartClip(Fd fd, std::string part, std::string clip, const std::string& about, const Planes& planes);
    ~PartClip();
    PartClip(const PartClip&) = delete;
    PartClip& operator=(const PartClip&) = delete;
    [[nodiscard]] ClipWriter& writer() noexcept { return writer_; }
    // Throws zt::Error(IO).
    void commit();
    // What is written so far stays as a head.
    void leave() noexcept { kept_ = writer_.frames() > 0; }

private:
    ClipWriter writer_;
    const std::string part_, clip_;
    bool kept_ = false;
};

// One clip, for people.
struct Listed {
    std::string key, about;  // about: as ClipWriter got it
    uint64_t bytes = 0;
    int64_t used = 0;   // seconds since 1970
    bool whole = true;  // else a head
};

// Immutable, thread-safe.
class ClipStore {
public:
    // The folder and size of the environment: ZOETROPE_CACHE (a folder, or "off"), else zoetrope/clips in
    // XDG_CACHE_HOME or ~/.cache; ZOETROPE_CACHE_SIZE (bytes with K, M or G), else 4G. Nothing where there is none, or
    // it is off. Throws zt::Error(ARGUMENT) for a size that is none.
    [[nodiscard]] static std::optional<ClipStore> of_environment();
    ClipStore(std::string folder, uint64_t limit_bytes) : folder_(std::move(folder)), limit_(limit_bytes) {}

    [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
    [[nodiscard]] uint64_t limit_bytes() const noexcept { return limit_; }

    // A finished clip, marked as used now; a damaged one is removed and counts as none. key: hex digits.
    [[nodiscard]] std::unique_ptr<ClipReader> find(const std::string& key, const Planes& planes) const;
    // The first frames of one, where somebody left it unfinished.
    [[nodiscard]] std::unique_ptr<ClipReader> find_head(const std::string& key, const Planes& planes) const;
    [[nodiscard]] bool has(const std::string& key) const;
    // A clip that another one is writing and is not waiting for its own reader.
    [[nodiscard]] std::unique_ptr<ClipFollower> follow(const std::string& key, const Planes& planes) const;
    // Whether the clip that is followed has a living writer.
    [[nodiscard]] static bool is_written(const ClipFollower& follower);
    // Makes the folder, for this user alone. Throws zt::Error(IO).
    [[nodiscard]] std::unique_ptr<PartClip> begin(const std::string& key, const std::string& about,
                                                  const Planes& planes) const;
    // Removes what is above the size, and heads that are of no use.
    void tidy() const noexcept;

    // For people.
    [[nodiscard]] std::vector<Listed> list() const;
    // The clip and its heads.
    void remove(const std::string& key) const noexcept;

private:
    [[nodiscard]] std::string clip_path(const std::string& key) const { return folder_ + "/" + key + ".clip"; }

    std::string folder_;
    uint64_t limit_;
};

}  // namespace zt::cache
