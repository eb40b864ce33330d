// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The loop of a session's thread. For each chunk: take the prompt and settings in force, let the model generate it,
// check that it is finite, convert it to the host's pixel format, and queue its frames. Shots that the clip cache has
// are read instead; where they cannot be read to their end, the model makes them from their beginning, and the frames
// that were given already are left out.
#include "pipeline/worker.h"

#include <algorithm>
#include <cfenv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/failure.h"
#include "device/threads.h"
#include "device/worker_scope.h"
#include "pipeline/clip_cache.h"
#include "pipeline/color.h"
#include "pipeline/marking.h"
#include "pipeline/mask.h"
#include "pipeline/sound.h"

namespace zt::pipeline {

namespace {

// The next frames of a chunk of which `done` are made: all others, or some.
families::FrameBatch make_piece(const WorkerContext& context, families::Generation& generation, const ChunkOrder& order,
                                int64_t done, Turn& turn) {
    const families::ProgressFn tell = [&](const char* stage, int step, int steps) {
        context.progress.stage(stage, step, steps);
        if (stage == families::kWaiting)
            turn.give_way();
        else if (stage != families::kLoading)
            turn.pass();
    };
    auto batch = generation.next(order.direction, context.cancel, tell);
    context.cancel.poll();
    const int64_t got = batch ? batch->frames : 0;
    if (got < 1 || done + got > order.frames || batch->rgb == nullptr) {
        throw Error(ZT_ERROR_INTERNAL, "generation: expected " + std::to_string(order.frames) + " frames in chunk " +
                                           std::to_string(order.chunk) + ", got " + std::to_string(done + got));
    }
    if (context.plan.generation.cutout && batch->alpha == nullptr)
        throw Error(ZT_ERROR_INTERNAL, "generation: expected alpha beside a cutout, got none");
    return std::move(*batch);
}

FramePtr make_frame(const WorkerContext& context, const ChunkOrder& order, int64_t index) {
    const families::GenerationRequest& request = context.plan.generation;
    FramePtr frame(
        std::make_unique<zt_frame>(context.plan.format, request.width, request.height, order.tag, request.cutout)
            .release());
    frame->info.pts = order.first_frame + index;
    frame->info.rate = request.rate;
    frame->info.chunk = order.chunk;
    frame->info.shot = order.shot;
    frame->info.chunk_start = index == 0 ? 1 : 0;
    frame->info.seed = order.direction.seed;
    return frame;
}

// How many frames the next chunk has. It ends where a shot begins.
int64_t next_chunk(const WorkerContext& context, families::Generation& generation) {
    const int64_t most = context.steering.most_frames();
    generation.limit_next(most);
    const int64_t frames = generation.next_frames(), longer = std::max(frames, generation.cut_frames());
    if (longer > most)
        throw Error(ZT_ERROR_INTERNAL, "generation: expected at most " + std::to_string(most) +
                                           " frames up to the next shot, got " + std::to_string(longer));
    return frames;
}

// A chunk that was read, or begun to be: what the model must make again to go on behind it.
struct Passed {
    ChunkOrder order;
    int64_t most;          // see Generation::limit_next
    bool counted = false;  // all of it was given
};

class Work {
public:
    explicit Work(const WorkerContext& context)
        : context_(context), cache_(context.plan, context.model, device::threads_for(context.model.limits().threads)),
          converter_(context.plan.format, context.plan.generation.width, context.plan.generation.height,
                     context.plan.generation.cutout),
          marker_(context.plan.marking, context.plan.generation.width, context.plan.generation.height,
                  context.plan.generation.rate, context.model.sha256()),
          alone_(context.model.limits().shots_alone && !context.plan.generation.morph),
          give_from_(context.plan.start_frame) {
        const families::GenerationRequest& request = context.plan.generation;
        if (context.plan.mask)
            mask_.emplace(*beginning(request.images), *context.plan.mask, request.fit, request.width, request.height);
        if (request.sound) sound_.emplace(context.model.limits(), request.rate);
    }

    void run() {
        while (shot_ < cache_.shots().size() && (pass_unmade() || read_shot())) ++shot_;
        if (!cache_.shots().empty() && shot_ == cache_.shots().size()) return;  // nothing is left to make
        make_rest();
    }

private:
    [[nodiscard]] const KeyedShot* shot() const {
        return shot_ < cache_.shots().size() ? &cache_.shots()[shot_] : nullptr;
    }

