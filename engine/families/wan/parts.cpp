// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding the files of a model; see parts.h.
#include "families/wan/parts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "encoders/t5_names.h"
#include "encoders/t5_tokenizer.h"
#include "families/wan/detection.h"
#include "families/wan/names.h"
#include "load/config_json.h"
#include "load/part_checks.h"
#include "load/shapes.h"

namespace zt::wan {
namespace {

namespace fs = std::filesystem;
using load::EngineOptions;
using load::PartFile;
using weights::Checkpoint;

constexpr std::array<load::OptionRow, 11> kOptions = {{
    {"transformer_2", "path", "A14B: the expert for low noise; the model itself is then the one for high noise"},
    {"lora_2", "path[:scale][|path...]", "A14B: adapters of the expert for low noise; lora is then the other one's"},
    {"boundary", "number from 0 to 1", "A14B: where the experts change, of the noise levels; 0.875, with pictures 0.9"},
    {"guidance_2", "number from 0 to 100", "A14B: guidance of the expert for low noise, if not the same"},
    {"vae", "path", "the VAE: a file, or a folder with config.json"},
    {"text_encoder", "path", "UMT5: a file, GGUF too, or a folder"},
    {"image_encoder", "path", "2.1 with pictures: CLIP ViT-H/14: a file or a folder"},
    {"tokenizer", "path", "of UMT5: tokenizer.json or spiece.model, a folder with one, or a file of UMT5 that has it"},
    {"sampler", "unipc distilled causal",
     "the levels and the solver: of the base models, of those that need four steps, of those that go on without end"},
    {"window", "multiple of 3", "causal: latents that attention sees, those in the making too; 21"},
    {"sink", "multiple of 3", "causal: of them, how many stay the first ones of all; 0"},
}};

// Names that published files have, beside the model or in ComfyUI's folders.
std::span<const load::Convention> conventions() {
    static const auto& all = *new std::array<load::Convention, 4>{{
        {"vae",
         {"vae", "wan_2.1_vae.safetensors", "Wan2_1_VAE_bf16.safetensors", "Wan2_1_VAE_fp32.safetensors",
          "Wan2.1_VAE.safetensors", "wan2.2_vae.safetensors", "Wan2.2_VAE.safetensors"}},
        {"text_encoder",
         {"text_encoder", "umt5_xxl_fp16.safetensors", "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
          "umt5-xxl-enc-bf16.safetensors", "umt5-xxl-enc-fp8_e4m3fn.safetensors", "umt5-xxl-encoder-Q8_0.gguf"}},
        {"image_encoder", {"image_encoder", "clip_vision_h.safetensors"}},
        {"tokenizer", {"tokenizer", "google/umt5-xxl"}},
    }};
    return all;
}

// How merges of all parts into one file begin the names of each (ComfyUI).
std::span<const load::Section> sections() {
    static const auto& all = *new std::array<load::Section, 4>{{{"transformer", {"model.diffusion_model."}},
                                                                {"vae", {"vae.", "first_stage_model."}},
                                                                {"text_encoder", {"text_encoders."}},
                                                                {"image_encoder", {"clip_vision."}}}};
    return all;
}

// Where the parts lie: in a folder of diffusers, in an original one with two experts, or one by one.
struct Layout {
    fs::path model;
    bool is_pipeline, has_experts;
    explicit Layout(const std::string& path)
        : model(path), is_pipeline(load::is_there(model / "model_index.json")),
          has_experts(load::is_folder(model / kHighNoise) && load::is_folder(model / kLowNoise)) {}
    [[nodiscard]] std::string transformer() const {
        return is_pipeline   ? (model / "transformer").string()
               : has_experts ? (model / kHighNoise).string()
                             : model.string();
    }
    [[nodiscard]] std::string find(std::string_view key, const EngineOptions& options) const {
        if (key == "transformer_2" && has_experts && load::option(options, key).empty())
            return (model / kLowNoise).string();
        return load::locate(key, options, conventions(), model, is_pipeline);
    }
};

void read_scheduler(const fs::path& model, ModelParts& parts) {
    constexpr std::string_view kCausal = "SelfForcingFlowMatchScheduler";
    const load::Scheduler found =
        load::read_scheduler(model, {{"UniPCMultistepScheduler", "flow_shift"}, {kCausal, "shift"}}, load::check_unipc);
    const bool causal = found.class_name == kCausal;
    if (causal && parts.sampler.empty()) parts.sampler = "causal";
    if (causal || parts.sampler != "causal") parts.flow_shift = found.flow_shift;  // else of the model it was made from
}

// model_index.json: its kind, and "boundary_ratio".
void read_index(const fs::path& folder, ModelParts& parts) {
    constexpr const char* kIndex = "model_index.json";
    const load::ConfigJson index(load::read_json_text((folder / kIndex).string(), kIndex), kIndex);
    const json::Field root = index.root();
    const auto name = root.find("_class_name");
    constexpr std::array<std::string_view, 4> kKnown = {"WanPipeline", "WanImageToVideoPipeline",
                                                        "WanVideoToVideoPipeline", "WanCausalDMDPipeline"};
    if (name && std::find(kKnown.begin(), kKnown.end(), name->string()) == kKnown.end())
        throw Error(ZT_ERROR_UNSUPPORTED,
                    "model_index.json: _class_name: expected WanPipeline or WanImageToVideoPipeline, got " +
                        quote(name->string()) + ", another pipeline");
    const auto ratio = root.find("boundary_ratio");
    if (!ratio || ratio->is_null()) return;
    parts.boundary = ratio->number();
    if (!(parts.boundary >= 0 && parts.boundary <= 1)) ratio->refuse("a number from 0 to 1");
}

// By diffusers' config.json, by the original's (of which the shapes tell all but the heads), or by the shapes alone.
void read_transformer(PartFile& part, TransformerConfig& out) {
    refuse_other_kinds(*part.checkpoint);
    auto config = load::config_of(part.path, "WanTransformer3DModel");
    if (!config) config = load::config_of(part.path, "\"WanModel\"");
    part.from_shapes = !config;
    if (!config)
        out = transformer_config_of(*part.checkpoint);
    else if (const int64_t heads = parse_original_heads(config->text, config->name); heads > 0)
        out = transformer_config_of(*part.checkpoint, heads);
    else
        out = parse_transformer_config(config->text, config->name);
}

// Widths on both sides of each place where one part reads what another makes.
void check_widths(const ModelParts& parts) {
    load::check_width(parts.text_encoder, "text_encoder: expected the width", parts.transformer.text_dim,
                      "text_dim of the transformer", parts.text.d_model);
    load::check_width(parts.image_encoder, "image_encoder: expected the width", parts.transformer.image_dim,
                      "image_dim of the transformer", parts.clip.hidden);
    const int64_t tokens = 2 * (1 + encoders::picture_tokens(parts.clip));
    if (parts.needs_last() && parts.image_encoder.checkpoint != nullptr && parts.transformer.image_tokens != tokens)
        throw Error(ZT_ERROR_WEIGHTS, "image_encoder: expected " + std::to_string(parts.transformer.image_tokens) +
                                          " tokens of two pictures (positions of the transformer), got " +
                                          std::to_string(tokens));
}

void check_whole(const ModelParts& parts) {
    const std::vector<std::string> needed = transformer_tensors(parts.transformer);
    for (const PartFile* part : {&parts.transformer_file, &parts.transformer_2_file}) {
        if (part->checkpoint == nullptr) continue;
        const Checkpoint& file = *part->checkpoint;
        load::check_count(file, "blocks.", load::Shapes(file, transformer_names()).count("blocks."),
                          parts.transformer.layers);
        load::check_tensors(file, transformer_names(), needed);
        load::check_scales(file, transformer_names());
    }
    if (parts.vae_file.checkpoint != nullptr)
        load::check_tensors(*parts.vae_file.checkpoint, vae_names(), vae_tensors(parts.vae));
    if (parts.text_encoder.checkpoint != nullptr) encoders::check_t5(parts.text, *parts.text_encoder.checkpoint);
    if (parts.image_encoder.checkpoint != nullptr)
        encoders::check_clip_vision(parts.clip, *parts.image_encoder.checkpoint);
}

void check_kind(const ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    load::check_width(parts.vae_file, "vae: expected latent channels", t.out_channels,
                      "out_channels of the transformer", parts.vae.z_dim);
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

// What the original repositories hold in place of a part.
constexpr std::array<load::Pickle, 4> kPickles = {
    {{"vae", "Wan2.1_VAE.pth", "wan_2.1_vae.safetensors"},
     {"vae", "Wan2.2_VAE.pth", "wan2.2_vae.safetensors"},
     {"text_encoder", "models_t5_umt5-xxl-enc-bf16.pth", "umt5_xxl_fp16.safetensors"},
     {"image_encoder", "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth", "clip_vision_h.safetensors"}}};

void note_missing(ModelParts& parts) {
    const auto note = [&](bool there, std::string_view key, std::string_view what) {
        if (!there) parts.missing.push_back(load::missing_part(key, what, parts.path, kPickles));
    };
    note(parts.vae_file.checkpoint != nullptr, "vae", "the VAE");
    note(parts.text_encoder.checkpoint != nullptr, "text_encoder", "UMT5, which reads the prompt");
    note(!parts.reads_clip() || parts.image_encoder.checkpoint != nullptr, "image_encoder",
         "CLIP ViT-H/14, which looks at the picture");
    note(!parts.tokenizer.empty(), "tokenizer", "the tokenizer of UMT5");
}

void read_numbers(const EngineOptions& options, ModelParts& parts) {
    for (const std::string_view key : {"boundary", "guidance_2", "lora_2"})
        if (!parts.has_experts() && !load::option(options, key).empty())
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: " + std::string(key) +
                                               ": expected a model with two experts (transformer_2=PATH), got one");
    parts.boundary = load::check_number(options, "boundary", 0, 1, parts.boundary);
    if (!load::option(options, "guidance_2").empty())
        parts.guidance_2 = load::check_number(options, "guidance_2", 0, 100, 1);
    parts.lora_2 = load::option(options, "lora_2");
}

}  // namespace

std::span<const load::OptionRow> option_rows() { return kOptions; }

ModelParts find_parts(const std::string& path, const EngineOptions& options) {
    load::check_options(options, kOptions);
    ModelParts parts;
    parts.path = path;
    parts.sampler = load::check_choice(options, kOptions, "sampler");
    const Layout layout(path);
    const auto open = [&](const std::string& file, const load::PartNames& names, std::string_view key) {
        return load::open_part(file, names, sections(), key);
    };
    parts.transformer_file = open(layout.transformer(), transformer_names(), "transformer");
    parts.layout = layout.has_experts
                       ? "original folder with two experts"
                       : load::layout_name(layout.model, layout.is_pipeline, *parts.transformer_file.checkpoint);
    read_transformer(parts.transformer_file, parts.transformer);
    // A part that lies in the model's own file, unless another is named.
    const Checkpoint whole = Checkpoint::open(layout.transformer());
    const auto find = [&](std::string_view key) {
        const bool inside = load::option(options, key).empty() && load::has_section(whole, sections(), key);
        return inside ? path : layout.find(key, options);
    };
    if (const std::string second = layout.find("transformer_2", options); !second.empty()) {
        parts.transformer_2_file = open(second, transformer_names(), "transformer");
        TransformerConfig other;
        read_transformer(parts.transformer_2_file, other);
        if (other != parts.transformer)
            throw Error(ZT_ERROR_WEIGHTS,
                        "transformer_2: expected the shapes of the first transformer, got others in " +
                            parts.transformer_2_file.checkpoint->name());
        parts.boundary = parts.beside_noise() ? 0.9 : 0.875;
    }
    if (layout.is_pipeline) read_index(layout.model, parts);
    read_numbers(options, parts);
    parts.vae_file = open(find("vae"), vae_names(), "vae");
    load::read_config(parts.vae_file, "AutoencoderKLWan", parts.vae, parse_vae_config, vae_config_of);
    check_kind(parts);
    parts.text_encoder = open(find("text_encoder"), encoders::t5_names(), "text_encoder");
    load::read_config(parts.text_encoder, "T5", parts.text, encoders::parse_t5_config, encoders::t5_config_of);
    if (parts.reads_clip())
        parts.image_encoder =
            open(find("image_encoder"), encoders::clip_names(encoders::Tower::kVision), "image_encoder");
    load::read_config(parts.image_encoder, "CLIPVision", parts.clip, encoders::parse_clip_vision_config,
                      encoders::clip_vision_config_of);
    check_whole(parts);
    check_widths(parts);
    parts.tokenizer =
        encoders::find_t5_tokenizer("tokenizer", layout.find("tokenizer", options), parts.text_encoder, parts.warnings);
    if (layout.is_pipeline) read_scheduler(layout.model, parts);
    read_causal(options, parts);
    note_missing(parts);
    load::note_experts(parts.transformer_file, parts.transformer_2_file, parts.warnings);
    return parts;
}

std::vector<std::string> files_of(const std::string& path, const EngineOptions& options) {
    const Layout layout(path);
    std::vector<std::string> files;
    // The folders of a pipeline one by one: they may be links, which a walk through the whole does not follow.
    load::add_files(layout.transformer(), files);
    if (layout.is_pipeline) files.push_back((layout.model / "scheduler").string());
    for (const std::string_view key : {"transformer_2", "vae", "text_encoder", "image_encoder"})
        if (const std::string part = layout.find(key, options); !part.empty()) load::add_files(part, files);
    if (const fs::path at = layout.find("tokenizer", options); !at.empty() && load::is_folder(at))
        for (const char* name : {"tokenizer.json", "spiece.model"}) files.push_back((at / name).string());
    else if (!at.empty())
        files.push_back(at.string());
    load::add_lora_files(load::option(options, "lora_2"), files);
    return files;
}

std::array<load::PartRow, 5> part_rows(const ModelParts& parts) {
    return {{{"transformer", &parts.transformer_file, &transformer_names()},
             {"transformer_2", &parts.transformer_2_file, &transformer_names()},
             {"vae", &parts.vae_file, &vae_names()},
             {"text_encoder", &parts.text_encoder, &encoders::t5_names()},
             {"image_encoder", &parts.image_encoder, &encoders::clip_names(encoders::Tower::kVision)}}};
}

load::LoraBase lora_base(const ModelParts& parts, bool low) {
    const PartFile& part = low ? parts.transformer_2_file : parts.transformer_file;
    load::LoraBase base{transformer_names().spellings([&](std::string_view) { return parts.transformer.layers; }),
                        {},
                        load::shapes_of(*part.checkpoint, transformer_names())};
    if (parts.has_experts())
        base.network = low ? "transformer_2" : "transformer", base.sibling = low ? "transformer" : "transformer_2";
    return base;
}

std::shared_ptr<const load::LoraSet> open_loras(const ModelParts& parts, const std::string& lora, bool low,
                                                const Log& log) {
    const std::string& own = low && !parts.lora_2.empty() ? parts.lora_2 : lora;
    if (own.empty()) return nullptr;
    return load::LoraSet::open(load::parse_lora_option(own), lora_base(parts, low), log);
}

}  // namespace zt::wan
