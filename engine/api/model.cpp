// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The functions of zt_model in zoetrope.h: open, reference, describe.
#include <charconv>
#include <string_view>
#include <utility>

#include "api/guard.h"
#include "api/handles.h"
#include "api/options.h"
#include "core/error.h"
#include "core/utf8.h"
#include "device/backends.h"
#include "device/threads.h"
#include "pipeline/images.h"
#include "pipeline/models.h"

namespace {

using zt::Error;
using zt::quote;

std::string text_or(const char* text, const char* fallback) {
    return text != nullptr && text[0] != '\0' ? text : fallback;
}

void check_device(const std::string& device) {
    if (device == "auto" || device == "cpu") return;
    const size_t colon = device.find(':');
    const char* end = device.data() + device.size();
    int number = 0;
    if (colon != device.npos) {
        const auto parsed = std::from_chars(device.data() + colon + 1, end, number);
        if (parsed.ec != std::errc{} || parsed.ptr != end) number = -1;
    }
    if (number >= 0 && zt::device::has_backend(device.substr(0, colon))) return;
    throw Error(ZT_ERROR_ARGUMENT, "device: expected auto, cpu, cuda or cuda:N, got " + quote(device));
}

void check_precision(const std::string& precision) {
    for (const char* known : {"auto", "fp32", "bf16", "fp16", "fp8"}) {
        if (precision == known) return;
    }
    throw Error(ZT_ERROR_ARGUMENT, "precision: expected auto, fp32, bf16, fp16 or fp8, got " + quote(precision));
}

zt::families::LoadOptions read_params(const zt_model_params& params) {
    zt::families::LoadOptions options;
    options.device = text_or(params.device, "auto");
    options.precision = text_or(params.precision, "auto");
    check_device(options.device);
    check_precision(options.precision);
    if (params.cpu_threads < 0 || params.cpu_threads > zt::api::kMaxCpuThreads) {
        throw Error(ZT_ERROR_ARGUMENT, "cpu_threads: expected 0 to " + std::to_string(zt::api::kMaxCpuThreads) +
                                           ", got " + std::to_string(params.cpu_threads));
    }
    options.memory_bytes = params.memory_bytes;
    options.lora = text_or(params.lora, "");
    options.engine_opts = zt::api::parse_dict("engine_opts", text_or(params.engine_opts, ""));
    options.log = zt::make_log(params.log, params.log_opaque);
    return options;
}

std::string wanted_model(const zt_model_params& params) {
    if (params.with_picture != 0 && params.with_picture != 1) {
        throw Error(ZT_ERROR_ARGUMENT, "with_picture: expected 0 or 1, got " + std::to_string(params.with_picture));
    }
    const std::string named = text_or(params.model, "");
    return named.empty() ? std::string(zt::families::default_model(params.with_picture == 1)) : named;
}

void fill_info(zt_model& handle) {
    const zt::families::Limits& limits = handle.model->limits();
    handle.rates = limits.rates;
    handle.rates.push_back({0, 0});
    zt_model_info& info = handle.info;
    info.struct_size = sizeof(info);
    info.name = handle.name.c_str();
    info.family = handle.family.c_str();
    info.sha256 = handle.sha256.c_str();
    info.device = handle.device.c_str();
    info.precision = handle.precision.c_str();
    info.width = limits.width;
    info.height = limits.height;
    info.min_width = limits.min_width;
    info.min_height = limits.min_height;
    info.max_width = limits.max_width;
    info.max_height = limits.max_height;
    info.size_step = limits.size_step;
    info.rates = handle.rates.data();
    info.default_frames = limits.default_frames;
    info.frames_step = limits.frames_step;
    info.frames_offset = limits.frames_offset;
    info.chunk_frames = limits.chunk_frames;
    info.endless = limits.endless ? 1 : 0;
    info.true_guidance = limits.true_guidance ? 1 : 0;
    info.default_steps = limits.default_steps;
    info.first_image = limits.first_image;
    info.last_image = limits.last_image;
    info.mask_image = zt::pipeline::takes_mask(limits) ? ZT_USE_OPTIONAL : ZT_USE_NEVER;
    info.history_images = limits.history_images;
    info.strength = limits.strength ? 1 : 0;
    info.keeps_time = limits.keeps_time ? 1 : 0;
    info.picture_size = limits.size_of_picture ? 1 : 0;
    info.loop = limits.loop ? 1 : 0;
    info.motion = limits.motion ? 1 : 0;
    info.sample_rate = limits.sample_rate;
    info.channels = limits.channels;
    info.cutout = limits.cutout ? 1 : 0;
}

}  // namespace

zt_status zt_model_open(const zt_model_params* params, zt_model** model, zt_error* error) {
    if (model != nullptr) *model = nullptr;
    return zt::api::guard(error, [&] {
        zt::api::check_pointer(model, "model");
        zt_model_params ours;
        zt::api::copy_params(params, &ours, sizeof(ours), "params");
        zt::families::LoadOptions options = read_params(ours);
        zt::device::set_threads(ours.cpu_threads);

        auto handle = std::make_unique<zt_model>();
        handle->log = options.log;
        zt::pipeline::OpenedModel opened = zt::pipeline::open_model(wanted_model(ours), std::move(options));
        handle->model = std::move(opened.model);
        handle->name = std::move(opened.name);
        handle->family = std::move(opened.family);
        handle->identity = std::move(opened.identity);
        handle->sha256 = handle->model->sha256();
        handle->device = handle->model->device();
        handle->precision = handle->model->precision();
        fill_info(*handle);
        *model = handle.release();
        return ZT_OK;
    });
}

zt_model* zt_model_ref(zt_model* model) {
    if (model != nullptr) model->references.fetch_add(1, std::memory_order_relaxed);
    return model;
}

void zt_model_unref(zt_model** model) {
    if (model == nullptr || *model == nullptr) return;
    if ((*model)->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::unique_ptr<zt_model> last(*model);
    }
    *model = nullptr;
}

const zt_model_info* zt_model_get_info(const zt_model* model) { return model != nullptr ? &model->info : nullptr; }
