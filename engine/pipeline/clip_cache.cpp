// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See clip_cache.h.
#include "pipeline/clip_cache.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/frame_time.h"
#include "core/utf8.h"
#include "pipeline/kept_planes.h"

namespace zt::pipeline {
namespace {

using cache::ClipFollower;
using cache::ClipReader;
using cache::Entry;
using Clock = std::chrono::steady_clock;

// How often a clip in the making is looked at; how long its writer may wait for its own reader before we make the clip
// ourselves: that reader may be waiting for us.
constexpr std::chrono::milliseconds kLook{10}, kPatience{500};

// Where the sound of a frame is within the clip; of a mute clip all is 0.
struct SoundPlace {
    int sample_rate, channels;
    zt_rational rate;
    [[nodiscard]] int64_t before(int64_t frame) const {
        return sample_rate == 0 ? 0 : zt_samples_before(frame, sample_rate, rate.num, rate.den);
    }
    void prepare(zt_frame& frame) const {
        zt_frame_info& info = frame.info;
        if (sample_rate == 0) return;
        info.sample_rate = sample_rate;
        info.channels = channels;
        info.first_sample = before(info.pts);
        info.sample_count = before(info.pts + 1) - info.first_sample;
        frame.sound.resize(static_cast<size_t>(info.sample_count * channels));
        info.samples = frame.sound.data();
    }
};

void check_sound(const zt_frame& frame, const Entry& entry) {
    if (frame.sound.size() != entry.samples)
        throw Error(ZT_ERROR_IO, "cache: expected " + std::to_string(frame.sound.size()) +
                                     " samples beside a frame, got " + std::to_string(entry.samples));
}

class ReadShot final : public KeptShot {
public:
    // frames: of the shot, of which the reader may have the first only.
    ReadShot(const cache::ClipStore& store, const KeyedShot& shot, std::unique_ptr<ClipReader> reader, SoundPlace sound)
        : store_(store), key_(shot.key), frames_(shot.frames), reader_(std::move(reader)), sound_(sound) {}
    int64_t next_chunk(const Cancel&) override { return next_ < frames_ ? entry().chunk_frames : 0; }
    void read(zt_frame& frame, const Cancel&) override {
        sound_.prepare(frame);
        check_there();
        try {
            check_sound(frame, entry());
            reader_->read(next_, kept_data(frame), frame.sound);
        } catch (const Error&) {
            store_.remove(key_);  // damaged: it is made anew, and kept
            throw;
        }
        next_++;
    }
    void skip(const Cancel&) override { next_++; }

    // Chunks lie end to end and give the shot together; of a head the last one may be cut.
    [[nodiscard]] bool fits(ClipReader::Extent extent) const {
        const std::vector<Entry>& index = reader_->index();
        size_t at = 0;
        while (at < index.size() && index[at].chunk_frames > 0) at += index[at].chunk_frames;
        if (extent == ClipReader::Extent::kHead) return at >= index.size() && static_cast<int64_t>(at) <= frames_;
        return at == index.size() && std::ssize(index) == frames_;
    }

private:
    void check_there() const {
        if (next_ >= std::ssize(reader_->index()))
            throw Error(ZT_ERROR_IO, "cache: expected the whole clip, got its first " +
                                         std::to_string(reader_->index().size()) + " frames");
    }
    [[nodiscard]] const Entry& entry() const {
        check_there();
        return reader_->index()[static_cast<size_t>(next_)];
    }

    const cache::ClipStore& store_;
    const std::string key_;
    const int64_t frames_;
    std::unique_ptr<ClipReader> reader_;
    const SoundPlace sound_;
    int64_t next_ = 0;
};

class FollowedShot final : public KeptShot {
public:
    FollowedShot(std::unique_ptr<ClipFollower> follower, int64_t frames, SoundPlace sound)
        : follower_(std::move(follower)), left_(frames), sound_(sound) {}
    int64_t next_chunk(const Cancel& cancel) override {
        if (left_ == 0) return 0;
        const int64_t frames = wait(cancel).chunk_frames;
        if (frames < 1 || frames > left_) throw Error(ZT_ERROR_IO, "cache: expected a chunk of the shot, got another");
        return frames;
    }
    void read(zt_frame& frame, const Cancel& cancel) override {
        sound_.prepare(frame);
        check_sound(frame, wait(cancel));
        follower_->read(kept_data(frame), frame.sound);
        left_--;
    }
    void skip(const Cancel&) override {
        throw Error(ZT_ERROR_IO, "cache: expected a finished clip to begin inside of, got one in the making");
    }

private:
    Entry wait(const Cancel& cancel) {
        const auto waits = [this] { return follower_->writer_waits(); };
        auto patient = Clock::now();
        for (Entry entry;; std::this_thread::sleep_for(kLook)) {
            cancel.poll();
            const bool lives = cache::ClipStore::is_written(*follower_);  // asked first: it may finish and close then
            switch (follower_->next(entry)) {
                case ClipFollower::Next::kFrame: return entry;
                case ClipFollower::Next::kEnd: throw Error(ZT_ERROR_IO, "cache: expected more frames, got the end");
                case ClipFollower::Next::kNotYet: break;
            }
            if (!lives) throw Error(ZT_ERROR_IO, "cache: expected somebody who writes the clip, got none");
            if (!waits()) patient = Clock::now();
            if (Clock::now() - patient > kPatience)
                throw Error(ZT_ERROR_IO, "cache: expected the clip's writer at work, got one that waits");
        }
    }

