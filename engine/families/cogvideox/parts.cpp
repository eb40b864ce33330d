// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding the files of a model; see parts.h.
#include "families/cogvideox/parts.h"

#include <algorithm>
#include <filesystem>

#include "autoencoders/batched_plan.h"
#include "core/error.h"
#include "core/utf8.h"
#include "encoders/t5_names.h"
#include "encoders/t5_tokenizer.h"
#include "families/cogvideox/names.h"
#include "load/config_json.h"
#include "load/diffusion_scheduler.h"
#include "load/part_checks.h"
#include "load/shapes.h"
#include "load/signature.h"

namespace zt::cogvideox {
namespace {

namespace fs = std::filesystem;
using autoencoders::batched::parse_vae_config, autoencoders::batched::vae_config_of, autoencoders::batched::vae_tensors;
using load::EngineOptions;
using load::PartFile;
using weights::Checkpoint;

constexpr const char *kDdim = "CogVideoXDDIMScheduler", *kDpm = "CogVideoXDPMScheduler";

constexpr std::array<load::OptionRow, 6> kOptions = {{
    {"vae", "path", "the autoencoder: a file, or a folder with config.json"},
    {"text_encoder", "path", "T5-v1.1-XXL: a file, GGUF too, or a folder"},
    {"tokenizer", "path", "of T5: spiece.model or tokenizer.json, a folder with one, or a file of T5 that has it"},
    {"sampler", "ddim dpm", "the solver, where not the one that the files name; dpm draws noise in every step"},
    {"use_dynamic_cfg", "off on",
     "guidance that goes up and down with the time of a step, as the 5B's own demo has it"},
    {"tiling", "off on",
     "the autoencoder in tiles, which look otherwise; where it is not said, only if memory is short"},
}};

// Names that published files have, beside the model or in ComfyUI's folders.
std::span<const load::Convention> conventions() {
    static const auto& all = *new std::array<load::Convention, 3>{{
        {"vae", {"vae", "cogvideox_vae.safetensors", "CogVideoX_vae_bf16.safetensors"}},
        {"text_encoder",
         {"text_encoder", "t5xxl_fp16.safetensors", "t5xxl_fp8_e4m3fn_scaled.safetensors",
          "t5xxl_fp8_e4m3fn.safetensors", "t5-v1_1-xxl-encoder-Q8_0.gguf"}},
        {"tokenizer", {"tokenizer", "t5-v1_1-xxl", "spiece.model"}},
    }};
    return all;
}
struct Layout {
    fs::path model;
    bool is_pipeline;
    explicit Layout(const std::string& path) : model(path), is_pipeline(load::is_there(model / "model_index.json")) {}
    [[nodiscard]] std::string transformer() const {
        return is_pipeline ? (model / "transformer").string() : model.string();
    }
    [[nodiscard]] std::string find(std::string_view key, const EngineOptions& options) const {
        return load::locate(key, options, conventions(), model, is_pipeline);
    }
};

// The original repository's weights, which are pickles: where in a folder, or the file itself.
std::optional<std::string> pickle_at(const fs::path& path) {
    constexpr const char* kFile = "mp_rank_00_model_states.pt";
    if (path.filename() == kFile || path.filename() == "3d-vae.pt") return path.filename().string();
    for (const char* file : {"transformer/1000/", "transformer/1/", "1000/", "1/", ""})
        if (load::is_there(path / (std::string(file) + kFile))) return std::string(file) + kFile;
    return std::nullopt;
}

void read_index(const fs::path& folder) {
    const std::string name = load::class_name((folder / "model_index.json").string());
    if (!name.empty() && name != "CogVideoXPipeline" && name != "CogVideoXImageToVideoPipeline" &&
        name != "CogVideoXVideoToVideoPipeline")
        throw Error(ZT_ERROR_UNSUPPORTED,
                    "model_index.json: _class_name: expected CogVideoXPipeline or CogVideoXImageToVideoPipeline, got " +
                        quote(name) + ", another pipeline");
}

void read_scheduler(const fs::path& model, ModelParts& parts) {
    const load::Scheduler found =
        load::read_scheduler(model, {{kDdim, "snr_shift_scale"}, {kDpm, "snr_shift_scale"}}, load::check_trailing_abar);
    parts.dpm = found.class_name == kDpm;
    if (found.flow_shift)
        parts.snr_shift = *found.flow_shift;
    else
        parts.warnings.push_back("scheduler_config.json: snr_shift_scale: expected a number, got none; taken as " +
                                 std::to_string(parts.snr_shift).substr(0, 3) + ", which models of this kind have");
}

void read_transformer(PartFile& part, TransformerConfig& out) {
    refuse_other_kinds(*part.checkpoint);
    load::read_config(part, "CogVideoXTransformer3DModel", out, parse_transformer_config, transformer_config_of);
    refuse_other_channels(out, *part.checkpoint);
}

void check_whole(const ModelParts& parts) {
    const Checkpoint& file = *parts.transformer_file.checkpoint;
    load::check_count(file, "transformer_blocks.", load::Shapes(file, transformer_names()).count("transformer_blocks."),
                      parts.transformer.layers);
    load::check_tensors(file, transformer_names(), transformer_tensors(parts.transformer));
    load::check_scales(file, transformer_names());
    if (parts.vae_file.checkpoint != nullptr)
        load::check_tensors(*parts.vae_file.checkpoint, vae_names(), vae_tensors(parts.vae));
    if (parts.text_encoder.checkpoint != nullptr) encoders::check_t5(parts.text, *parts.text_encoder.checkpoint);
    load::check_width(parts.vae_file, "vae: expected latent channels", parts.transformer.out_channels,
                      "out_channels of the transformer", parts.vae.latent_channels);
    load::check_width(parts.text_encoder, "text_encoder: expected the width", parts.transformer.text_dim,
                      "text_embed_dim of the transformer", parts.text.d_model);
    if (parts.text_encoder.checkpoint != nullptr && parts.text.own_positions && parts.text.layers > 1)
        load::refuse_kind(*parts.text_encoder.checkpoint,
                          "text_encoder: expected T5-v1.1-XXL, got UMT5 (a table of positions in every layer)");
}

void note_missing(ModelParts& parts) {
    constexpr std::array<load::Pickle, 1> kPickles = {{{"vae", "vae/3d-vae.pt", "cogvideox_vae.safetensors"}}};
    const auto note = [&](bool there, std::string_view key, std::string_view what) {
        if (!there) parts.missing.push_back(load::missing_part(key, what, parts.path, kPickles));
    };
    note(parts.vae_file.checkpoint != nullptr, "vae", "the autoencoder");
    note(parts.text_encoder.checkpoint != nullptr, "text_encoder", "T5-v1.1-XXL, which reads the prompt");
    note(!parts.tokenizer.empty(), "tokenizer", "the tokenizer of T5 (spiece.model)");
}

void read_choices(const EngineOptions& options, ModelParts& parts) {
    if (const std::string sampler = load::check_choice(options, kOptions, "sampler"); !sampler.empty())
        parts.dpm = sampler == "dpm";
    parts.dynamic_guidance = load::check_choice(options, kOptions, "use_dynamic_cfg") == "on";
    if (const std::string tiling = load::check_choice(options, kOptions, "tiling"); !tiling.empty())
        parts.tiling = tiling == "on";
    if (parts.tiling.value_or(false) && parts.vae_file.checkpoint != nullptr)
        autoencoders::batched::check_tiles(parts.vae);
}

}  // namespace

std::span<const load::OptionRow> option_rows() { return kOptions; }

families::Detection detect(const std::string& path) {
    using Fit = families::Detection::Fit;
    static const auto& signature = *new load::Signature{
        .indexes = {"model_index.json", "config.json"},
        .class_prefix = "CogVideoX",
        .transformer = &transformer_names(),
        .modules = {"patch_embed.text_proj", "transformer_blocks.0.norm1.linear", "transformer_blocks.0.norm2.linear"}};
    if (load::has_signature(path, signature)) return {Fit::kOurs, {}};
    if (const auto pickle = pickle_at(path))
        return {Fit::kOther, *pickle +
                                 ": expected a diffusers folder or a safetensors file of CogVideoX, got a pickle "
                                 "of the original repository, which can run code and is never opened; take the "
                                 "folder of the same model without \"-SAT\" in its name"};
    return {};
}

std::string_view ModelParts::kind() const {
    if (transformer.is_15())
        return transformer.takes_picture() ? "1.5-5B-I2V: a picture to video" : "1.5-5B: text to video";
    if (!transformer.rotary) return "2B: text to video";
    return transformer.takes_picture() ? "5B-I2V: a picture to video" : "5B: text to video";
}

std::string_view ModelParts::licence() const {
    if (transformer.width() == k2bWidth) return {};
    return transformer.is_15()
               ? "CogVideoX License (check the model's card): research is free, commercial use needs a registration"
               : "CogVideoX License: research is free; commercial use needs a free registration and at most 1 million "
                 "visits a month; no military use; read it before use";
}

ModelParts::Size ModelParts::usual_size() const {
    constexpr int64_t kUntold = 300;  // of 1.5: any
    if (transformer.is_15() && transformer.sample_height == kUntold) return {1360, 768};
    const auto whole = [](int64_t n) { return std::max<int64_t>(1, n / kPatch) * kPatch * kSpaceCompression; };
    return {whole(transformer.sample_width), whole(transformer.sample_height)};
}

int64_t ModelParts::made_frames(int64_t frames) const {
    if (!transformer.learned) return clip_frames(frames);
    if (frames <= transformer.sample_frames) return transformer.sample_frames;
    throw Error(ZT_ERROR_UNSUPPORTED, "frames: expected at most " + std::to_string(transformer.sample_frames) +
                                          " in one shot (the model has learned their places one by one), got " +
                                          std::to_string(frames));
}

ModelParts find_parts(const std::string& path, const EngineOptions& options) {
    load::check_options(options, kOptions);
    ModelParts parts;
    parts.path = path;
    const Layout layout(path);
    if (layout.is_pipeline) read_index(layout.model);
    const auto open = [&](std::string_view key, const load::PartNames& names) {
        return load::open_part(key == "transformer" ? layout.transformer() : layout.find(key, options), names, {}, key);
    };
    parts.transformer_file = open("transformer", transformer_names());
    parts.layout = load::layout_name(layout.model, layout.is_pipeline, *parts.transformer_file.checkpoint);
    read_transformer(parts.transformer_file, parts.transformer);
    parts.vae_file = open("vae", vae_names());
    load::read_config(parts.vae_file, "AutoencoderKLCogVideoX", parts.vae, parse_vae_config, vae_config_of);
    if (parts.vae_file.from_shapes) set_scaling(parts.transformer, parts.vae);
    parts.text_encoder = open("text_encoder", encoders::t5_names());
    load::read_config(parts.text_encoder, "T5", parts.text, encoders::parse_t5_config, encoders::t5_config_of);
    check_whole(parts);
    parts.tokenizer =
        encoders::find_t5_tokenizer("tokenizer", layout.find("tokenizer", options), parts.text_encoder, parts.warnings);
    parts.snr_shift = parts.transformer.rotary ? 1.0 : 3.0;
    if (layout.is_pipeline) read_scheduler(layout.model, parts);
    read_choices(options, parts);
    note_missing(parts);
    return parts;
}

std::vector<std::string> files_of(const std::string& path, const EngineOptions& options) {
    const Layout layout(path);
    std::vector<std::string> files;
    // The folders of a pipeline one by one: they may be links, which a walk through the whole does not follow.
    load::add_files(layout.transformer(), files);
    if (layout.is_pipeline) files.push_back((layout.model / "scheduler").string());
    for (const std::string_view key : {"vae", "text_encoder"})
        if (const std::string part = layout.find(key, options); !part.empty()) load::add_files(part, files);
    if (const fs::path at = layout.find("tokenizer", options); !at.empty() && load::is_folder(at))
        for (const char* name : {"tokenizer.json", "spiece.model"}) files.push_back((at / name).string());
    else if (!at.empty())
        files.push_back(at.string());
    return files;
}

std::array<load::PartRow, 3> part_rows(const ModelParts& parts) {
    return {{{"transformer", &parts.transformer_file, &transformer_names()},
             {"vae", &parts.vae_file, &vae_names()},
             {"text_encoder", &parts.text_encoder, &encoders::t5_names()}}};
}

std::shared_ptr<const load::LoraSet> open_loras(const ModelParts& parts, const std::string& lora, const Log& log) {
    if (lora.empty()) return nullptr;
    // CogVideoX-Fun's trainer leaves a double underscore: its root has no name.
    const load::LoraBase base{transformer_names().spellings([&](std::string_view) { return parts.transformer.layers; }),
                              {"lora_unet__"},
                              load::shapes_of(*parts.transformer_file.checkpoint, transformer_names())};
    return load::LoraSet::open(load::parse_lora_option(lora), base, log);
}

}  // namespace zt::cogvideox
