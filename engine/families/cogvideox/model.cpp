// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opening; see model.h.
#include "families/cogvideox/model.h"

#include <algorithm>

#include "core/error.h"
#include "device/devices.h"
#include "encoders/t5.h"
#include "encoders/t5_names.h"
#include "encoders/t5_tokenizer.h"
#include "families/cogvideox/names.h"
#include "load/part_checks.h"
#include "ranks/place.h"

namespace zt::cogvideox {
namespace {

constexpr int32_t kExtraIds = 100;  // that T5's spiece.model does not have

// Names and shapes of everything a generation will read, before anything is.
void check_tensors(const OpenedModel& model) {
    const Cancel never;
    const TransformerConfig& config = model.parts.transformer;
    const load::PartReader transformer = model.transformer(never);
    Embedders embedders = make_embedders(config);
    transformer.expect(embedders);
    Ends ends = make_ends(config);
    transformer.expect(ends);
    Block block = make_block(config);
    Modulators modulators = make_modulators(config);
    for (int64_t i = 0; i < config.layers; i++) transformer.expect(block, i), transformer.expect(modulators, i);
    encoders::expect_t5(model.parts.text, model.text_encoder(never));
    for (const bool decodes : {false, true}) {
        Coder coder = autoencoders::batched::make_coder(model.parts.vae, decodes);
        model.vae(never).expect(coder);
    }
}

void tell_plan(const OpenedModel& model, const ClipPlan& plan, const Log& log) {
    load::tell_budget(log, plan.budget, model.parts.transformer.layers);
    if (plan.coding.half_history)
        log(ZT_LOG_INFO,
            "memory: what the decoder keeps of earlier frames is rounded to fp16, since it does not fit otherwise");
    if (plan.coding.tiled && !model.parts.tiling)
        log(ZT_LOG_WARNING,
            "memory: the decoder works in tiles, since it does not fit otherwise; pictures look "
            "otherwise than without (engine_opts tiling=off refuses instead)");
}

}  // namespace

load::PartReader OpenedModel::transformer(const Cancel& cancel) const {
    return {
        parts.transformer_file.checkpoint, transformer_names(), {.device = device, .loras = loras, .cancel = &cancel}};
}
load::PartReader OpenedModel::vae(const Cancel& cancel) const {
    return {parts.vae_file.checkpoint, vae_names(), {.device = device, .loras = nullptr, .cancel = &cancel}};
}
load::PartReader OpenedModel::text_encoder(const Cancel& cancel) const {
    return {
        parts.text_encoder.checkpoint, encoders::t5_names(), {.device = device, .loras = nullptr, .cancel = &cancel}};
}

std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options) {
    auto model = std::make_shared<OpenedModel>();
    model->parts = find_parts(options.path, options.engine_opts);
    load::require_none(model->parts.missing);
    const ModelParts& parts = model->parts;
    model->device = device::resolve_device(options.device);
    model->type = device::resolve_precision(options.precision, model->device);
    model->room = load::MemoryRoom(options.memory_bytes, model->device);
    model->loras = open_loras(parts, options.lora, options.log);
    check_tensors(*model);
    model->tokenizer = encoders::open_t5_tokenizer(parts.tokenizer, kExtraIds);
    encoders::check_t5_ids(*model->tokenizer, parts.text.vocab);
    if (!options.log) return model;
    for (const auto& warnings : {parts.warnings, load::warnings_of_values(part_rows(parts))})
        for (const std::string& warning : warnings) options.log(ZT_LOG_WARNING, "model: " + warning);
    options.log(ZT_LOG_INFO, std::string("sampler: ") + (parts.dpm ? "dpm" : "ddim"));
    return model;
}

ClipPlan plan_clip(const OpenedModel& model, const families::GenerationRequest& request) {
    PlanRequest wanted;
    wanted.width = request.width, wanted.height = request.height, wanted.steps = request.steps;
    wanted.frames = model.parts.made_frames(request.shot_frames);
    wanted.element_bytes = static_cast<int64_t>(c10::elementSize(model.type));
    wanted.vae_element_bytes = static_cast<int64_t>(c10::elementSize(model.vae_type));
    wanted.prompts = request.first.guidance > 1 ? 2 : 1;
    wanted.ranks = request.morph ? 1 : ranks::company().all;
    wanted.loras = model.loras.get();
    const load::MemoryLimit limit = model.room.limit();
    // What happens to be free decides no pixel: others may share this clip by the cache, or make it beside this rank.
    wanted.may_tile = model.room.is_given();
    const load::MemoryPlan plan = plan_within(model.parts, wanted, limit.bytes - std::min(limit.bytes, limit.program));
    const auto layers = static_cast<size_t>(model.parts.transformer.layers);
    const std::string hint = wanted.coding.tiled ? "" : " (less with engine_opts tiling=on, and it looks otherwise)";
    const ClipPlan made{load::fit_into(plan, limit, std::vector<double>(layers, 1.0 / static_cast<double>(layers)),
                                       std::to_string(request.width) + "x" + std::to_string(request.height) + ", " +
                                           std::to_string(wanted.frames) + " frames" + hint,
                                       wanted.ranks),
                        wanted.coding};
    if (request.log) tell_plan(model, made, request.log);
    return made;
}

std::shared_ptr<const Coder> read_coder(const OpenedModel& model, bool decodes, const Cancel& cancel) {
    auto made = std::make_shared<Coder>(autoencoders::batched::make_coder(model.parts.vae, decodes));
    model.vae(cancel).fill(*made, model.vae_type, false);
    made->visit([](const std::string&, at::Tensor& weight) { weight = nn::in_order(weight); });
    return made;
}

Block read_block(const OpenedModel& model, const load::PartReader& reader, int64_t index) {
    Block block = make_block(model.parts.transformer);
    reader.fill(block, model.type, true, index);
    return block;
}

}  // namespace zt::cogvideox
