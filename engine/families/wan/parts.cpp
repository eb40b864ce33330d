// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding the files of a model; see parts.h.
#include "families/wan/parts.h"

#include <array>
#include <filesystem>

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "encoders/t5_names.h"
#include "families/wan/names.h"
#include "families/wan/vae/names.h"
#include "load/part_checks.h"
#include "load/shapes.h"

namespace zt::wan {
namespace {

namespace fs = std::filesystem;
using load::Convention;
using load::EngineOptions;
using load::PartFile;
using weights::Checkpoint;

constexpr std::array<load::OptionRow, 10> kOptions = {{
    {"transformer_2", "path", "A14B: the expert for low noise; the model itself is then the one for high noise"},
    {"boundary", "number from 0 to 1", "A14B: where the experts change, of the noise levels; 0.875, with pictures 0.9"},
    {"guidance_2", "number from 0 to 100", "A14B: guidance of the expert for low noise, if not the same"},
    {"vae", "path", "the VAE: a file, or a folder with config.json"},
    {"text_encoder", "path", "UMT5: a file, GGUF too, or a folder"},
    {"image_encoder", "path", "2.1 with pictures: CLIP ViT-H/14: a file or a folder"},
    {"tokenizer", "path", "of UMT5: a folder with tokenizer.json, or that file"},
    {"sampler", "unipc distilled causal",
     "the levels and the solver: of the base models, of those that need four steps, of those that go on without end"},
    {"window", "multiple of 3", "causal: latents that attention sees, those in the making too; 21"},
    {"sink", "multiple of 3", "causal: of them, how many stay the first ones of all; 0"},
}};

// Names that published files have, beside the model or in ComfyUI's folders.
std::span<const Convention> conventions() {
    static const auto& all = *new std::array<Convention, 4>{{
        {"vae",
         {"vae", "wan_2.1_vae.safetensors", "Wan2_1_VAE_bf16.safetensors", "Wan2_1_VAE_fp32.safetensors",
          "wan2.2_vae.safetensors"}},
        {"text_encoder",
         {"text_encoder", "umt5_xxl_fp16.safetensors", "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
          "umt5-xxl-enc-bf16.safetensors"}},
        {"image_encoder", {"image_encoder", "clip_vision_h.safetensors"}},
        {"tokenizer", {"tokenizer"}},
    }};
    return all;
}

void read_scheduler(const fs::path& folder, ModelParts& parts) {
    const fs::path file = folder / "scheduler/scheduler_config.json";
    if (!load::is_there(file)) return;
    const json::Origin origin{"scheduler/scheduler_config.json", ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(load::read_json_text(file.string(), origin.name), {}, origin);
    const json::Field root(value, origin);
    const auto name = root.find("_class_name");
    const bool causal = name && name->string() == "SelfForcingFlowMatchScheduler";
    if (name && !causal && name->string() != "UniPCMultistepScheduler")
        throw Error(ZT_ERROR_UNSUPPORTED, origin.name +
                                              ": _class_name: expected UniPCMultistepScheduler or "
                                              "SelfForcingFlowMatchScheduler, got " +
                                              quote(name->string()));
    if (causal && parts.sampler.empty()) parts.sampler = "causal";
    if (!causal && parts.sampler == "causal") return;  // of the model that it was made from
    const auto same = [&](const char* key, std::string_view expected) {
        if (const auto field = root.find(key); field && !field->is_null() && field->string() != expected)
            field->refuse(quote(std::string(expected)));
    };
    same("prediction_type", "flow_prediction");
    same("solver_type", "bh2");
    if (const auto order = root.find("solver_order"); order && order->integer(1, 3) != 2) order->refuse("2");
    if (const auto shift = root.find(causal ? "shift" : "flow_shift"); shift && !shift->is_null()) {
        parts.flow_shift = shift->number();
        if (!(*parts.flow_shift > 0 && *parts.flow_shift <= 100)) shift->refuse("a number above 0, up to 100");
    }
}

// "boundary_ratio" of model_index.json.
void read_boundary(const fs::path& folder, ModelParts& parts) {
    const json::Origin origin{"model_index.json", ZT_ERROR_WEIGHTS};
    const json::Value value =
        json::parse_value(load::read_json_text((folder / "model_index.json").string(), origin.name), {}, origin);
    const auto ratio = json::Field(value, origin).find("boundary_ratio");
    if (!ratio || ratio->is_null()) return;
    parts.boundary = ratio->number();
    if (!(parts.boundary >= 0 && parts.boundary <= 1)) ratio->refuse("a number from 0 to 1");
}

// Widths on both sides of each place where one part reads what another makes.
void check_widths(const ModelParts& parts) {
    load::check_width(parts.text_encoder, "text_encoder: expected the width", parts.transformer.text_dim,
                      "text_dim of the transformer", parts.text.d_model);
    load::check_width(parts.vae_file, "vae: expected latent channels", parts.transformer.out_channels,
                      "out_channels of the transformer", parts.vae.z_dim);
    load::check_width(parts.image_encoder, "image_encoder: expected the width", parts.transformer.image_dim,
                      "image_dim of the transformer", parts.clip.hidden);
    const int64_t tokens = 2 * (1 + encoders::picture_tokens(parts.clip));
    if (parts.needs_last() && parts.image_encoder.checkpoint != nullptr && parts.transformer.image_tokens != tokens)
        throw Error(ZT_ERROR_WEIGHTS, "image_encoder: expected " + std::to_string(parts.transformer.image_tokens) +
                                          " tokens of two pictures (positions of the transformer), got " +
                                          std::to_string(tokens));
}

void check_whole(const ModelParts& parts) {
    for (const PartFile* part : {&parts.transformer_file, &parts.transformer_2_file}) {
        if (part->checkpoint == nullptr) continue;
        const Checkpoint& file = *part->checkpoint;
        load::check_scales(file, transformer_names());
        load::check_count(file, "blocks.", load::Shapes(file, transformer_names()).count("blocks."),
                          parts.transformer.layers);
    }
    if (parts.text_encoder.checkpoint != nullptr)
        load::check_scales(*parts.text_encoder.checkpoint, encoders::t5_names());
    if (parts.image_encoder.checkpoint == nullptr) return;
    encoders::check_blocks(parts.clip, *parts.image_encoder.checkpoint, encoders::Tower::kVision);
    load::check_scales(*parts.image_encoder.checkpoint, encoders::clip_names(encoders::Tower::kVision));
}

void check_kind(const ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    const bool whole = t.in_channels == t.out_channels ||
                       t.in_channels == t.out_channels + VaeConfig::temporal_compression + parts.vae.z_dim;
    if (!whole)
        throw Error(ZT_ERROR_WEIGHTS, parts.transformer_file.checkpoint->name() + ": in_channels: expected " +
                                          std::to_string(t.out_channels) + " or 36, got " +
                                          std::to_string(t.in_channels));
    if (t.image_dim > 0 && !parts.beside_noise())
        throw Error(ZT_ERROR_UNSUPPORTED, parts.transformer_file.checkpoint->name() +
                                              ": expected 36 input channels beside CLIP's tokens, got " +
                                              std::to_string(t.in_channels));
}

void read_causal(const EngineOptions& options, ModelParts& parts) {
    if (parts.sampler == "causal") {
        if (parts.transformer.in_channels != 16 || parts.has_experts())
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "engine_opts: sampler: expected unipc or distilled (causal is for text to video 2.1), got "
                        "\"causal\"");
        constexpr int64_t kMost = 999;
        parts.window = load::check_multiple(options, "window", kBlockLatents, kBlockLatents, kMost, parts.window);
        parts.sink = load::check_multiple(options, "sink", kBlockLatents, 0, parts.window - kBlockLatents, parts.sink);
        return;
    }
    for (const std::string_view key : {"window", "sink"})
        if (const std::string given = load::option(options, key); !given.empty())
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: " + std::string(key) +
                                               ": expected none without sampler=causal, got " + quote(given));
}

void note_missing(ModelParts& parts) {
    const auto note = [&](bool there, std::string_view key, std::string_view what) {
        if (!there)
            parts.missing.push_back(std::string(key) + ": expected " + std::string(what) +
                                    ", got none; set engine_opts " + std::string(key) + "=PATH");
    };
    note(parts.vae_file.checkpoint != nullptr, "vae", "the VAE");
    note(parts.text_encoder.checkpoint != nullptr, "text_encoder", "UMT5, which reads the prompt");
    note(!parts.reads_clip() || parts.image_encoder.checkpoint != nullptr, "image_encoder",
         "CLIP ViT-H/14, which looks at the picture");
    note(!parts.tokenizer.empty(), "tokenizer", "the tokenizer of UMT5");
}

}  // namespace

