// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opening models through the C API: what is refused, what is shared, what a client reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "api/client.h"

namespace {

using namespace zt::test;

std::string refusal(const zt_model_params& params, zt_status expected) {
    zt_model* model = reinterpret_cast<zt_model*>(1);
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_model_open(&params, &model, &error), expected) << error.message;
    EXPECT_EQ(error.status, expected);
    EXPECT_EQ(model, nullptr);
    return error.message;
}

TEST(Model, TellsWhatItCanDo) {
    const ModelPtr model = open_model();
    const zt_model_info* info = zt_model_get_info(model.get());
    EXPECT_STREQ(info->name, "testcard");
    EXPECT_STREQ(info->device, "cpu");
    EXPECT_STREQ(info->sha256, "");
    EXPECT_EQ(info->width, 256);
    EXPECT_EQ(info->default_frames, 144);
    EXPECT_EQ(info->endless, 1);
    EXPECT_EQ(info->picture_size, 0);
    EXPECT_EQ(info->loop, 0);
    EXPECT_EQ(info->motion, 0);
    int rates = 0;
    while (info->rates[rates].num != 0) ++rates;
    EXPECT_EQ(rates, 9);
}

// What is used when no model is named, also where its weights are not found.
constexpr const char* kDefault = "storybook";
constexpr const char* kDefaultWithPicture = "tableau";

std::string default_name(int with_picture, const char* model) {
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = model;
    params.with_picture = with_picture;
    zt_model* opened = nullptr;
    zt_error error = ZT_ERROR_INIT;
    if (zt_model_open(&params, &opened, &error) != ZT_OK) {
        const std::string message = error.message, before = "model: expected the weights of ";
        return message.starts_with(before) ? message.substr(before.size(), message.find(" in ") - before.size())
                                           : message;
    }
    const ModelPtr owned(opened);
    return zt_model_get_info(opened)->name;
}

TEST(Model, TheDefaultIsTheOneForWhatIsAsked) {
    for (const char* unnamed : {static_cast<const char*>(nullptr), ""}) {
        EXPECT_EQ(default_name(0, unnamed), kDefault);
        EXPECT_EQ(default_name(1, unnamed), kDefaultWithPicture);
    }
    EXPECT_EQ(default_name(1, "testcard"), "testcard");
    EXPECT_EQ(default_name(2, nullptr), "with_picture: expected 0 or 1, got 2");
}

TEST(Model, ReferencesAreCounted) {
    zt_model* model = open_model().release();
    zt_model* second = zt_model_ref(model);
    EXPECT_EQ(second, model);
    zt_model_unref(&model);
    EXPECT_EQ(model, nullptr);
    EXPECT_STREQ(zt_model_get_info(second)->name, "testcard");
    zt_model_unref(&second);
}

TEST(Model, WrongParamsNameTheOption) {
    const auto with = [](auto edit) {
        zt_model_params params = testcard_params();
        edit(params);
        return params;
    };
    EXPECT_EQ(refusal(with([](auto& p) { p.device = "gpu"; }), ZT_ERROR_ARGUMENT),
              "device: expected auto, cpu, cuda or cuda:N, got \"gpu\"");
    for (const char* wrong : {"cuda:", "cuda:-1", "cuda:1x", "CPU", " cpu"})
        (void)refusal(with([&](auto& p) { p.device = wrong; }), ZT_ERROR_ARGUMENT);
    (void)refusal(with([](auto& p) { p.device = "cuda:0"; }), ZT_ERROR_UNSUPPORTED);
    (void)refusal(with([](auto& p) { p.precision = "int4"; }), ZT_ERROR_ARGUMENT);
    (void)refusal(with([](auto& p) { p.cpu_threads = 1025; }), ZT_ERROR_ARGUMENT);
    (void)refusal(with([](auto& p) { p.cpu_threads = -1; }), ZT_ERROR_ARGUMENT);
    (void)refusal(with([](auto& p) { p.memory_bytes = 1; }), ZT_ERROR_MEMORY);
    (void)refusal(with([](auto& p) { p.lora = "x.safetensors"; }), ZT_ERROR_UNSUPPORTED);
    (void)refusal(with([](auto& p) { p.engine_opts = "nosuch=1"; }), ZT_ERROR_ARGUMENT);
    (void)refusal(with([](auto& p) { p.engine_opts = "delay_ms"; }), ZT_ERROR_ARGUMENT);
    (void)refusal(with([](auto& p) { p.engine_opts = "delay_ms=1:delay_ms=2"; }), ZT_ERROR_ARGUMENT);
    EXPECT_NE(refusal(with([](auto& p) { p.model = "no\x1bsuch"; }), ZT_ERROR_NOT_FOUND).find("\"no\\x1Bsuch\""),
              std::string::npos);
    EXPECT_EQ(refusal(with([](auto& p) { p.model = "/dev/null"; }), ZT_ERROR_IO),
              "\"/dev/null\": expected a regular file, got a device");
}

