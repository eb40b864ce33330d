// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The loop of a session's thread. For each chunk: take the prompt and settings in force, let the model generate it,
// check that it is finite, convert it to the host's pixel format, and queue its frames.
#include "pipeline/worker.h"

#include <algorithm>
#include <cfenv>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/failure.h"
#include "device/threads.h"
#include "device/worker_scope.h"
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
        if (stage != families::kLoading) turn.pass();
    };
    auto batch = generation.next(order.direction, context.cancel, tell);
    context.cancel.poll();
    const int64_t got = batch ? batch->frames : 0;
    if (got < 1 || done + got > order.frames || batch->rgb == nullptr) {
        throw Error(ZT_ERROR_INTERNAL, "generation: expected " + std::to_string(order.frames) + " frames in chunk " +
                                           std::to_string(order.chunk) + ", got " + std::to_string(done + got));
    }
    return std::move(*batch);
}

FramePtr make_frame(const WorkerContext& context, Converter& converter, const float* rgb, const ChunkOrder& order,
                    int64_t index) {
    const families::GenerationRequest& request = context.plan.generation;
    FramePtr frame(std::make_unique<zt_frame>(context.plan.format, request.width, request.height, order.tag).release());
    frame->info.pts = order.first_frame + index;
    frame->info.rate = request.rate;
    frame->info.chunk = order.chunk;
    frame->info.shot = order.shot;
    frame->info.chunk_start = index == 0 ? 1 : 0;
    frame->info.seed = order.direction.seed;
    converter.convert(rgb, frame->info.data);
    return frame;
}

// `done`: frames of the chunk before these.
void publish_piece(const WorkerContext& context, Converter& converter, std::optional<Mask>& mask, Marker& marker,
                   const std::optional<SoundCutter>& sound, const families::FrameBatch& batch, const ChunkOrder& order,
                   int64_t done) {
    const size_t samples = size_t{3} * static_cast<size_t>(context.plan.generation.width) *
                           static_cast<size_t>(context.plan.generation.height);
    // All of them first: a piece with a broken frame hands out none.
    if (!all_finite({batch.rgb, samples * static_cast<size_t>(batch.frames)})) {
        throw Error(ZT_ERROR_NUMERIC,
                    "chunk " + std::to_string(order.chunk) + ": expected finite pixels, got NaN or infinity");
    }
    const int64_t first = order.first_frame + done;
    if (sound) sound->check(batch, first, order.chunk);
    for (int64_t index = 0; index < batch.frames; ++index) {
        context.cancel.poll();
        if (first + index < context.plan.start_frame) continue;
        const float* rgb = batch.rgb + samples * static_cast<size_t>(index);
        if (mask) rgb = mask->apply(rgb);
        rgb = marker.apply(rgb, first + index);
        FramePtr frame = make_frame(context, converter, rgb, order, done + index);
        if (sound) sound->give(batch, first, first + index, *frame);
        context.queue.push(std::move(frame));
    }
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

void generate(const WorkerContext& context) {
    // A host may have set other rounding or flush-to-zero, which new threads inherit; our bytes
    // must not depend on it.
    std::fesetenv(FE_DFL_ENV);
    const int threads = context.model.limits().threads;
    const device::WorkerScope scope(threads);
    const families::GenerationRequest& request = context.plan.generation;
    const auto generation = context.model.begin(request);
    Converter converter(context.plan.format, request.width, request.height);
    std::optional<Mask> mask;
    if (context.plan.mask)
        mask.emplace(*beginning(request.images), *context.plan.mask, request.fit, request.width, request.height);
    Marker marker(context.plan.marking, request.width, request.height, request.rate, context.model.sha256());
    std::optional<SoundCutter> sound;
    if (request.sound) sound.emplace(context.model.limits(), request.rate);
    Turn turn(context.turnstile, places_of(context.model, device::threads_for(threads)), context.cancel);

    for (int64_t chunk = 0, frames = 0; (frames = next_chunk(context, *generation)) > 0; ++chunk) {
        context.progress.stage("wait", 0, 0);
        if (!context.queue.wait_to_begin(chunk)) break;
        context.progress.begin_chunk(frames);
        turn.take();  // the chunk begins with it, and so do the changes asked for until then
        const ChunkOrder order = context.steering.begin_chunk(frames, generation->cut_frames());
        for (int64_t done = 0; done < order.frames;) {
            const families::FrameBatch batch = make_piece(context, *generation, order, done, turn);
            publish_piece(context, converter, mask, marker, sound, batch, order, done);
            done += batch.frames;
        }
        if (order.first_frame + order.frames <= context.plan.start_frame) context.queue.skip_chunk(chunk);
        turn.give_back();
        context.progress.end_chunk(order.frames);
    }
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