std::span<const load::OptionRow> option_rows() { return kOptions; }

ModelParts find_parts(const std::string& path, const EngineOptions& options) {
    load::check_options(options, kOptions);
    ModelParts parts;
    parts.path = path;
    parts.sampler = load::check_choice(options, kOptions, "sampler");
    const fs::path model(path);
    const bool is_pipeline = load::is_there(model / "model_index.json");
    parts.transformer_file = load::open_part(is_pipeline ? (model / "transformer").string() : path);
    parts.layout = is_pipeline              ? "diffusers folder"
                   : load::is_folder(model) ? "folder of a diffusers transformer"
                   : parts.transformer_file.checkpoint->container() == weights::Container::kGguf ? "GGUF file"
                                                                                                 : "safetensors file";
    load::read_config(parts.transformer_file, "WanTransformer3DModel", parts.transformer, parse_transformer_config,
                      transformer_config_of);
    if (const std::string second = load::locate("transformer_2", options, conventions(), model, is_pipeline);
        !second.empty()) {
        parts.transformer_2_file = load::open_part(second);
        TransformerConfig other;
        load::read_config(parts.transformer_2_file, "WanTransformer3DModel", other, parse_transformer_config,
                          transformer_config_of);
        if (other != parts.transformer)
            throw Error(ZT_ERROR_WEIGHTS,
                        "transformer_2: expected the shapes of the first transformer, got others in " +
                            parts.transformer_2_file.checkpoint->name());
        parts.boundary = parts.beside_noise() ? 0.9 : 0.875;
        if (is_pipeline) read_boundary(model, parts);
        parts.boundary = load::check_number(options, "boundary", 0, 1, parts.boundary);
        if (!load::option(options, "guidance_2").empty())
            parts.guidance_2 = load::check_number(options, "guidance_2", 0, 100, 1);
    }
    const auto find = [&](std::string_view key) {
        return load::locate(key, options, conventions(), model, is_pipeline);
    };
    parts.vae_file = load::open_part(find("vae"));
    load::read_config(parts.vae_file, "AutoencoderKLWan", parts.vae, parse_vae_config, vae_config_of);
    check_kind(parts);
    parts.text_encoder = load::open_part(find("text_encoder"));
    load::read_config(parts.text_encoder, "T5", parts.text, encoders::parse_t5_config, encoders::t5_config_of);
    if (parts.reads_clip()) parts.image_encoder = load::open_part(find("image_encoder"));
    load::read_config(parts.image_encoder, "CLIPVision", parts.clip, encoders::parse_clip_vision_config,
                      encoders::clip_vision_config_of);
    check_whole(parts);
    check_widths(parts);
    parts.tokenizer = load::tokenizer_folder("tokenizer", find("tokenizer"), false);
    if (is_pipeline) read_scheduler(model, parts);
    read_causal(options, parts);
    note_missing(parts);
    return parts;
}

std::vector<std::string> files_of(const std::string& path, const EngineOptions& options) {
    const fs::path model(path);
    const bool is_pipeline = load::is_there(model / "model_index.json");
    std::vector<std::string> files;
    // The folders of a pipeline one by one: they may be links, which a walk through the whole does not follow.
    load::add_files(is_pipeline ? (model / "transformer").string() : path, files);
    if (is_pipeline) files.push_back((model / "scheduler").string());
    for (const std::string_view key : {"transformer_2", "vae", "text_encoder", "image_encoder"})
        if (const std::string part = load::locate(key, options, conventions(), model, is_pipeline); !part.empty())
            load::add_files(part, files);
    if (const fs::path at = load::locate("tokenizer", options, conventions(), model, is_pipeline); !at.empty())
        files.push_back(((load::is_folder(at) ? at : at.parent_path()) / "tokenizer.json").string());
    return files;
}

load::LoraBase lora_base(const ModelParts& parts) {
    return {transformer_names().spellings([&](std::string_view) { return parts.transformer.layers; }),
            {},
            load::shapes_of(*parts.transformer_file.checkpoint, transformer_names())};
}

}  // namespace zt::wan
