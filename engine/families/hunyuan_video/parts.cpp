// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding the files of a model; see parts.h.
#include "families/hunyuan_video/parts.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/text_number.h"
#include "core/utf8.h"
#include "families/hunyuan_video/completeness.h"
#include "families/hunyuan_video/detection.h"
#include "families/hunyuan_video/text/prompt_layout.h"
#include "load/part_checks.h"
#include "load/shapes.h"

namespace zt::hunyuan_video {
namespace {

namespace fs = std::filesystem;
using load::add_files;
using load::Convention;
using load::is_folder;
using load::is_there;
using load::open_part;
using load::option;
using load::read_config;
using weights::Checkpoint;

constexpr double kMaxTrueCfg = 100.0;
constexpr std::array<OptionRow, 10> kOptions = {{
    {"vae", "path", "the VAE: a file, or a folder with config.json"},
    {"text_encoder", "path", "the LLM (for pictures: LLaVA): a file, GGUF too, or a folder"},
    {"text_encoder_2", "path", "CLIP's text model: a file or a folder"},
    {"tokenizer", "path", "of the LLM: a folder with tokenizer.json, or that file"},
    {"tokenizer_2", "path", "of CLIP: a folder with tokenizer.json, or vocab.json and merges.txt"},
    {"image_encoder", "path", "the vision tower and projector, if text_encoder has none"},
    {"kind", "t2v token_replace latent_concat", "what a single file cannot tell"},
    {"sampler", "diffusers original", "whose rounding the denoise loop has"},
    {"tiling", "diffusers diffusers-untiled original small", "how the VAE cuts the clip"},
    {"true_cfg", "number from 1 to 100", "true classifier-free guidance with the negative prompt; 1 = off"},
}};

std::span<const Convention> conventions() {
    static const auto& all = *new std::array<Convention, 6>{{
        {"vae", {"vae", "hunyuan_video_vae_bf16.safetensors", "hunyuan_video_vae_fp32.safetensors"}},
        {"text_encoder", {"text_encoder", "llava_llama3_fp16.safetensors", "llava_llama3_fp8_scaled.safetensors"}},
        {"text_encoder_2", {"text_encoder_2", "clip_l.safetensors"}},
        {"image_encoder", {"image_encoder", "llava_llama3_vision.safetensors"}},
        {"tokenizer", {"tokenizer"}},
        {"tokenizer_2", {"tokenizer_2"}},
    }};
    return all;
}
// ---- Parts ----

bool has_vision(const Checkpoint& file) {
    return std::any_of(file.entries().begin(), file.entries().end(), [](const auto& entry) {
        const auto placed = names_of(Part::kClipVision).place(entry.name);
        return placed && placed->module == "embeddings.class_embedding";
    });
}

// Widths on both sides of each place where one part reads what another makes.
void check_widths(const ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    load::check_width(parts.text_encoder, "text_encoder: expected the width", t.text_dim,
                      "text_embed_dim of the transformer", parts.llm.hidden);
    load::check_width(parts.text_encoder_2, "text_encoder_2: expected the width", t.pooled_dim,
                      "pooled_projection_dim of the transformer", parts.clip_text.hidden);
    load::check_width(parts.vae_file, "vae: expected latent channels", t.out_channels,
                      "out_channels of the transformer", parts.vae.latent_channels);
    if (parts.text_encoder_2.checkpoint != nullptr && parts.clip_text.positions < kMaxClipTokens)
        throw Error(ZT_ERROR_WEIGHTS, "text_encoder_2: expected at least " + std::to_string(kMaxClipTokens) +
                                          " positions, got " + std::to_string(parts.clip_text.positions) + " in " +
                                          parts.text_encoder_2.checkpoint->name());
    if (parts.image_encoder.checkpoint == nullptr || parts.text_encoder.checkpoint == nullptr) return;
    for (const weights::CheckpointEntry& entry : parts.image_encoder.checkpoint->entries()) {
        const auto placed = names_of(Part::kProjector).place(entry.name);
        if (!placed || placed->leaf != "weight" || entry.shape.size() != 2) continue;
        if (placed->module == "linear_1")
            load::check_width(parts.image_encoder, "image_encoder: expected projector columns",
                              parts.clip_vision.hidden, "width of the vision tower", entry.shape[1]);
        if (placed->module == "linear_2")
            load::check_width(parts.image_encoder, "image_encoder: expected projector rows", parts.llm.hidden,
                              "width of text_encoder", entry.shape[0]);
    }
}

// What the headers tell of each part: blocks, names, scales.
void check_whole(ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    const Checkpoint& file = *parts.transformer_file.checkpoint;
    if (!parts.transformer_file.from_shapes)
        check_blocks(t, file);
    else if (t.width() != TransformerConfig().width())
        parts.warnings.push_back(file.name() + ": expected a config.json beside a transformer of width " +
                                 std::to_string(t.width()) +
                                 ", which says how many blocks it has, got none; those that are there are taken: " +
                                 std::to_string(t.layers) + " double, " + std::to_string(t.single_layers) + " single");
    check_names(file, t);
    load::check_scales(file, names_of(Part::kTransformer));
    if (parts.vae_file.checkpoint != nullptr) check_blocks(parts.vae, *parts.vae_file.checkpoint);
    const auto check_encoder = [](const PartFile& part, Part kind, int64_t layers) {
        check_names(*part.checkpoint, kind, layers);
        load::check_scales(*part.checkpoint, names_of(kind));
    };
    if (const auto& llm = parts.text_encoder; llm.checkpoint != nullptr) {
        check_blocks(parts.llm, *llm.checkpoint);
        check_encoder(llm, Part::kLlm, parts.llm.layers - parts.llm.skip_layers);
    }
    if (const auto& clip = parts.text_encoder_2; clip.checkpoint != nullptr) {
        check_blocks(parts.clip_text, *clip.checkpoint, encoders::Tower::kText);
        check_encoder(clip, Part::kClipText, parts.clip_text.layers);
    }
    if (const auto& vision = parts.image_encoder; vision.checkpoint != nullptr) {
        check_blocks(parts.clip_vision, *vision.checkpoint, encoders::Tower::kVision);
        check_encoder(vision, Part::kClipVision, parts.clip_vision.layers - 1);
        check_encoder(vision, Part::kProjector, 0);
    }
}

void note_missing(ModelParts& parts) {
    const auto note = [&](bool there, std::string_view key, std::string_view what) {
        if (!there) parts.missing.push_back(load::missing_part(key, what, parts.path));
    };
    note(parts.vae_file.checkpoint != nullptr, "vae", "the VAE");
    note(parts.text_encoder.checkpoint != nullptr, "text_encoder", "the LLM that reads the prompt");
    note(!parts.tokenizer.empty(), "tokenizer", "the tokenizer of the LLM");
    note(parts.text_encoder_2.checkpoint != nullptr, "text_encoder_2", "CLIP's text model");
    note(!parts.tokenizer_2.empty(), "tokenizer_2", "the tokenizer of CLIP");
    if (parts.transformer.kind != Kind::kTextToVideo)
        note(parts.image_encoder.checkpoint != nullptr, "image_encoder",
             "the vision tower of a picture-to-video model");
}

}  // namespace

std::span<const OptionRow> option_rows() { return kOptions; }

ModelParts find_parts(const std::string& path, const EngineOptions& options) {
    load::check_options(options, kOptions);
    ModelParts parts;
    parts.path = path;
    parts.sampler = load::check_choice(options, kOptions, "sampler");
    parts.tiling = load::check_choice(options, kOptions, "tiling");
    parts.true_cfg = load::check_number(options, "true_cfg", 1, kMaxTrueCfg, 1);
    const fs::path model(path);
    const bool is_pipeline = is_there(model / "model_index.json");
    if (is_pipeline) check_pipeline(load::class_name((model / "model_index.json").string()));
    parts.transformer_file = open_part(is_pipeline ? (model / "transformer").string() : path);
    parts.layout = load::layout_name(model, is_pipeline, *parts.transformer_file.checkpoint);
    read_config(parts.transformer_file, "HunyuanVideo", parts.transformer, parse_transformer_config,
                transformer_config_of);
    parts.kind_known = !parts.transformer_file.from_shapes || parts.transformer.kind == Kind::kLatentConcat;
    if (const std::string kind = option(options, "kind"); !kind.empty()) {
        const Kind wanted = parse_kind(kind);
        if (parts.kind_known && wanted != parts.transformer.kind)
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: kind: expected " +
                                               std::string(kind_name(parts.transformer.kind)) +
                                               " (what the model says), got " + kind);
        if (wanted == Kind::kLatentConcat && parts.transformer.in_channels != 33)
            throw Error(ZT_ERROR_ARGUMENT,
                        "engine_opts: kind: expected t2v or token_replace for 16 input channels, got latent_concat");
        parts.transformer.kind = wanted;
        parts.kind_known = true;
    }