    std::unique_ptr<ClipFollower> follower_;
    int64_t left_;
    const SoundPlace sound_;
};

}  // namespace

// ---- Keeping ----

ShotKeeper::ShotKeeper(std::unique_ptr<cache::PartClip> part, const cache::ClipStore& store, int64_t frames, Log log)
    : part_(std::move(part)), store_(store), left_(frames), log_(std::move(log)) {}

ShotKeeper::~ShotKeeper() {
    if (part_ == nullptr) return;
    part_->leave();
    part_.reset();
    store_.tidy();
}

template <class Do>
void ShotKeeper::attempt_to(Do&& act) {
    if (part_ == nullptr) return;
    try {
        act();
    } catch (const Error& error) {
        log_(ZT_LOG_WARNING, std::string(error.what()) + "; this clip is not kept");
        part_.reset();
    }
}

void ShotKeeper::add(const zt_frame& frame, int64_t chunk_frames) {
    attempt_to([&] {
        part_->writer().append(kept_data(frame), frame.sound, static_cast<uint32_t>(chunk_frames));
        if (part_->writer().bytes() > store_.limit_bytes()) {
            log_(ZT_LOG_INFO, "cache: the clip is larger than ZOETROPE_CACHE_SIZE and is not kept");
            part_.reset();
        } else if (--left_ == 0) {
            part_->commit();
            part_.reset();
            store_.tidy();
        }
    });
}

void ShotKeeper::set_waiting(bool waiting) {
    attempt_to([&] { part_->writer().set_waiting(waiting); });
}

// ---- The cache of a session ----

ClipCache::ClipCache(const Plan& plan, const families::Model& model, int threads)
    : rate_(plan.generation.rate), log_(plan.generation.log) {
    const bool wanted =
        plan.cache == ZT_CACHE_ON || (plan.cache == ZT_CACHE_AUTO && !plan.seed_drawn && !model.sha256().empty());
    if (!wanted || plan.generation.frames < 0) return;
    store_ = cache::ClipStore::of_environment();
    if (!store_) return;
    planes_ = kept_planes(plan.format, plan.generation.width, plan.generation.height, plan.generation.cutout);
    if (plan.generation.sound) sample_rate_ = model.limits().sample_rate, channels_ = model.limits().channels;
    shots_ = keyed_shots(plan, model, plan.model_identity, threads);
}

std::unique_ptr<KeptShot> ClipCache::find(const KeyedShot& shot) const {
    const SoundPlace sound{sample_rate_, channels_, rate_};
    if (auto reader = store_->find(shot.key, planes_)) {
        auto kept = std::make_unique<ReadShot>(*store_, shot, std::move(reader), sound);
        if (kept->fits(ClipReader::Extent::kWhole)) return kept;
        store_->remove(shot.key);
    }
    if (auto follower = store_->follow(shot.key, planes_))
        return std::make_unique<FollowedShot>(std::move(follower), shot.frames, sound);
    if (auto reader = store_->find_head(shot.key, planes_)) {
        auto kept = std::make_unique<ReadShot>(*store_, shot, std::move(reader), sound);
        if (kept->fits(ClipReader::Extent::kHead)) return kept;
        store_->remove(shot.key);
    }
    return nullptr;
}

std::unique_ptr<ShotKeeper> ClipCache::keep(const KeyedShot& shot) const {
    if (store_->has(shot.key)) return nullptr;
    try {
        return std::make_unique<ShotKeeper>(store_->begin(shot.key, shot.about, planes_), *store_, shot.frames, log_);
    } catch (const Error& error) {
        log_(ZT_LOG_WARNING, std::string(error.what()) + "; this clip is not kept");
        return nullptr;
    }
}

void check_cache(zt_cache cache, int64_t frames) {
    if (cache != ZT_CACHE_ON) return;
    if (frames < 0) throw Error(ZT_ERROR_ARGUMENT, "cache: expected auto or off for a clip without end, got on");
    const auto store = cache::ClipStore::of_environment();
    if (!store)
        throw Error(ZT_ERROR_ARGUMENT,
                    "cache: expected auto or off where ZOETROPE_CACHE is off or no HOME is set, got on");
    std::error_code error;
    std::filesystem::create_directories(store->folder(), error);
    if (access(store->folder().c_str(), W_OK | X_OK) != 0)
        throw Error(ZT_ERROR_IO, "cache: expected a folder to write to, got " + quote(store->folder()));
}

}  // namespace zt::pipeline
