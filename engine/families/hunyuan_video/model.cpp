// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opening; see model.h.
#include "families/hunyuan_video/model.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "device/devices.h"
#include "device/precision.h"
#include "encoders/clip_vision.h"
#include "encoders/streamed_llm.h"
#include "families/hunyuan_video/completeness.h"
#include "families/hunyuan_video/text/projector.h"

namespace zt::hunyuan_video {
namespace {

const PartFile& file_of(const ModelParts& parts, Part part) {
    switch (part) {
        case Part::kTransformer: return parts.transformer_file;
        case Part::kVae: return parts.vae_file;
        case Part::kLlm: return parts.text_encoder;
        case Part::kClipText: return parts.text_encoder_2;
        case Part::kClipVision:
        case Part::kProjector: break;
    }
    return parts.image_encoder;
}

// Names and shapes of everything a generation will read, before anything is.
void check_tensors(const OpenedModel& model) {
    const Cancel never;
    const TransformerConfig& config = model.parts.transformer;
    const load::PartReader transformer = model.reader(Part::kTransformer, never);
    Embedders embedders = make_embedders(config);
    transformer.expect(embedders);
    Ends ends = make_ends(config);
    transformer.expect(ends);
    DoubleBlock double_block = make_double_block(config);
    for (int64_t i = 0; i < config.layers; i++) transformer.expect(double_block, i);
    SingleBlock single_block = make_single_block(config);
    for (int64_t i = 0; i < config.single_layers; i++) transformer.expect(single_block, i);
    encoders::ClipText clip = encoders::make_clip_text(model.parts.clip_text);
    model.reader(Part::kClipText, never).expect(clip);
    encoders::expect_llm(model.parts.llm, model.reader(Part::kLlm, never));
    const load::PartReader vae = model.reader(Part::kVae, never);
    VaeDecoder decoder = make_vae_decoder(model.parts.vae);
    vae.expect(decoder);
    if (!model.takes_picture()) return;
    VaeEncoder encoder = make_vae_encoder(model.parts.vae);
    vae.expect(encoder);
    encoders::ClipVision vision = encoders::make_clip_vision(model.parts.clip_vision);
    model.reader(Part::kClipVision, never).expect(vision);
    Projector projector = make_projector(model.parts.clip_vision.hidden, model.parts.llm.hidden);
    model.reader(Part::kProjector, never).expect(projector);
}

// An embedding row for every id, or a prompt could ask for one that is not there.
void check_vocabulary(const text::BpeTokenizer& tokenizer, const char* name, int64_t rows) {
    if (tokenizer.id_end() > rows)
        throw Error(ZT_ERROR_WEIGHTS, std::string(name) + ": expected ids below " + std::to_string(rows) +
                                          " (rows of the embedding), got " + std::to_string(tokenizer.id_end() - 1));
}

}  // namespace

at::ScalarType vae_type(at::ScalarType type, at::Device device) {
    if (type != at::kBFloat16) return type;
    if (!device.is_cpu()) return at::kHalf;
    return device::native_bf16() ? type : at::kFloat;
}

load::PartReader OpenedModel::reader(Part part, const Cancel& cancel) const {
    load::ReaderOptions options;
    options.device = device;
    options.heads = parts.llm.heads;
    options.kv_heads = parts.llm.kv_heads;
    options.cancel = &cancel;
    if (part == Part::kTransformer) options.loras = loras;
    return {file_of(parts, part).checkpoint, names_of(part), options};
}

std::shared_ptr<const OpenedModel> open_model(const families::LoadOptions& options) {
    auto model = std::make_shared<OpenedModel>();
    model->parts = find_parts(options.path, options.engine_opts);
    require_all(model->parts);
    const ModelParts& parts = model->parts;
    if (!parts.sampler.empty()) model->sampler = sampler_mode(parts.sampler);
    model->tiling = parts.tiling.empty() ? tilings().front() : find_tiling(parts.tiling);
    model->device = device::resolve_device(options.device);
    model->type = device::resolve_precision(options.precision, model->device);
    model->vae_type = vae_type(model->type, model->device);
    model->room = load::MemoryRoom(options.memory_bytes, model->device);
    if (!options.lora.empty())
        model->loras =
            load::LoraSet::open(load::parse_lora_option(options.lora),
                                lora_base(parts.transformer, *parts.transformer_file.checkpoint), options.log);
    check_supported(parts.transformer, parts.transformer_file.path);
    check_tensors(*model);
    model->llm_tokenizer = text::BpeTokenizer::open(parts.tokenizer);
    model->clip_tokenizer = text::BpeTokenizer::open(parts.tokenizer_2);
    check_vocabulary(*model->llm_tokenizer, "tokenizer", parts.llm.vocab);
    check_vocabulary(*model->clip_tokenizer, "tokenizer_2", parts.clip_text.vocab);
    model->rules = prompt_template(*model->llm_tokenizer, parts.transformer.kind);
    if (options.log) {
        for (const std::string& warning : parts.warnings) options.log(ZT_LOG_WARNING, "model: " + warning);
        for (const std::string& warning : value_warnings(parts)) options.log(ZT_LOG_WARNING, "model: " + warning);
    }
    if (!parts.kind_known && options.log)
        options.log(
            ZT_LOG_WARNING,
            "model: this file could be text to video or image to video (token_replace); taken as text to video, "
            "engine_opts=kind=token_replace says otherwise");
    return model;
}

std::string identity(const OpenedModel& model) {
    std::vector<std::pair<std::string_view, const weights::Checkpoint*>> files;
    for (const Part part : {Part::kTransformer, Part::kVae, Part::kLlm, Part::kClipText, Part::kClipVision})
        files.emplace_back(part_name(part), file_of(model.parts, part).checkpoint.get());
    return load::digest_of(files);
}

}  // namespace zt::hunyuan_video
