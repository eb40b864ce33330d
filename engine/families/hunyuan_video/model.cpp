// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opening; see model.h.
#include "families/hunyuan_video/model.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/sha256.h"
#include "device/devices.h"
#include "device/precision.h"
#include "families/hunyuan_video/clip_vision.h"
#include "families/hunyuan_video/completeness.h"
#include "families/hunyuan_video/lora_set.h"

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

// The LLM's embeddings, of which rows are read one by one.
struct LlmTable {
    at::Tensor rows;
    template <class F>
    void visit(F&& f) { f("embed_tokens.weight", rows); }
};

// Names and shapes of everything a generation will read, before anything is.
void check_tensors(const OpenedModel& model) {
    const Cancel never;
    const TransformerConfig& config = model.parts.transformer;
    const PartReader transformer = model.reader(Part::kTransformer, never);
    Embedders embedders = make_embedders(config);
    transformer.expect(embedders);
    Ends ends = make_ends(config);
    transformer.expect(ends);
    DoubleBlock double_block = make_double_block(config);
    for (int64_t i = 0; i < config.layers; i++) transformer.expect(double_block, i);
    SingleBlock single_block = make_single_block(config);
    for (int64_t i = 0; i < config.single_layers; i++) transformer.expect(single_block, i);
    ClipText clip = make_clip_text(model.parts.clip_text);
    model.reader(Part::kClipText, never).expect(clip);
    const PartReader llm = model.reader(Part::kLlm, never);
    LlmTable table{at::empty({model.parts.llm.vocab, model.parts.llm.hidden}, at::kMeta)};
    llm.expect(table);
    LlmLayer layer = make_llm_layer(model.parts.llm);
    for (int64_t i = 0; i < used_layers(model.parts.llm); i++) llm.expect(layer, "layers." + std::to_string(i));
    const PartReader vae = model.reader(Part::kVae, never);
    VaeDecoder decoder = make_vae_decoder(model.parts.vae);
    vae.expect(decoder);
    if (!model.takes_picture()) return;
    VaeEncoder encoder = make_vae_encoder(model.parts.vae);
    vae.expect(encoder);
    ClipVision vision = make_clip_vision(model.parts.clip_vision);
    model.reader(Part::kClipVision, never).expect(vision);
    Projector projector = make_projector(model.parts.clip_vision.hidden, model.parts.llm.hidden);
    model.reader(Part::kProjector, never).expect(projector);
}

// An embedding row for every id, or a prompt could ask for one that is not there.
void check_vocabulary(const text::BpeTokenizer& tokenizer, const char* name, int64_t rows) {
    if (tokenizer.id_end() > rows)
        throw Error(ZT_ERROR_WEIGHTS, std::string(name) + ": expected ids below " + std::to_string(rows) + " (rows of the embedding), got " +
                                          std::to_string(tokenizer.id_end() - 1));
}

}  // namespace

at::ScalarType vae_type(at::ScalarType type, at::Device device) {
    if (type != at::kBFloat16) return type;
    if (!device.is_cpu()) return at::kHalf;
    return device::native_bf16() ? type : at::kFloat;
}

std::shared_ptr<const PromptFeatures> FeatureCache::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
    if (at == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, at);
    return entries_.front().second;
}

void FeatureCache::keep(const std::string& key, std::shared_ptr<const PromptFeatures> features) {
    const std::lock_guard lock(mutex_);
    entries_.emplace_front(key, std::move(features));
    if (entries_.size() > kMost) entries_.pop_back();
}

PartReader OpenedModel::reader(Part part, const Cancel& cancel) const {
    ReaderOptions options;
    options.device = device;
    options.heads = parts.llm.heads;
    options.kv_heads = parts.llm.kv_heads;
    options.cancel = &cancel;
    if (part == Part::kTransformer) options.loras = loras;
    return {file_of(parts, part).checkpoint, part, options};
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
    model->budget = options.memory_bytes;
    if (!options.lora.empty())
        model->loras = LoraSet::open(parse_lora_option(options.lora), lora_base(parts.transformer, *parts.transformer_file.checkpoint), options.log);
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
        options.log(ZT_LOG_WARNING, "model: this file could be text to video or image to video (token_replace); taken as text to video, "
                                    "engine_opts=kind=token_replace says otherwise");
    return model;
}

std::string identity(const OpenedModel& model) {
    Sha256 digest;
    for (const Part part : {Part::kTransformer, Part::kVae, Part::kLlm, Part::kClipText, Part::kClipVision}) {
        const auto& checkpoint = file_of(model.parts, part).checkpoint;
        if (checkpoint == nullptr) continue;
        digest.update(part_name(part));
        for (const weights::CheckpointEntry& entry : checkpoint->entries()) {
            std::string line = '\n' + entry.name + ' ' + entry.type_name();
            for (const int64_t size : entry.shape) line += ' ' + std::to_string(size);
            line += " at " + std::to_string(entry.offset) + " of " + std::to_string(entry.file);
            digest.update(line);
        }
    }
    return digest.finish();
}

}  // namespace zt::hunyuan_video
