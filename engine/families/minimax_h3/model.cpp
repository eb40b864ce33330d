// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opening; see model.h.
#include "families/minimax_h3/model.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "device/devices.h"
#include "encoders/qwen3_vl_vision.h"
#include "encoders/qwen_tokenizer.h"
#include "encoders/streamed_llm.h"
#include "families/minimax_h3/memory_plan.h"
#include "families/minimax_h3/text/used_text.h"
#include "image/fit.h"
#include "load/part_checks.h"
#include "ranks/place.h"

namespace zt::minimax_h3 {
namespace {

load::PartReader reader_of(const load::PartFile& file, const load::PartNames& names, at::Device device,
                           const Cancel& cancel) {
    load::ReaderOptions options;
    options.device = device;
    options.cancel = &cancel;
    return {file.checkpoint, names, options};
}

// Names and shapes of everything a generation will read, before anything is. The autoencoders are checked when they are
// found (files.h).
void check_tensors(const OpenedModel& model) {
    const Cancel never;
    check_transformer(model.transformer);
    encoders::expect_llm(model.parts.text, model.text_reader(never));
    if (model.parts.takes_picture()) encoders::expect_vision(model.parts.vision, model.vision_reader(never));
}

void tell(const ModelParts& parts, const Log& log) {
    for (const std::string& warning : parts.warnings) log(ZT_LOG_WARNING, "model: " + warning);
    for (const std::string& warning : load::warnings_of_values(part_rows(parts)))
        log(ZT_LOG_WARNING, "model: " + warning);
}

image::Picture fitted(const families::Picture& picture, const families::GenerationRequest& request, bool anchor) {
    const image::Picture pixels = families::pixels_of(picture);
    if (request.fit == ZT_FIT_PAD) return image::fit(pixels, request.width, request.height, ZT_FIT_PAD);
    const bool stretch = request.fit == ZT_FIT_STRETCH && anchor;
    return fit_keyframe(pixels, request.width, request.height, stretch ? Keyframe::kAnchor : Keyframe::kFollower);
}

}  // namespace

load::PartReader OpenedModel::text_reader(const Cancel& cancel) const {
    return reader_of(parts.text_encoder, encoders::llm_names(encoders::LlmKind::kQwen3Vl), device(), cancel);
}
load::PartReader OpenedModel::vision_reader(const Cancel& cancel) const {
    return reader_of(parts.vision_file, encoders::qwen3_vl_vision_names(), device(), cancel);
}
load::ReaderOptions OpenedModel::vae_options(const Cancel& cancel) const {
    load::ReaderOptions options;
    options.device = device();
    options.cancel = &cancel;
    return options;
}

std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options) {
    auto model = std::make_shared<OpenedModel>();
    model->parts = find_parts(options.path, options.engine_opts);
    const ModelParts& parts = model->parts;
    load::require_none(parts.missing);
    TransformerFile& file = model->transformer;
    file.config = parts.transformer;
    file.checkpoint = parts.transformer_file.checkpoint;
    file.order = parts.order;
    file.device = device::resolve_device(options.device);
    file.type = device::resolve_precision(options.precision, file.device);
    model->vae_kept = file.type == at::kFloat ? at::kFloat : at::kHalf;
    file.loras = open_loras(parts, options.lora, options.log);
    model->schedule = schedule_of(options.lora);
    model->room = load::MemoryRoom(options.memory_bytes, file.device);
    check_tensors(*model);
    model->tokenizer = encoders::open_qwen_tokenizer(parts.tokenizer, prompt_tokens());
    check_tokenizer(*model->tokenizer, parts.text.vocab);
    if (options.log) tell(parts, options.log);
    return model;
}

std::string identity(const OpenedModel& model) { return load::digest_of(part_rows(model.parts)); }

load::Budget plan_clip(const OpenedModel& model, const families::GenerationRequest& request) {
    PlanRequest wanted;
    wanted.width = request.width, wanted.height = request.height, wanted.steps = request.steps;
    wanted.frames = clip_frames(request.shot_frames);
    wanted.text_rows = static_cast<int64_t>(text_layout(*model.tokenizer, request.first.prompt, 0, 0, 0).ids.size());
    wanted.keyframes =
        static_cast<int64_t>(std::count_if(request.images.begin(), request.images.end(),
                                           [](const families::Picture& p) { return p.role == ZT_IMAGE_LAST; }) +
                             (request.images.empty() || request.images.front().role == ZT_IMAGE_LAST ? 0 : 1));
    wanted.sound = request.sound;
    wanted.element_bytes = static_cast<int64_t>(c10::elementSize(model.type()));
    wanted.vae_kept_bytes = static_cast<int64_t>(c10::elementSize(model.vae_kept));
    wanted.vae_element_bytes = static_cast<int64_t>(c10::elementSize(model.vae_products()));
    wanted.on_host = model.device().is_cpu();
    wanted.ranks = request.morph ? 1 : ranks::company().all;
    wanted.loras = model.transformer.loras.get();
    const auto layers = static_cast<size_t>(model.parts.transformer.layers);
    const load::MemoryLimit limit = model.room.limit();
    return load::fit_into(plan_memory(model.parts, wanted), limit,
                          std::vector<double>(layers, 1.0 / static_cast<double>(layers)),
                          std::to_string(request.width) + "x" + std::to_string(request.height) + ", " +
                              std::to_string(wanted.frames) + " frames",
                          wanted.ranks);
}

Keyframes keyframes_of(const families::GenerationRequest& request) {
    Keyframes keyframes;
    const families::Picture* first = nullptr;
    const families::Picture* last = nullptr;
    for (const families::Picture& picture : request.images)  // the newest of a history comes last
        (picture.role == ZT_IMAGE_LAST ? last : first) = &picture;
    for (const auto& [picture, anchor] : {std::pair(first, Anchor::kFirst), std::pair(last, Anchor::kLast)}) {
        if (picture == nullptr) continue;
        keyframes.pictures.push_back(fitted(*picture, request, keyframes.pictures.empty()));
        keyframes.anchors.push_back(anchor);
    }
    return keyframes;
}

}  // namespace zt::minimax_h3
