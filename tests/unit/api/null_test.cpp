// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every function with each pointer NULL: ZT_ERROR_ARGUMENT, or the no-op the header promises.
#include <gtest/gtest.h>

#include <cstring>

#include "api/client.h"

namespace {

using namespace zt::test;

TEST(Null, ModelFunctions) {
    zt_model_params params = testcard_params();
    zt_model* model = nullptr;
    zt_error error = ZT_ERROR_INIT;
    zt_model_params_init(nullptr);
    EXPECT_EQ(zt_model_open(nullptr, &model, &error), ZT_ERROR_ARGUMENT);
    EXPECT_STREQ(error.message, "params: expected a pointer, got NULL");
    EXPECT_EQ(zt_model_open(&params, nullptr, &error), ZT_ERROR_ARGUMENT);
    EXPECT_STREQ(error.message, "model: expected a pointer, got NULL");
    EXPECT_EQ(zt_model_open(nullptr, nullptr, nullptr), ZT_ERROR_ARGUMENT);
    params.model = nullptr;  // means the default model, which need not be installed here
    const zt_status by_default = zt_model_open(&params, &model, nullptr);
    EXPECT_TRUE(by_default == ZT_OK || by_default == ZT_ERROR_NOT_FOUND) << by_default;
    zt_model_unref(&model);
    EXPECT_EQ(zt_model_ref(nullptr), nullptr);
    EXPECT_EQ(zt_model_get_info(nullptr), nullptr);
    zt_model_unref(nullptr);
    zt_model_unref(&model);
}

TEST(Null, OptionFunctions) {
    zt_model_params params = testcard_params();
    zt_request request = a_request();
    zt_request_init(nullptr);
    EXPECT_EQ(zt_set_option(&params, &request, nullptr, "1", nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_set_option(&params, &request, "seed", nullptr, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_set_option(&params, nullptr, "seed", "1", nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_set_option(nullptr, &request, "device", "cpu", nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_set_option(nullptr, &request, "seed", "1", nullptr), ZT_OK);
    EXPECT_EQ(zt_option_at(10000), nullptr);
}

TEST(Null, SessionFunctions) {
    const ModelPtr model = open_model();
    const zt_request request = a_request();
    zt_session* session = nullptr;
    zt_frame* frame = nullptr;
    EXPECT_EQ(zt_session_create(nullptr, &request, &session, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_create(model.get(), nullptr, &session, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_create(model.get(), &request, nullptr, nullptr), ZT_ERROR_ARGUMENT);
    zt_session_info planned = {};
    planned.struct_size = sizeof(planned);
    EXPECT_EQ(zt_session_plan(nullptr, &request, &planned, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_plan(model.get(), nullptr, &planned, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_plan(model.get(), &request, nullptr, nullptr), ZT_ERROR_ARGUMENT);
    zt_image_init(nullptr);
    zt_request with_image = request;
    with_image.image_count = 1;
    EXPECT_EQ(zt_session_create(model.get(), &with_image, &session, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_read(nullptr, 0, &frame, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_set_prompt(nullptr, "x", nullptr, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_set_option(nullptr, "seed", "1", nullptr, nullptr), ZT_ERROR_ARGUMENT);
    zt_progress progress = {};
    progress.struct_size = sizeof(progress);
    EXPECT_EQ(zt_session_get_progress(nullptr, &progress), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_get_info(nullptr), nullptr);
    zt_session_cancel(nullptr);
    zt_session_destroy(nullptr);
    zt_session_destroy(&session);

    const SessionPtr running = start(model);
    EXPECT_EQ(zt_session_read(running.get(), 0, nullptr, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_read(running.get(), -2, &frame, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_set_prompt(running.get(), nullptr, nullptr, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_set_option(running.get(), nullptr, "1", nullptr, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_set_option(running.get(), "seed", nullptr, nullptr, nullptr), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_get_progress(running.get(), nullptr), ZT_ERROR_ARGUMENT);
    progress.struct_size = 0;
    EXPECT_EQ(zt_session_get_progress(running.get(), &progress), ZT_ERROR_ARGUMENT);
}

TEST(Null, FrameFunctions) {
    zt_frame* none = nullptr;
    EXPECT_EQ(zt_frame_get_info(nullptr), nullptr);
    EXPECT_EQ(zt_frame_ref(nullptr), nullptr);
    zt_frame_unref(nullptr);
    zt_frame_unref(&none);
}

TEST(Null, StatusNamesAreNeverNull) {
    for (int status = -20; status <= 20; ++status)
        EXPECT_GT(std::strlen(zt_status_name(static_cast<zt_status>(status))), 0U);
    EXPECT_EQ(zt_version(), static_cast<uint32_t>(ZT_VERSION_INT));
}

// Hosts print and compare these words, so they are part of the interface.
TEST(Null, EveryStatusHasItsName) {
    const std::pair<zt_status, const char*> names[] = {
        {ZT_OK, "ok"},
        {ZT_AGAIN, "again"},
        {ZT_END, "end"},
        {ZT_ERROR_ARGUMENT, "argument"},
        {ZT_ERROR_PROMPT, "prompt"},
        {ZT_ERROR_NOT_FOUND, "not_found"},
        {ZT_ERROR_IO, "io"},
        {ZT_ERROR_WEIGHTS, "weights"},
        {ZT_ERROR_MEMORY, "memory"},
        {ZT_ERROR_DEVICE, "device"},
        {ZT_ERROR_NUMERIC, "numeric"},
        {ZT_ERROR_NETWORK, "network"},
        {ZT_ERROR_CANCELLED, "cancelled"},
        {ZT_ERROR_UNSUPPORTED, "unsupported"},
        {ZT_ERROR_INTERNAL, "internal"},
    };
    for (const auto& [status, name] : names) EXPECT_STREQ(zt_status_name(status), name);
}

}  // namespace