    const auto find = [&](std::string_view key) {
        return load::locate(key, options, conventions(), model, is_pipeline);
    };
    parts.vae_file = open_part(find("vae"));
    read_config(parts.vae_file, "AutoencoderKLHunyuanVideo", parts.vae, parse_vae_config, vae_config_of);
    parts.text_encoder = open_part(find("text_encoder"));
    read_config(parts.text_encoder, "lama", parts.llm, encoders::parse_llm_config,
                encoders::llm_config_of);  // LlamaModel, llama, llava
    parts.text_encoder_2 = open_part(find("text_encoder_2"));
    read_config(parts.text_encoder_2, "CLIPText", parts.clip_text, encoders::parse_clip_text_config,
                encoders::clip_text_config_of);
    if (parts.transformer.kind != Kind::kTextToVideo) {
        const std::string given = option(options, "image_encoder");
        const bool inside =
            given.empty() && parts.text_encoder.checkpoint != nullptr && has_vision(*parts.text_encoder.checkpoint);
        parts.image_encoder = inside ? parts.text_encoder : open_part(find("image_encoder"));
        read_config(parts.image_encoder, "vision", parts.clip_vision, encoders::parse_clip_vision_config,
                    encoders::clip_vision_config_of);
    }
    check_whole(parts);
    check_widths(parts);
    parts.tokenizer = load::tokenizer_folder("tokenizer", find("tokenizer"), true);
    parts.tokenizer_2 = load::tokenizer_folder("tokenizer_2", find("tokenizer_2"), true);
    if (is_pipeline)
        parts.flow_shift = load::read_scheduler(model, {{"FlowMatchEulerDiscreteScheduler", "shift"}}).flow_shift;
    note_missing(parts);
    return parts;
}

