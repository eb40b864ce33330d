// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding the files of a model; see parts.h.
#include "families/minimax_h3/parts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "encoders/qwen_tokenizer.h"
#include "families/minimax_h3/audio_vae/names.h"
#include "families/minimax_h3/text/prompt_layout.h"
#include "families/minimax_h3/text/used_text.h"
#include "families/minimax_h3/video_vae/names.h"
#include "load/part_checks.h"
#include "load/shapes.h"

namespace zt::minimax_h3 {
namespace {

namespace fs = std::filesystem;
using load::EngineOptions;
using load::PartFile;

constexpr std::array<load::OptionRow, 7> kOptions = {{
    {"text_encoder", "path", "Qwen3-VL 32B, which reads the prompt: a file, GGUF too, or a folder"},
    {"mmproj", "path", "its vision tower where that is a file of its own (GGUF), for pictures"},
    {"tokenizer", "path",
     "of Qwen: tokenizer.json, a folder with it or with vocab.json and merges.txt, or a GGUF file"},
    {"vae", "path", "the video VAE: a file or a folder"},
    {"audio_vae", "path", "the audio VAE: a file or a folder; without it the model is mute"},
    {"qkv", "auto stacked per-head", "order of rows in fused attention matrices: of single files, of original shards"},
    {"task", "auto fl2va", "which of the two models the file holds, where its name says another than it is"},
}};

// Names that published files have, beside the model or in ComfyUI's folders.
std::span<const load::Convention> conventions() {
    static const auto& all = *new std::array<load::Convention, 5>{{
        {"text_encoder",
         {"text_encoder", "qwen3vl_32b_minimax_h3_bf16.safetensors", "qwen3vl_32b_minimax_h3_int8_convrot.safetensors",
          "qwen3vl_32b_minimax_h3_nvfp4_awq.safetensors", "Qwen3-VL-32B-Instruct-Q4_K_M.gguf",
          "Qwen3-VL-32B-Instruct-Q8_0.gguf"}},
        {"mmproj", {}},
        {"tokenizer", {"tokenizer"}},
        {"vae", {"vae", "video_vae", "minimax_h3_video_vae_fp16.safetensors", "minimax_h3_video_vae_fp32.safetensors"}},
        {"audio_vae", {"audio_vae", "minimax_h3_audio_vae_fp32.safetensors"}},
    }};
    return all;
}

// Where the parts lie: in the folder of the repository, in an original one, or one by one.
struct Places {
    fs::path model;
    bool is_pipeline, is_original;
    explicit Places(const std::string& path)
        : model(path),
          is_pipeline(load::is_there(model / "model_index.json") || load::is_there(model / "modular_model_index.json")),
          is_original(is_pipeline && load::is_folder(model / "video_vae")) {}
    [[nodiscard]] std::string transformer() const {
        return is_pipeline ? (model / "transformer").string() : model.string();
    }
    [[nodiscard]] std::string find(std::string_view key, const EngineOptions& options) const {
        if (key == "vae" && is_original && load::option(options, key).empty()) return (model / "video_vae").string();
        return load::locate(key, options, conventions(), model, is_pipeline);
    }
};

void refuse_references(const std::string& path, const EngineOptions& options) {
    if (load::check_choice(options, kOptions, "task") == "fl2va" || !is_reference_model(path)) return;
    throw Error(ZT_ERROR_UNSUPPORTED,
                "model: expected MiniMax-H3 for text and for first and last pictures (FL2VA), got " + quote(path) +
                    ", whose name is that of the model for references (Ref2VA); engine_opts task=fl2va if it is not");
}

// The vision tower where it is a file of its own: the one that is named, else the only one beside a GGUF.
std::string mmproj_of(const Places& places, const EngineOptions& options, const std::string& text_encoder) {
    const std::string named = places.find("mmproj", options);
    return named.empty() ? encoders::find_mmproj(text_encoder) : named;
}

// The text encoder and its tower, in one file or in two.
void open_text(const Places& layout, const EngineOptions& options, ModelParts& parts) {
    const load::PartNames& names = encoders::llm_names(encoders::LlmKind::kQwen3Vl);
    parts.text_encoder = load::open_part(layout.find("text_encoder", options), names, {}, "text_encoder");
    if (parts.text_encoder.checkpoint == nullptr) return;
    load::read_config(parts.text_encoder, "qwen3_vl", parts.text, encoders::parse_qwen3_vl_text_config,
                      encoders::qwen3_vl_text_config_of);
    parts.text = used_text(parts.text, parts.text_encoder.checkpoint->name());
    encoders::check_blocks(parts.text, *parts.text_encoder.checkpoint);
    const std::string apart = mmproj_of(layout, options, parts.text_encoder.path);
    PartFile tower =
        apart.empty() ? parts.text_encoder : load::open_part(apart, encoders::qwen3_vl_vision_names(), {}, "mmproj");
    if (!encoders::has_qwen3_vl_vision(*tower.checkpoint)) return;
    load::read_config(tower, "qwen3_vl", parts.vision, encoders::parse_qwen3_vl_vision_config,
                      encoders::qwen3_vl_vision_config_of);
    encoders::check_qwen3_vl_vision(parts.vision, *tower.checkpoint);
    check_tower(parts.text, parts.vision, tower.checkpoint->name());
    parts.vision_file = std::move(tower);
    if (layout.is_pipeline) parts.pictures = read_picture_limits((layout.model / "processor").string());
}

void open_autoencoders(const Places& layout, const EngineOptions& options, ModelParts& parts) {
    if (const std::string found = layout.find("vae", options); !found.empty()) parts.video_vae = open_video_vae(found);
    if (const std::string found = layout.find("audio_vae", options); !found.empty())
        parts.audio_vae = open_audio_vae(found);
}

// Widths on both sides of each place where one part reads what another makes.
void check_widths(const ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    load::check_width(parts.text_encoder, "text_encoder: expected the width", t.text_dim, "text_dim of the transformer",
                      parts.text.hidden);
    load::check_width(parts.video_vae.file, "vae: expected latent channels", t.channels,
                      "in_channels of the transformer", parts.video_vae.config.latent_channels);
    load::check_width(parts.audio_vae.file, "audio_vae: expected latent channels", t.audio_channels,
                      "audio_in_channels of the transformer", parts.audio_vae.config.latent_channels);
}

void note_missing(ModelParts& parts) {
    const auto note = [&](bool there, std::string_view key, std::string_view what) {
        if (!there) parts.missing.push_back(load::missing_part(key, what, parts.path));
    };
    note(parts.text_encoder.checkpoint != nullptr, "text_encoder", "Qwen3-VL 32B, which reads the prompt");
    note(!parts.tokenizer.empty(), "tokenizer", "the tokenizer of Qwen");
    note(parts.video_vae.file.checkpoint != nullptr, "vae", "the video VAE");
    if (!parts.sounds())
        parts.warnings.push_back(
            "audio_vae: expected the audio VAE, got none; the model is mute (engine_opts "
            "audio_vae=PATH)");
    if (!parts.takes_picture() && parts.text_encoder.checkpoint != nullptr)
        parts.warnings.push_back(
            "mmproj: expected the vision tower of the text encoder, got none; the model takes no pictures (engine_opts "
            "mmproj=PATH)");
}

}  // namespace

std::span<const load::OptionRow> option_rows() { return kOptions; }

ModelParts find_parts(const std::string& path, const EngineOptions& options) {
    load::check_options(options, kOptions);
    ModelParts parts;
    parts.path = path;
    const Places layout(path);
    refuse_references(path, options);
    const std::string wanted = load::check_choice(options, kOptions, "qkv");
    PartFile& file = parts.transformer_file;
    file = load::open_part(layout.transformer(), transformer_names(QkvOrder::kStacked), {}, "transformer");
    refuse_other_kinds(*file.checkpoint);
    load::read_config(file, kTransformerClass, parts.transformer, parse_transformer_config, transformer_config_of);
    parts.order = qkv_order_of(*file.checkpoint, wanted);
    const load::TableNames& names = transformer_names(parts.order);
    load::check_count(*file.checkpoint, "blocks.", load::Shapes(*file.checkpoint, names).count("blocks."),
                      parts.transformer.layers);
    load::check_tensors(*file.checkpoint, names, transformer_tensors(parts.transformer));
    load::check_scales(*file.checkpoint, names);
    parts.layout =
        layout.is_original ? "original folder" : load::layout_name(layout.model, layout.is_pipeline, *file.checkpoint);
    open_text(layout, options, parts);
    open_autoencoders(layout, options, parts);
    check_widths(parts);
    parts.tokenizer = encoders::find_qwen_tokenizer("tokenizer", layout.find("tokenizer", options), parts.text_encoder);
    note_missing(parts);
    return parts;
}

std::vector<std::string> files_of(const std::string& path, const EngineOptions& options) {
    const Places layout(path);
    std::vector<std::string> files;
    // The folders of a pipeline one by one: they may be links, which a walk through the whole does not follow.
    load::add_files(layout.transformer(), files);
    const std::string text = layout.find("text_encoder", options);
    for (const std::string& part : {text, mmproj_of(layout, options, text)})
        if (!part.empty()) load::add_files(part, files);
    if (const std::string part = layout.find("vae", options); !part.empty()) add_video_vae_files(part, files);
    if (const std::string part = layout.find("audio_vae", options); !part.empty()) add_audio_vae_files(part, files);
    if (const fs::path at = layout.find("tokenizer", options); !at.empty() && load::is_folder(at))
        for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"})
            files.push_back((at / name).string());
    else if (!at.empty())
        files.push_back(at.string());
    for (const char* name : {"preprocessor_config.json", "processor_config.json"})
        if (layout.is_pipeline) files.push_back((layout.model / "processor" / name).string());
    return files;
}

std::array<load::PartRow, 5> part_rows(const ModelParts& parts) {
    return {{{"transformer", &parts.transformer_file, &transformer_names(parts.order)},
             {"text_encoder", &parts.text_encoder, &encoders::llm_names(encoders::LlmKind::kQwen3Vl)},
             {"vision tower", &parts.vision_file, &encoders::qwen3_vl_vision_names()},
             {"vae", &parts.video_vae.file, &video_vae_names()},
             {"audio_vae", &parts.audio_vae.file, &audio_vae_names()}}};
}

std::shared_ptr<const load::LoraSet> open_loras(const ModelParts& parts, const std::string& lora, const Log& log) {
    if (lora.empty()) return nullptr;
    return open_loras(*parts.transformer_file.checkpoint, parts.transformer, lora, log);
}

Schedule schedule_of(const std::string& lora) {
    std::string name = lora;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    Schedule schedule;
    const size_t at = name.find("step");
    if (at == std::string::npos || at == 0) return schedule;
    const size_t digit = name[at - 1] == '_' || name[at - 1] == '-' ? at - 2 : at - 1;
    if (digit >= name.size() || (name[digit] != '4' && name[digit] != '8')) return schedule;
    schedule.steps = name[digit] - '0';
    if (schedule.steps == 4 && name.find("768p") != std::string::npos) schedule.video_shift = 6.0;
    return schedule;
}

}  // namespace zt::minimax_h3
