// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The clip cache as a session's worker uses it: shots that are there already, or are being made by another session of
// any process, are read; those it makes are kept. The folder is cache/clip_store.h's, what a shot is known by
// clip_key.h's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/clip_store.h"
#include "core/cancel.h"
#include "core/log.h"
#include "pipeline/clip_key.h"
#include "pipeline/frame.h"

namespace zt::pipeline {

// The frames of a shot, in order. One thread at a time. Each function throws zt::Error(IO) where what is read is
// damaged or whoever writes it is gone or waits, and ZT_ERROR_CANCELLED.
class KeptShot {
public:
    virtual ~KeptShot() = default;
    // The length of the chunk that begins with the next frame, 0 at the end of the shot. May wait for who writes it.
    [[nodiscard]] virtual int64_t next_chunk(const Cancel& cancel) = 0;
    // The next frame's pixels and samples into a frame of the size and format that it was kept in.
    virtual void read(zt_frame& frame, const Cancel& cancel) = 0;
    // The next frame is not wanted.
    virtual void skip(const Cancel& cancel) = 0;
};

// Keeps the shot in the making, and what there is of it where the making ends early. Never throws: what the disk
// refuses is logged, and the shot is not kept.
class ShotKeeper {
public:
    ShotKeeper(std::unique_ptr<cache::PartClip> part, const cache::ClipStore& store, int64_t frames, Log log);
    ~ShotKeeper();
    ShotKeeper(const ShotKeeper&) = delete;
    ShotKeeper& operator=(const ShotKeeper&) = delete;
    // chunk_frames: of the chunk that begins with this frame, else 0. The last frame of the shot ends the file.
    void add(const zt_frame& frame, int64_t chunk_frames);
    void set_waiting(bool waiting);

private:
    template <class Do>
    void attempt_to(Do&& act);

    std::unique_ptr<cache::PartClip> part_;  // null: given up, or done
    const cache::ClipStore& store_;
    int64_t left_;
    const Log log_;
};

// Of one session. One thread at a time.
class ClipCache {
public:
    // Nothing to keep or to read where plan.cache is off or the clip is not finite.
    // threads: that compute.
    ClipCache(const Plan& plan, const families::Model& model, int threads);

    [[nodiscard]] const std::vector<KeyedShot>& shots() const noexcept { return shots_; }
    // Null where the shot must be made. What is given must not outlive the cache.
    [[nodiscard]] std::unique_ptr<KeptShot> find(const KeyedShot& shot) const;
    [[nodiscard]] std::unique_ptr<ShotKeeper> keep(const KeyedShot& shot) const;

private:
    std::optional<cache::ClipStore> store_;
    std::vector<KeyedShot> shots_;
    cache::Planes planes_;
    int sample_rate_ = 0, channels_ = 0;  // 0 without sound
    zt_rational rate_{};
    Log log_;
};

// Throws zt::Error for cache=on where nothing can be kept: an endless clip, no folder, one that is read only.
void check_cache(zt_cache cache, int64_t frames);

}  // namespace zt::pipeline