    // ---- From the cache ----

    // The next shot, where it ends before start_frame and nothing depends on it.
    bool pass_unmade() {
        if (!alone_ || shot()->first_frame + shot()->frames > context_.plan.start_frame) return false;
        const auto order = context_.steering.begin_kept_chunk(shot()->frames);
        if (!order) return false;
        ++next_chunk_;
        context_.progress.begin_chunk(order->frames);
        pass_unseen(*order);
        context_.progress.end_chunk(order->frames);
        return true;
    }

    // The next shot; false where it is not there or not to its end.
    bool read_shot() {
        if (alone_) passed_.clear();
        const std::unique_ptr<KeptShot> kept = cache_.find(*shot());
        if (kept == nullptr) return false;
        context_.plan.generation.log(ZT_LOG_VERBOSE, "cache: frames " + std::to_string(shot()->first_frame) + " to " +
                                                         std::to_string(shot()->first_frame + shot()->frames - 1) +
                                                         " were made before");
        try {
            context_.progress.stage("read", 0, 0);
            for (int64_t frames = 0; (frames = kept->next_chunk(context_.cancel)) > 0;)
                if (!read_chunk(*kept, frames)) return false;
            return true;
        } catch (const Error& error) {
            if (error.status() != ZT_ERROR_IO) throw;
            // Not before the host waits: a beginning may be all that it looks at.
            if (!context_.queue.wait_to_begin(INT64_MAX)) context_.cancel.poll();
            context_.plan.generation.log(ZT_LOG_VERBOSE, std::string(error.what()) + "; made anew");
            return false;
        }
    }

    // False where something was changed by hand: from here on the model is asked.
    bool read_chunk(KeptShot& kept, int64_t frames) {
        if (!context_.queue.wait_to_begin(next_chunk_)) context_.cancel.poll();
        const int64_t most = context_.steering.most_frames();
        const auto order = context_.steering.begin_kept_chunk(frames);
        if (!order) return false;
        ++next_chunk_;
        passed_.push_back({*order, most});
        context_.progress.begin_chunk(frames);
        for (int64_t index = 0; index < frames; ++index) {
            context_.cancel.poll();
            if (order->first_frame + index < give_from_) {
                kept.skip(context_.cancel);
                continue;
            }
            FramePtr frame = make_frame(context_, *order, index);
            kept.read(*frame, context_.cancel);
            give(std::move(frame));
        }
        pass_unseen(*order);
        context_.progress.end_chunk(frames);
        passed_.back().counted = true;
        return true;
    }

    void give(FramePtr frame) {
        give_from_ = frame->info.pts + 1;
        context_.queue.push(std::move(frame));
    }

    // Of a chunk before start_frame the reader gets nothing, so it is past it.
    void pass_unseen(const ChunkOrder& order) {
        if (order.first_frame + order.frames <= context_.plan.start_frame) context_.queue.skip_chunk(order.chunk);
    }

    // ---- From the model ----

    void make_rest() {
        const families::Limits& limits = context_.model.limits();
        const device::WorkerScope scope(limits.threads);
        const auto generation = context_.model.begin(context_.plan.generation);
        Turn turn(context_.turnstile, places_of(context_.model, device::threads_for(limits.threads)), context_.cancel);
        if (alone_)
            for (size_t i = 0; i < shot_; ++i) leave_out(*generation, cache_.shots()[i]);
        for (;;) {
            make_passed(*generation, turn);
            const int64_t frames = next_chunk(context_, *generation);
            if (frames == 0) break;
            if (alone_ && shot() != nullptr && next_frame_ == shot()->first_frame && read_shot()) {
                leave_out(*generation, *shot());
                passed_.clear();
                ++shot_;
                continue;
            }
            if (passed_.empty()) make_next(*generation, turn, frames);  // else a part of it was read
        }
        context_.cancel.poll();
    }

    void leave_out(families::Generation& generation, const KeyedShot& shot) {
        generation.skip(shot.frames);
        next_frame_ = shot.first_frame + shot.frames;
    }

    // What was read and cannot be gone on from: the model makes it again, up to where it stopped.
    void make_passed(families::Generation& generation, Turn& turn) {
        for (const Passed& passed : std::exchange(passed_, {})) {
            generation.limit_next(passed.most);
            context_.progress.begin_chunk(passed.order.frames);
            turn.take();
            make_chunk(generation, passed.order, turn);
            turn.give_back();
            pass_unseen(passed.order);
            if (!passed.counted) context_.progress.end_chunk(passed.order.frames);
        }
    }

