// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Short ways to the C API for its tests: owned handles and a finished request.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "zoetrope/zoetrope.h"

namespace zt::test {

struct ModelUnref {
    void operator()(zt_model* model) const { zt_model_unref(&model); }
};
struct SessionDestroy {
    void operator()(zt_session* session) const { zt_session_destroy(&session); }
};
struct FrameUnref {
    void operator()(zt_frame* frame) const { zt_frame_unref(&frame); }
};
using ModelPtr = std::unique_ptr<zt_model, ModelUnref>;
using SessionPtr = std::unique_ptr<zt_session, SessionDestroy>;
using FramePtr = std::unique_ptr<zt_frame, FrameUnref>;

inline zt_model_params testcard_params() {
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = "testcard";
    return params;
}

inline zt_request a_request() {
    zt_request request;
    zt_request_init(&request);
    request.prompt = "a red fox";
    return request;
}

inline ModelPtr open_model(const zt_model_params& params = testcard_params()) {
    zt_model* model = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_model_open(&params, &model, &error), ZT_OK) << error.message;
    return ModelPtr(model);
}

inline SessionPtr start(const ModelPtr& model, const zt_request& request = a_request()) {
    zt_session* session = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_create(model.get(), &request, &session, &error), ZT_OK) << error.message;
    return SessionPtr(session);
}

inline zt_status read(const SessionPtr& session, FramePtr& frame, int64_t timeout_us = -1, zt_error* error = nullptr) {
    zt_frame* next = nullptr;
    const zt_status status = zt_session_read(session.get(), timeout_us, &next, error);
    frame.reset(next);
    return status;
}

// Every visible byte of the frame's planes, with pts and prompt.
inline std::string content(const FramePtr& frame) {
    const zt_frame_info* info = zt_frame_get_info(frame.get());
    std::string bytes = std::to_string(info->pts) + " " + info->prompt + " ";
    for (int plane = 0; plane < 3; ++plane) {
        const int half = plane == 0 ? 1 : 2;  // yuv420p only
        for (int y = 0; y < info->height / half; ++y) {
            bytes.append(reinterpret_cast<const char*>(info->data[plane] + info->stride[plane] * y),
                         static_cast<size_t>(info->width / half));
        }
    }
    return bytes;
}

inline std::string clip(const ModelPtr& model, const zt_request& request = a_request()) {
    const SessionPtr session = start(model, request);
    std::string bytes;
    for (FramePtr frame; read(session, frame) == ZT_OK;) bytes += content(frame);
    return bytes;
}

}  // namespace zt::test