TEST(Model, StructSizesOfOtherVersions) {
    struct Newer {
        zt_model_params ours;
        uint64_t later;
    } newer = {testcard_params(), 0};
    newer.ours.struct_size = sizeof(newer);
    (void)open_model(newer.ours);
    newer.later = 1;
    EXPECT_EQ(refusal(newer.ours, ZT_ERROR_UNSUPPORTED),
              "params: expected fields of version " ZT_VERSION_STRING ", got a newer one that is set");

    zt_model_params older = testcard_params();  // knows nothing past `model`
    older.struct_size = offsetof(zt_model_params, device);
    older.device = "garbage it never wrote";
    (void)open_model(older);

    zt_model_params forgotten = testcard_params();
    for (const size_t size : {size_t{0}, size_t{7}, size_t{1} << 20}) {
        forgotten.struct_size = size;
        (void)refusal(forgotten, ZT_ERROR_ARGUMENT);
    }
}

// A client's struct, as an older or newer header has it, with bytes behind it that are not the library's to touch.
template <typename Params>
struct Foreign {
    unsigned char bytes[sizeof(Params) + 64];
    Foreign() { std::memset(bytes, 0xEE, sizeof(bytes)); }
    [[nodiscard]] Params* params() { return reinterpret_cast<Params*>(bytes); }
    [[nodiscard]] bool untouched_from(size_t at) const {
        return std::all_of(bytes + at, bytes + sizeof(bytes), [](unsigned char byte) { return byte == 0xEE; });
    }
};

TEST(Model, InitWritesNoMoreThanTheCallersStruct) {
    alignas(zt_request) Foreign<zt_request> older;
    constexpr size_t kOlder = offsetof(zt_request, loop);
    zt_request_init_sized(older.params(), kOlder);
    EXPECT_EQ(older.params()->struct_size, kOlder);
    EXPECT_EQ(older.params()->strength, 1.0);
    EXPECT_TRUE(older.untouched_from(kOlder));

    alignas(zt_model_params) Foreign<zt_model_params> newer;
    constexpr size_t kNewer = sizeof(zt_model_params) + 16;
    zt_model_params_init_sized(newer.params(), kNewer);
    EXPECT_EQ(newer.params()->struct_size, kNewer);
    EXPECT_TRUE(
        std::all_of(newer.bytes + sizeof(size_t), newer.bytes + kNewer, [](unsigned char byte) { return byte == 0; }));
    EXPECT_TRUE(newer.untouched_from(kNewer));

    alignas(zt_image) Foreign<zt_image> nothing;
    zt_image_init_sized(nothing.params(), 3);  // no room even for struct_size
    zt_image_init_sized(nullptr, sizeof(zt_image));
    EXPECT_TRUE(nothing.untouched_from(0));
}

TEST(Model, OptionsAreStoredWithinTheCallersStruct) {
    alignas(zt_request) Foreign<zt_request> older;
    constexpr size_t kOlder = offsetof(zt_request, loop);
    zt_request_init_sized(older.params(), kOlder);
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_set_option(nullptr, older.params(), "steps", "7", &error), ZT_OK) << error.message;
    EXPECT_EQ(older.params()->steps, 7);
    EXPECT_EQ(zt_set_option(nullptr, older.params(), "tempo", "2", &error), ZT_ERROR_UNSUPPORTED);
    EXPECT_STREQ(error.message,
                 "tempo: expected a client built for version " ZT_VERSION_STRING ", got request without room for it");
    EXPECT_TRUE(older.untouched_from(kOlder));
}

TEST(Model, SecondThreadCountIsRefused) {
    zt_model_params params = testcard_params();
    params.cpu_threads = 1;  // an earlier test of this process may have asked for another
    zt_error error = ZT_ERROR_INIT;
    zt_model* model = nullptr;
    const zt_status first = zt_model_open(&params, &model, &error);
    zt_model_unref(&model);
    if (first == ZT_OK) {
        params.cpu_threads = 2;
        EXPECT_EQ(refusal(params, ZT_ERROR_ARGUMENT), "cpu_threads: expected 1 (already set in this process), got 2");
    } else {
        EXPECT_EQ(first, ZT_ERROR_ARGUMENT);
        EXPECT_NE(std::string(error.message).find("(already set in this process), got 1"), std::string::npos)
            << error.message;
    }
}

TEST(Model, OpeningFromManyThreadsWorks) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([] {
            for (int i = 0; i < 50; ++i) EXPECT_TRUE(open_model());
        });
    }
}

TEST(Model, LogGoesToItsOwnOpener) {
    // Two openers share the weights but not the callback: the first may be gone.
    std::string first_log, second_log;
    const auto collect = [](void* opaque, zt_log_level, const char* line) {
        *static_cast<std::string*>(opaque) += line;
    };
    zt_model_params params = testcard_params();
    params.log = collect;
    params.log_opaque = &first_log;
    const ModelPtr first = open_model(params);
    params.log_opaque = &second_log;
    const ModelPtr second = open_model(params);
    zt_request request = a_request();
    request.seed = -1;
    (void)start(second, request);
    EXPECT_EQ(first_log, "");
    EXPECT_EQ(second_log.rfind("seed: drew ", 0), 0U);
}

}  // namespace