    void make_next(families::Generation& generation, Turn& turn, int64_t frames) {
        const int64_t chunk = next_chunk_++;
        context_.progress.stage(families::kWaiting.data(), 0, 0);
        if (keeper_) keeper_->set_waiting(true);
        if (!context_.queue.wait_to_begin(chunk)) context_.cancel.poll();
        if (keeper_) keeper_->set_waiting(false);
        context_.progress.begin_chunk(frames);
        turn.take();  // the chunk begins with it, and so do the changes asked for until then
        const ChunkOrder order = context_.steering.begin_chunk(frames, generation.cut_frames());
        make_chunk(generation, order, turn);
        pass_unseen(order);
        turn.give_back();
        context_.progress.end_chunk(order.frames);
    }

    void make_chunk(families::Generation& generation, const ChunkOrder& order, Turn& turn) {
        if (order.steered) keeper_.reset();
        if (!order.steered && shot() != nullptr && order.first_frame == shot()->first_frame)
            keeper_ = cache_.keep(*shot());
        for (int64_t done = 0; done < order.frames;) {
            const families::FrameBatch batch = make_piece(context_, generation, order, done, turn);
            publish_piece(batch, order, done);
            done += batch.frames;
        }
        next_frame_ = order.first_frame + order.frames;
        if (shot() != nullptr && next_frame_ == shot()->first_frame + shot()->frames) keeper_.reset(), ++shot_;
    }

    // `done`: frames of the chunk before these.
    void publish_piece(const families::FrameBatch& batch, const ChunkOrder& order, int64_t done) {
        const families::GenerationRequest& request = context_.plan.generation;
        const size_t pixels = static_cast<size_t>(request.width) * static_cast<size_t>(request.height);
        const auto frames = static_cast<size_t>(batch.frames);
        // All of them first: a piece with a broken frame hands out none.
        if (!all_finite({batch.rgb, 3 * pixels * frames}) ||
            (request.cutout && !all_finite({batch.alpha, pixels * frames}))) {
            throw Error(ZT_ERROR_NUMERIC,
                        "chunk " + std::to_string(order.chunk) + ": expected finite pixels, got NaN or infinity");
        }
        const int64_t first = order.first_frame + done;
        if (sound_) sound_->check(batch, first, order.chunk);
        for (int64_t index = 0; index < batch.frames; ++index) {
            context_.cancel.poll();
            const bool wanted = first + index >= give_from_;
            if (!wanted && keeper_ == nullptr) continue;
            Marker::Picture picture{batch.rgb + 3 * pixels * static_cast<size_t>(index)};
            if (request.cutout) picture.alpha = batch.alpha + pixels * static_cast<size_t>(index);
            if (mask_) picture.rgb = mask_->apply(picture.rgb);
            picture = marker_.apply(picture, first + index);
            FramePtr frame = make_frame(context_, order, done + index);
            converter_.convert(picture.rgb, frame->info.data, picture.alpha);
            if (sound_) sound_->give(batch, first, first + index, *frame);
            if (keeper_) keeper_->add(*frame, done + index == 0 ? order.frames : 0);
            if (wanted) give(std::move(frame));
        }
    }

    const WorkerContext& context_;
    const ClipCache cache_;
    Converter converter_;
    Marker marker_;
    std::optional<Mask> mask_;
    std::optional<SoundCutter> sound_;
    const bool alone_;  // a shot can be made without those before it
    size_t shot_ = 0;   // of cache_.shots(): the next to be read, or the one in the making
    std::unique_ptr<ShotKeeper> keeper_;
    std::vector<Passed> passed_;
    int64_t next_chunk_ = 0, next_frame_ = 0;
    int64_t give_from_;  // the first frame that the reader has not got
};

void generate(const WorkerContext& context) {
    // A host may have set other rounding or flush-to-zero, which new threads inherit; our bytes
    // must not depend on it.
    std::fesetenv(FE_DFL_ENV);
    Work(context).run();
    context.cancel.poll();
}

}  // namespace

void run_worker(const WorkerContext& context) noexcept {
    std::optional<Failure> failure = attempt([&] { generate(context); });
    context.steering.close();
    context.progress.finish();
    context.queue.finish(std::move(failure));
}

}  // namespace zt::pipeline