std::vector<std::string> files_of(const std::string& path, const EngineOptions& options) {
    const fs::path model(path);
    const bool is_pipeline = is_there(model / "model_index.json");
    std::vector<std::string> files;
    // The folders of a pipeline one by one: they may be links, which a walk through the whole does not follow.
    add_files(is_pipeline ? (model / "transformer").string() : path, files);
    if (is_pipeline) files.push_back((model / "scheduler").string());
    for (const std::string_view key : {"vae", "text_encoder", "text_encoder_2", "image_encoder"})
        if (const std::string part = load::locate(key, options, conventions(), model, is_pipeline); !part.empty())
            add_files(part, files);
    for (const std::string_view key : {"tokenizer", "tokenizer_2"}) {
        const fs::path at = load::locate(key, options, conventions(), model, is_pipeline);
        if (at.empty()) continue;
        for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt"})
            files.push_back(((is_folder(at) ? at : at.parent_path()) / name).string());
    }
    return files;
}

load::LoraBase lora_base(const TransformerConfig& config, const Checkpoint& transformer) {
    return {all_spellings(config.layers, config.single_layers, config.refiner_layers),
            {"Hunyuan_video_I2V_lora_"},
            load::shapes_of(transformer, names_of(Part::kTransformer))};
}

void require_all(const ModelParts& parts) { load::require_none(parts.missing); }

}  // namespace zt::hunyuan_video
