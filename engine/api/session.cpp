// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The functions of zt_session in zoetrope.h, on top of pipeline::Session.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "api/guard.h"
#include "api/handles.h"
#include "api/options.h"
#include "core/error.h"
#include "pipeline/images.h"
#include "pipeline/plan.h"

namespace {

using zt::Error;

// A change that no chunk will obey any more, because all have begun or the session has ended.
zt_status tell_first_frame(const std::optional<int64_t>& frame, int64_t* first_frame) {
    if (first_frame != nullptr) *first_frame = frame.value_or(-1);
    return frame ? ZT_OK : ZT_END;
}

void check_caller(const zt_session* session) {
    zt::api::check_pointer(session, "session");
    if (session->session.on_worker()) {
        throw Error(ZT_ERROR_ARGUMENT,
                    "session: expected a call from a thread of the host, got one from its own callback");
    }
}

zt_session_info info_of(const zt::pipeline::Plan& plan, const zt::families::Limits& limits) {
    zt_session_info info{};
    info.struct_size = sizeof(info);
    info.width = plan.generation.width;
    info.height = plan.generation.height;
    info.rate = plan.generation.rate;
    info.frames = plan.generation.frames;
    info.seed = plan.generation.first.seed;
    info.steps = plan.generation.steps;
    info.guidance = plan.generation.first.guidance;
    info.format = plan.format;
    info.sample_rate = plan.generation.sound ? limits.sample_rate : 0;
    info.channels = plan.generation.sound ? limits.channels : 0;
    return info;
}

// The request as this version knows it, with its pictures, whose elements may be of another size.
struct OwnRequest {
    zt_request request;
    std::vector<zt_image> images;

    explicit OwnRequest(const zt_request* theirs) {
        zt::api::copy_params(theirs, &request, sizeof(request), "request");
        if (request.image_count == 0) return;
        zt::api::check_pointer(request.images, "images");
        if (request.image_count > zt::pipeline::kMaxImages) return;  // refused later, by name
        const auto* at = reinterpret_cast<const char*>(request.images);
        const size_t step = request.images->struct_size;
        for (size_t i = 0; i < request.image_count; ++i) {
            zt_image& ours = images.emplace_back();
            zt::api::copy_params(at + i * step, &ours, sizeof(ours), "image");
        }
        request.images = images.data();
    }
    OwnRequest(const OwnRequest&) = delete;
    OwnRequest& operator=(const OwnRequest&) = delete;
};

}  // namespace

zt_status zt_session_create(zt_model* model, const zt_request* request, zt_session** session, zt_error* error) {
    if (session != nullptr) *session = nullptr;
    return zt::api::guard(error, [&] {
        zt::api::check_pointer(session, "session");
        zt::api::check_pointer(model, "model");
        const OwnRequest own(request);
        const zt::Log log =
            own.request.log != nullptr ? zt::make_log(own.request.log, own.request.log_opaque) : model->log;
        zt::pipeline::Plan plan = zt::pipeline::make_plan(own.request, *model->model, log);
        plan.model_name = model->name;
        plan.model_identity = model->identity;
        const zt_session_info info = info_of(plan, model->model->limits());
        auto handle = std::make_unique<zt_session>(model->model, std::move(plan));
        handle->info = info;
        *session = handle.release();
        return ZT_OK;
    });
}

zt_status zt_session_plan(zt_model* model, const zt_request* request, zt_session_info* info, zt_error* error) {
    return zt::api::guard(error, [&] {
        zt::api::check_pointer(model, "model");
        zt::api::check_pointer(info, "info");
        const size_t size = info->struct_size;
        if (size < sizeof(size_t))
            throw Error(ZT_ERROR_ARGUMENT, "info: struct_size: expected it to be set, got " + std::to_string(size));
        const OwnRequest own(request);
        zt_session_info ours =
            info_of(zt::pipeline::make_plan(own.request, *model->model, zt::make_log(nullptr, nullptr),
                                            zt::pipeline::Purpose::kAsk),
                    model->model->limits());
        ours.struct_size = size;
        std::memcpy(info, &ours, std::min(size, sizeof(ours)));
        return ZT_OK;
    });
}

void zt_session_destroy(zt_session** session) {
    if (session == nullptr || *session == nullptr) return;
    if ((*session)->session.on_worker()) return;  // documented: a callback may not destroy its object
    const std::unique_ptr<zt_session> last(*session);
    *session = nullptr;
}

const zt_session_info* zt_session_get_info(const zt_session* session) {
    return session != nullptr ? &session->info : nullptr;
}

zt_status zt_session_read(zt_session* session, int64_t timeout_us, zt_frame** frame, zt_error* error) {
    if (frame != nullptr) *frame = nullptr;
    return zt::api::guard(error, [&] {
        zt::api::check_pointer(frame, "frame");
        check_caller(session);
        if (timeout_us < -1)
            throw Error(ZT_ERROR_ARGUMENT, "timeout_us: expected -1 or more, got " + std::to_string(timeout_us));
        zt::pipeline::FramePtr next;
        zt::Failure failure;
        const zt_status status = session->session.read(timeout_us, next, failure);
        if (status < 0) return zt::api::report(error, failure);
        *frame = next.release();
        return status;
    });
}

void zt_session_cancel(zt_session* session) {
    if (session != nullptr) session->session.cancel();
}

zt_status zt_session_set_prompt(zt_session* session, const char* prompt, int64_t* first_frame, zt_error* error) {
    return zt_session_set_option(session, "prompt", prompt, first_frame, error);
}

zt_status zt_session_set_option(zt_session* session, const char* name, const char* value, int64_t* first_frame,
                                zt_error* error) {
    return zt::api::guard(error, [&] {
        zt::api::check_pointer(session, "session");
        zt::api::check_pointer(name, "name");
        zt::api::check_pointer(value, name);
        zt_request request;
        zt_request_init(&request);
        const zt_option_info& option = zt::api::find_option(name);
        if ((option.flags & ZT_OPTION_RUNTIME) == 0) {
            throw Error(
                ZT_ERROR_ARGUMENT,
                std::string(option.name) + ": expected an option that may change while running, got one that may not");
        }
        zt::api::set_option(nullptr, &request, option, value);
        const std::string_view key = option.name;
#define ZT_LIVE(name, setter) \
    if (key == #name) return tell_first_frame(session->session.setter(request.name), first_frame);
#include "api/options.def"
        throw Error(ZT_ERROR_INTERNAL, std::string(key) + ": expected a runtime option, got one nobody sets");
    });
}

zt_status zt_session_get_progress(zt_session* session, zt_progress* progress) {
    return zt::api::guard(nullptr, [&] {
        zt::api::check_pointer(session, "session");
        zt::api::check_pointer(progress, "progress");
        const size_t size = progress->struct_size;
        if (size < sizeof(size_t))
            throw Error(ZT_ERROR_ARGUMENT, "progress: struct_size: expected it to be set, got " + std::to_string(size));
        zt_progress ours = session->session.progress();
        ours.struct_size = size;
        std::memcpy(progress, &ours, std::min(size, sizeof(ours)));
        return ZT_OK;
    });
}
