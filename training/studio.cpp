// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sessions of the engine; see studio.h.
#include "studio.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/error.h"
#include "zoetrope/zoetrope.h"

namespace zt::training {
namespace {

constexpr size_t kFrameBytes = static_cast<size_t>(world::kWidth) * world::kHeight * 3;

}  // namespace

Studio::Studio(const std::string& folder) {
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = folder.c_str();
    params.cpu_threads = 1;   // a clip on each of the judge's own threads
    if (zt_model_open(&params, &model_, &error) != ZT_OK) throw Error(error.status, error.message);
}

Studio::~Studio() { zt_model_unref(&model_); }

std::vector<Frames> Studio::make(const Order& order) const {
    zt_error error = ZT_ERROR_INIT;
    zt_request request;
    zt_request_init(&request);
    if (order.storyboard.empty())
        request.prompt = order.prompt.c_str();
    else
        request.storyboard = order.storyboard.c_str();
    request.frames = order.frames;
    request.seed = order.seed;
    request.steps = order.steps;
    request.format = ZT_PIXEL_RGB24;
    zt_image picture;
    zt_image_init(&picture);
    if (order.picture != nullptr) {
        picture.role = ZT_IMAGE_FIRST;
        picture.format = ZT_PIXEL_RGB24;
        picture.width = world::kWidth, picture.height = world::kHeight;
        picture.data[0] = order.picture;
        picture.stride[0] = world::kWidth * 3;
        request.images = &picture;
        request.image_count = 1;
    }
    zt_session* session = nullptr;
    if (zt_session_create(model_, &request, &session, &error) != ZT_OK) throw Error(error.status, error.message);
    std::vector<Frames> looks(order.looks.size());
    zt_frame* frame = nullptr;
    zt_status status;
    while ((status = zt_session_read(session, -1, &frame, &error)) == ZT_OK) {
        const zt_frame_info* info = zt_frame_get_info(frame);
        for (size_t i = 0; i < looks.size(); i++)
            if (info->pts >= order.looks[i] && info->pts < order.looks[i] + kJudgedFrames)
                for (int y = 0; y < info->height; y++) looks[i].insert(looks[i].end(), info->data[0] + y * info->stride[0], info->data[0] + y * info->stride[0] + info->width * 3);
        zt_frame_unref(&frame);
    }
    zt_session_destroy(&session);
    if (status != ZT_END) throw Error(error.status, error.message);
    for (const Frames& f : looks)
        if (f.size() != kFrameBytes * kJudgedFrames)
            throw Error(ZT_ERROR_INTERNAL, "clip: expected " + std::to_string(kJudgedFrames) + " frames to look at, got " + std::to_string(f.size() / kFrameBytes));
    return looks;
}

Frames read_frames(std::FILE* file) {
    Frames out(kFrameBytes * kJudgedFrames);
    const size_t got = std::fread(out.data(), 1, out.size(), file);
    if (got != out.size())
        throw Error(ZT_ERROR_IO, "clip: expected " + std::to_string(kJudgedFrames) + " raw RGB frames of 256x144, got " + std::to_string(got / kFrameBytes));
    return out;
}

Frames make_with(const std::string& command, const std::string& prompt, int64_t seed) {
    setenv("PROMPT", prompt.c_str(), 1);
    setenv("SEED", std::to_string(seed).c_str(), 1);
    setenv("FRAMES", std::to_string(kJudgedFrames).c_str(), 1);
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw Error(ZT_ERROR_IO, "command: expected a program that runs, got " + command);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> guard(pipe, pclose);
    return read_frames(pipe);
}

}  // namespace zt::training
