// SPDX-License-Identifier: LGPL-2.1-or-later
//
// pipeline_stage - a whole generation through the C API, for tests/parity and tests/bench:
//   parity_pipeline clip IN OUT model=PATH prompt=TEXT [any option of the table=value]...
// IN may hold "image" [height, width, 3] u8, the first picture, "last", the last, and "history", the frame before the
// clip. OUT: "frames" [n, height, width, 3] u8, "seconds" [n] fp64, when each frame was read, from the start of the
// process; "sound" [samples, channels] fp32, with sound=1; "events" [m, 2] fp64, when each (stage, step) began: 0 load,
// 1 text, 2 denoise, 3 decode; "peak_kib" [1] fp64; "memory" [k, 2] fp64, the peak in KiB of each stretch of one stage,
// with the same numbers, first -1: what there is before the first.
//   parity_pipeline plan IN OUT model=PATH width=N height=N frames=N steps=N precision=fp32|bf16
// What the memory plan foresees. OUT: "bytes" [4] fp64: phase by phase, streamed, parts kept; the program.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "client.h"
#include "families/hunyuan_video/memory_plan.h"
#include "families/hunyuan_video/model.h"
#include "load/memory.h"
#include "stage.h"

namespace {

using zt::parity::Case, zt::parity::check, zt::parity::picture_of, zt::parity::status_kib;

double now() {
    // Field 22 of /proc/self/stat would be the start in ticks of 10 ms; the caller gives ours exactly.
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// From here on the peak counts anew (proc(5), clear_refs).
void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

double peak_kib() { return static_cast<double>(status_kib("VmHWM")); }

double stage_number(const std::string& stage) {
    return stage == "load" ? 0 : stage == "text" ? 1 : stage == "denoise" ? 2 : 3;
}

at::Tensor numbers(const std::vector<double>& values, int64_t columns) {
    at::Tensor t = at::empty({static_cast<int64_t>(values.size()) / columns, columns}, at::kDouble);
    if (!values.empty()) std::memcpy(t.data_ptr(), values.data(), values.size() * sizeof(double));
    return columns == 1 ? t.flatten() : t;
}

// The pictures of the case as images of the request; they stay the case's.
std::vector<zt_image> images_of(const Case& c) {
    std::vector<zt_image> images;
    for (const auto& [name, role] : {std::pair{"image", ZT_IMAGE_FIRST}, std::pair{"last", ZT_IMAGE_LAST},
                                     std::pair{"history", ZT_IMAGE_HISTORY}}) {
        const auto given = c.in.find(name);
        if (given == c.in.end()) continue;
        zt_image image;
        zt_image_init(&image);
        image.role = role;
        image.format = ZT_PIXEL_RGB24;
        image.height = static_cast<int>(given->second.size(0));
        image.width = static_cast<int>(given->second.size(1));
        image.data[0] = given->second.const_data_ptr<uint8_t>();
        image.stride[0] = image.width * 3;
        images.push_back(image);
    }
    return images;
}

// What is noted while a clip is made.
struct Record {
    double start = 0;
    std::vector<double> seconds, events, memory{-1, static_cast<double>(status_kib("VmRSS"))};
    double peak = 0;
    std::string stage;
    int step = -1;

    void end_stage() {
        if (!stage.empty()) memory.insert(memory.end(), {stage_number(stage), peak_kib()});
        peak = std::max(peak, peak_kib());
        forget_peak();
    }
    void watch(zt_session* session) {
        zt_progress progress{};
        progress.struct_size = sizeof(progress);
        if (zt_session_get_progress(session, &progress) != ZT_OK || (progress.stage == stage && progress.step == step))
            return;
        if (stage != progress.stage) end_stage();
        stage = progress.stage;
        step = progress.step;
        events.insert(events.end(), {now() - start, stage_number(stage) + (stage == "denoise" ? 0.001 * step : 0)});
    }
};

void clip(Case& c) {
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    zt_model_params_init(&params);
    zt_request_init(&request);
    for (const auto& [name, value] : c.options)
        if (name != "started") check(zt_set_option(&params, &request, name.c_str(), value.c_str(), &error), error);
    request.format = ZT_PIXEL_RGB24;
    const std::vector<zt_image> images = images_of(c);
    request.images = images.data();
    request.image_count = images.size();
    const double start = c.options.contains("started") ? std::stod(c.option("started")) : now();

    zt_model* model = nullptr;
    zt_session* session = nullptr;
    zt_frame* frame = nullptr;
    check(zt_model_open(&params, &model, &error), error);
    check(zt_session_create(model, &request, &session, &error), error);
    Record record;
    record.start = start;
    forget_peak();
    std::vector<at::Tensor> frames, sound;
    zt_status status = ZT_AGAIN;
    while (status == ZT_OK || status == ZT_AGAIN) {
        status = zt_session_read(session, 2000, &frame, &error);
        record.watch(session);
        if (status != ZT_OK) continue;
        record.seconds.push_back(now() - start);
        frames.push_back(picture_of(frame));
        if (const zt_frame_info* info = zt_frame_get_info(frame); info->samples != nullptr)
            sound.push_back(at::from_blob(info->samples, {info->sample_count, info->channels}, at::kFloat).clone());
        zt_frame_unref(&frame);
    }
    check(status, error);
    record.memory.insert(record.memory.end(), {stage_number(record.stage), peak_kib()});
    zt_session_destroy(&session);
    zt_model_unref(&model);
    c.out["frames"] = at::stack(frames);
    if (!sound.empty()) c.out["sound"] = at::cat(sound);
    c.out["seconds"] = numbers(record.seconds, 1);
    c.out["events"] = numbers(record.events, 2);
    c.out["peak_kib"] = numbers({std::max(record.peak, peak_kib())}, 1);
    c.out["memory"] = numbers(record.memory, 2);
}

void plan(Case& c) {
    zt::hunyuan_video::PlanRequest request;
    const auto number = [&](const char* name) { return static_cast<int64_t>(std::stoll(c.option(name))); };
    request.width = number("width");
    request.height = number("height");
    request.frames = number("frames");
    request.steps = number("steps");
    const at::ScalarType type = c.option("precision") == "fp32" ? at::kFloat : at::kBFloat16;
    request.element_bytes = static_cast<int64_t>(c10::elementSize(type));
    request.vae_element_bytes = static_cast<int64_t>(c10::elementSize(zt::hunyuan_video::vae_type(type, at::kCPU)));
    const auto foreseen = zt::hunyuan_video::plan_memory(zt::hunyuan_video::find_parts(c.option("model"), {}), request);
    c.out["bytes"] = numbers({static_cast<double>(foreseen.peak()), static_cast<double>(foreseen.least_peak()),
                              static_cast<double>(foreseen.kept_peak()), static_cast<double>(zt::load::kProcessBytes)},
                             1);
}

}  // namespace

int main(int argc, char** argv) { return zt::parity::run(argc, argv, {{"clip", clip}, {"plan", plan}}); }
