// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opening; see model.h.
#include "families/wan/model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "device/devices.h"
#include "encoders/clip_vision.h"
#include "encoders/t5.h"
#include "encoders/t5_names.h"
#include "encoders/t5_tokenizer.h"
#include "families/wan/memory_plan.h"
#include "families/wan/names.h"
#include "load/part_checks.h"
#include "ranks/place.h"

namespace zt::wan {
namespace {

// Names and shapes of everything a generation will read, before anything is.
void check_tensors(const OpenedModel& model) {
    const Cancel never;
    const TransformerConfig& config = model.parts.transformer;
    for (const bool low : {false, true}) {
        if (low && !model.parts.has_experts()) continue;
        const load::PartReader transformer = model.transformer(low, never);
        Embedders embedders = make_embedders(config);
        transformer.expect(embedders);
        transformer.expect(embedders.tables);
        Ends ends = make_ends(config);
        transformer.expect(ends);
        transformer.expect(ends.tables);
        Block block = make_block(config);
        for (int64_t i = 0; i < config.layers; i++) transformer.expect(block, i), transformer.expect(block.tables, i);
    }
    encoders::expect_t5(model.parts.text, model.text_encoder(never));
    VaeDecoder decoder = make_vae_decoder(model.parts.vae);
    model.vae(never).expect(decoder);
    if (!model.takes_picture()) return;
    VaeEncoder encoder = make_vae_encoder(model.parts.vae);
    model.vae(never).expect(encoder);
    if (!model.parts.reads_clip()) return;
    encoders::ClipVision clip = encoders::make_clip_vision(model.parts.clip);
    model.image_encoder(never).expect(clip);
}

load::PartReader reader_of(const load::PartFile& file, const load::PartNames& names, at::Device device,
                           const Cancel& cancel, std::shared_ptr<const load::LoraSet> loras = nullptr) {
    load::ReaderOptions options;
    options.device = device;
    options.cancel = &cancel;
    options.loras = std::move(loras);
    return {file.checkpoint, names, options};
}

}  // namespace

load::PartReader OpenedModel::transformer(bool low, const Cancel& cancel) const {
    return reader_of(low ? parts.transformer_2_file : parts.transformer_file, transformer_names(), device, cancel,
                     loras[low ? 1 : 0]);
}
load::PartReader OpenedModel::vae(const Cancel& cancel) const {
    return reader_of(parts.vae_file, vae_names(), device, cancel);
}
load::PartReader OpenedModel::image_encoder(const Cancel& cancel) const {
    return reader_of(parts.image_encoder, encoders::clip_names(encoders::Tower::kVision), device, cancel);
}
load::PartReader OpenedModel::text_encoder(const Cancel& cancel) const {
    return reader_of(parts.text_encoder, encoders::t5_names(), device, cancel);
}

std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options) {
    auto model = std::make_shared<OpenedModel>();
    model->parts = find_parts(options.path, options.engine_opts);
    load::require_none(model->parts.missing);
    const ModelParts& parts = model->parts;
    model->device = device::resolve_device(options.device);
    model->type = device::resolve_precision(options.precision, model->device);
    model->room = load::MemoryRoom(options.memory_bytes, model->device, parts.sampler == "causal");
    for (const bool low : {false, true})
        if (!low || parts.has_experts()) model->loras[low ? 1 : 0] = open_loras(parts, options.lora, low, options.log);
    check_tensors(*model);
    model->tokenizer = encoders::open_t5_tokenizer(parts.tokenizer);
    encoders::check_t5_ids(*model->tokenizer, parts.text.vocab);
    if (options.log) {
        for (const std::string& warning : parts.warnings) options.log(ZT_LOG_WARNING, "model: " + warning);
        for (const std::string& warning : load::warnings_of_values(part_rows(parts)))
            options.log(ZT_LOG_WARNING, "model: " + warning);
    }
    return model;
}

std::string identity(const OpenedModel& model) { return load::digest_of(part_rows(model.parts)); }

ClipPlan plan_clip(const OpenedModel& model, const families::GenerationRequest& request) {
    PlanRequest wanted = plan_request(model.parts, request.morph ? request.frames : request.shot_frames);
    wanted.width = request.width, wanted.height = request.height, wanted.steps = request.steps;
    wanted.element_bytes = static_cast<int64_t>(c10::elementSize(model.type));
    wanted.vae_element_bytes = static_cast<int64_t>(c10::elementSize(model.vae_type));
    wanted.prompts = request.first.guidance > 1 ? 2 : 1;
    wanted.ranks = request.morph || wanted.kept_latents > 0 ? 1 : ranks::company().all;
    wanted.loras = {model.loras[0].get(), model.loras[1].get()};
    const auto layers = static_cast<size_t>(model.parts.transformer.layers);
    const load::MemoryLimit limit = model.room.limit();
    load::MemoryPlan plan = plan_memory(model.parts, wanted);
    wanted.half_history = plan.least_peak() + limit.program > limit.bytes;
    if (wanted.half_history) plan = plan_memory(model.parts, wanted);
    load::Budget budget =
        load::fit_into(plan, limit, std::vector<double>(layers, 1.0 / static_cast<double>(layers)),
                       std::to_string(request.width) + "x" + std::to_string(request.height) + ", " +
                           (wanted.kept_latents > 0 ? std::to_string(wanted.kept_latents) + " latents of the past"
                                                    : std::to_string(wanted.frames) + " frames"),
                       wanted.ranks);
    // The plan is of one expert at a time.
    if (model.parts.has_experts()) budget.keep = budget.ahead.keep = budget.alone.keep = false;
    return {budget, wanted.half_history};
}

void tell_plan(const OpenedModel& model, const ClipPlan& plan, const Log& log) {
    load::tell_budget(log, plan.budget, model.parts.transformer.layers);
    if (plan.half_history)
        log(ZT_LOG_INFO,
            "memory: what the decoder keeps of earlier frames is rounded to fp16, since it does not fit otherwise");
}

void let_go(const OpenedModel& model, const load::Budget& budget) {
    for (load::KeptBlocks<Block>& blocks : model.blocks) load::let_go(blocks, model.decoder, budget);
}

std::shared_ptr<const VaeDecoder> read_decoder(const OpenedModel& model, const load::Budget& budget,
                                               const Cancel& cancel) {
    return model.decoder.get(budget.keep, [&] {
        auto made = std::make_shared<VaeDecoder>(make_vae_decoder(model.parts.vae));
        model.vae(cancel).fill(*made, model.vae_type, false);
        autoencoders::order_kernels(*made);
        return made;
    });
}

Block read_block(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type, int64_t index) {
    Block block = make_block(config);
    reader.fill(block, type, true, index);
    reader.fill(block.tables, at::kFloat, false, index);
    return block;
}

}  // namespace zt::wan
