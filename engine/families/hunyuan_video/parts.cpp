// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding the files of a model; see parts.h.
#include "families/hunyuan_video/parts.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/json.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "families/hunyuan_video/completeness.h"
#include "families/hunyuan_video/detection.h"
#include "families/hunyuan_video/prompt_layout.h"

namespace zt::hunyuan_video {
namespace {

namespace fs = std::filesystem;
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

// Names that published files have, beside the model or in ComfyUI's folders; the plain names are those
// of a diffusers folder.
struct Convention {
    std::string_view key;
    std::array<std::string_view, 5> names;
};
constexpr std::array<Convention, 6> kConventions = {{
    {"vae", {"vae", "hunyuan_video_vae_bf16.safetensors", "hunyuan_video_vae_fp32.safetensors"}},
    {"text_encoder", {"text_encoder", "llava_llama3_fp16.safetensors", "llava_llama3_fp8_scaled.safetensors"}},
    {"text_encoder_2", {"text_encoder_2", "clip_l.safetensors"}},
    {"image_encoder", {"image_encoder", "llava_llama3_vision.safetensors"}},
    {"tokenizer", {"tokenizer"}},
    {"tokenizer_2", {"tokenizer_2"}},
}};
constexpr std::array<std::string_view, 5> kNearby = {".", "../vae", "../text_encoders", "../clip", "../clip_vision"};

std::string file_name(const fs::path& path) { return one_line(path.filename().string(), kShownTextBytes); }
bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}
bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

std::string option(const EngineOptions& options, std::string_view key) {
    for (const auto& [name, value] : options)
        if (name == key) return value;
    return {};
}

void check_options(const EngineOptions& options) {
    std::string known;
    for (const OptionRow& row : kOptions) known += (known.empty() ? "" : " ") + std::string(row.key);
    for (size_t i = 0; i < options.size(); ++i) {
        const std::string& key = options[i].first;
        if (std::none_of(kOptions.begin(), kOptions.end(), [&](const OptionRow& row) { return row.key == key; }))
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: expected one of " + known + ", got " + quote(key));
        for (size_t j = 0; j < i; ++j)
            if (options[j].first == key) throw Error(ZT_ERROR_ARGUMENT, "engine_opts: expected each key once, got " + quote(key) + " twice");
    }
}

std::string check_choice(const EngineOptions& options, std::string_view key) {
    std::string value = option(options, key);
    const auto row = std::find_if(kOptions.begin(), kOptions.end(), [&](const OptionRow& r) { return r.key == key; });
    const std::string choices = " " + std::string(row->value) + " ";
    if (!value.empty() && (value.find(' ') != value.npos || choices.find(" " + value + " ") == choices.npos))
        throw Error(ZT_ERROR_ARGUMENT, "engine_opts: " + std::string(key) + ": expected one of " + std::string(row->value) + ", got " + quote(value));
    return value;
}

double read_true_cfg(const EngineOptions& options) {
    const std::string text = option(options, "true_cfg");
    if (text.empty()) return 1.0;
    const std::optional<double> value = parse_double(text);
    if (!value || *value < 1.0 || *value > kMaxTrueCfg) throw Error(ZT_ERROR_ARGUMENT, "engine_opts: true_cfg: expected a number from 1 to 100, got " + quote(text));
    return *value;
}

// ---- config.json -------------------------------------------------------------------------------

struct ConfigText {
    std::string name, text;   // "vae/config.json"
};

// The config.json that belongs to a part: in its folder, or beside its file if it is of that class.
std::optional<ConfigText> config_of(const std::string& path, std::string_view class_mark) {
    const bool folder = is_folder(path);
    const fs::path at = (folder ? fs::path(path) : fs::path(path).parent_path()) / "config.json";
    if (!is_there(at)) return std::nullopt;
    ConfigText config{file_name(at.parent_path()) + "/config.json", {}};
    config.text = read_json_text(at.string(), config.name);
    if (!folder && config.text.find(class_mark) == std::string::npos) return std::nullopt;   // somebody else's
    return config;
}

// ---- Parts -------------------------------------------------------------------------------------

// Where a part is: given, in the diffusers folder, or beside a single file under a usual name.
std::string locate(std::string_view key, const EngineOptions& options, const fs::path& model, bool is_pipeline) {
    const std::string given = option(options, key);
    if (!given.empty()) {
        if (!is_there(given)) throw Error(ZT_ERROR_NOT_FOUND, "engine_opts: " + std::string(key) + ": expected an existing path, got " + quote(given));
        return given;
    }
    if (is_pipeline) return is_there(model / key) ? (model / key).string() : std::string();
    const auto convention = std::find_if(kConventions.begin(), kConventions.end(), [&](const Convention& c) { return c.key == key; });
    const fs::path beside = is_folder(model) ? model / ".." : model.parent_path();
    for (const std::string_view nearby : kNearby) {
        for (const std::string_view name : convention->names) {
            if (name.empty() || (name == "vae" && nearby != ".")) continue;   // ComfyUI's folder, not diffusers'
            const fs::path candidate = (beside / nearby / name).lexically_normal();
            const bool usable = !is_folder(candidate) || is_there(candidate / "config.json") || key.starts_with("tokenizer");
            if (is_there(candidate) && usable) return candidate.string();
        }
    }
    return {};
}

PartFile open_part(const std::string& path) {
    if (path.empty()) return {};
    PartFile part{path, std::make_shared<const Checkpoint>(Checkpoint::open(path)), false};
    check_packing(*part.checkpoint);
    return part;
}

// The configuration of a part, from the text of its config.json or from its shapes.
template <class Config>
void read_config(PartFile& part, std::string_view class_mark, Config& out, Config (*parse)(std::string_view, const std::string&), Config (*of_shapes)(const Checkpoint&)) {
    if (part.checkpoint == nullptr) return;
    const std::optional<ConfigText> config = config_of(part.path, class_mark);
    part.from_shapes = !config;
    out = config ? parse(config->text, config->name) : of_shapes(*part.checkpoint);
}

// A tokenizer's folder, from a folder or one of its files.
std::string tokenizer_folder(std::string_view key, const std::string& path) {
    if (path.empty()) return {};
    const fs::path folder = is_folder(path) ? fs::path(path) : fs::path(path).parent_path();
    if (is_there(folder / "tokenizer.json") || (is_there(folder / "vocab.json") && is_there(folder / "merges.txt"))) return folder.empty() ? "." : folder.string();
    throw Error(ZT_ERROR_NOT_FOUND, std::string(key) + ": expected tokenizer.json (or vocab.json and merges.txt) in " + quote(folder.string()) + ", got none");
}

bool has_vision(const Checkpoint& file) {
    return std::any_of(file.entries().begin(), file.entries().end(), [](const auto& entry) {
        const auto placed = place(Part::kClipVision, entry.name);
        return placed && placed->leaf == "class_embedding";
    });
}

void read_scheduler(const fs::path& folder, ModelParts& parts) {
    const fs::path file = folder / "scheduler/scheduler_config.json";
    if (!is_there(file)) return;
    const json::Origin origin{"scheduler/scheduler_config.json", ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(read_json_text(file.string(), origin.name), {}, origin);
    const json::Field root(value, origin);
    if (const auto name = root.find("_class_name"); name && name->string() != "FlowMatchEulerDiscreteScheduler")
        throw Error(ZT_ERROR_UNSUPPORTED, origin.name + ": _class_name: expected FlowMatchEulerDiscreteScheduler, got " + quote(name->string()));
    if (const auto shift = root.find("shift")) {
        parts.flow_shift = shift->number();
        if (!(*parts.flow_shift > 0 && *parts.flow_shift <= 100)) shift->refuse("a number above 0, up to 100");
    }
}

// Widths on both sides of each place where one part reads what another makes.
void check_widths(const ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    const auto check = [](const PartFile& part, const std::string& what, int64_t expected, const char* reader, int64_t got) {
        if (part.checkpoint != nullptr && expected != got)
            throw Error(ZT_ERROR_WEIGHTS, what + " " + std::to_string(expected) + " (" + reader + "), got " + std::to_string(got) + " in " + part.checkpoint->name());
    };
    check(parts.text_encoder, "text_encoder: expected the width", t.text_dim, "text_embed_dim of the transformer", parts.llm.hidden);
    check(parts.text_encoder_2, "text_encoder_2: expected the width", t.pooled_dim, "pooled_projection_dim of the transformer", parts.clip_text.hidden);
    check(parts.vae_file, "vae: expected latent channels", t.out_channels, "out_channels of the transformer", parts.vae.latent_channels);
    if (parts.text_encoder_2.checkpoint != nullptr && parts.clip_text.positions < kMaxClipTokens)
        throw Error(ZT_ERROR_WEIGHTS, "text_encoder_2: expected at least " + std::to_string(kMaxClipTokens) + " positions, got " + std::to_string(parts.clip_text.positions) +
                                          " in " + parts.text_encoder_2.checkpoint->name());
    if (parts.image_encoder.checkpoint == nullptr || parts.text_encoder.checkpoint == nullptr) return;
    for (const weights::CheckpointEntry& entry : parts.image_encoder.checkpoint->entries()) {
        const auto placed = place(Part::kProjector, entry.name);
        if (!placed || placed->leaf != "weight" || entry.shape.size() != 2) continue;
        if (placed->module == "linear_1") check(parts.image_encoder, "image_encoder: expected projector columns", parts.clip_vision.hidden, "width of the vision tower", entry.shape[1]);
        if (placed->module == "linear_2") check(parts.image_encoder, "image_encoder: expected projector rows", parts.llm.hidden, "width of text_encoder", entry.shape[0]);
    }
}

// What the headers tell of each part: blocks, names, scales.
void check_whole(ModelParts& parts) {
    const TransformerConfig& t = parts.transformer;
    const Checkpoint& file = *parts.transformer_file.checkpoint;
    if (!parts.transformer_file.from_shapes) check_blocks(t, file);
    else if (t.width() != TransformerConfig().width())
        parts.warnings.push_back(file.name() + ": expected a config.json beside a transformer of width " + std::to_string(t.width()) + ", which says how many blocks it has, got none; those that are there are taken: " +
                                 std::to_string(t.layers) + " double, " + std::to_string(t.single_layers) + " single");
    check_names(file, t);
    check_scales(file, Part::kTransformer);
    if (parts.vae_file.checkpoint != nullptr) check_blocks(parts.vae, *parts.vae_file.checkpoint);
    const auto check_encoder = [](const PartFile& part, Part kind, int64_t layers) {
        check_names(*part.checkpoint, kind, layers);
        check_scales(*part.checkpoint, kind);
    };
    if (const auto& llm = parts.text_encoder; llm.checkpoint != nullptr) {
        check_blocks(parts.llm, *llm.checkpoint);
        check_encoder(llm, Part::kLlm, parts.llm.layers - parts.llm.skip_layers);
    }
    if (const auto& clip = parts.text_encoder_2; clip.checkpoint != nullptr) {
        check_blocks(parts.clip_text, *clip.checkpoint, false);
        check_encoder(clip, Part::kClipText, parts.clip_text.layers);
    }
    if (const auto& vision = parts.image_encoder; vision.checkpoint != nullptr) {
        check_blocks(parts.clip_vision, *vision.checkpoint, true);
        check_encoder(vision, Part::kClipVision, parts.clip_vision.layers - 1);
        check_encoder(vision, Part::kProjector, 0);
    }
}

void note_missing(ModelParts& parts) {
    const auto note = [&](bool there, std::string_view key, std::string_view what) {
        if (!there) parts.missing.push_back(std::string(key) + ": expected " + std::string(what) + ", got none; set engine_opts " + std::string(key) + "=PATH");
    };
    note(parts.vae_file.checkpoint != nullptr, "vae", "the VAE");
    note(parts.text_encoder.checkpoint != nullptr, "text_encoder", "the LLM that reads the prompt");
    note(!parts.tokenizer.empty(), "tokenizer", "the tokenizer of the LLM");
    note(parts.text_encoder_2.checkpoint != nullptr, "text_encoder_2", "CLIP's text model");
    note(!parts.tokenizer_2.empty(), "tokenizer_2", "the tokenizer of CLIP");
    if (parts.transformer.kind != Kind::kTextToVideo) note(parts.image_encoder.checkpoint != nullptr, "image_encoder", "the vision tower of a picture-to-video model");
}

}  // namespace

std::span<const OptionRow> option_rows() { return kOptions; }

ModelParts find_parts(const std::string& path, const EngineOptions& options) {
    check_options(options);
    ModelParts parts;
    parts.path = path;
    parts.sampler = check_choice(options, "sampler");
    parts.tiling = check_choice(options, "tiling");
    parts.true_cfg = read_true_cfg(options);
    const fs::path model(path);
    const bool is_pipeline = is_there(model / "model_index.json");
    if (is_pipeline) check_pipeline(class_name((model / "model_index.json").string()));
    parts.transformer_file = open_part(is_pipeline ? (model / "transformer").string() : path);
    parts.layout = is_pipeline         ? "diffusers folder"
                   : is_folder(model) ? "folder of a diffusers transformer"
                   : parts.transformer_file.checkpoint->container() == weights::Container::kGguf ? "GGUF file"
                                                                                                 : "safetensors file";
    read_config(parts.transformer_file, "HunyuanVideo", parts.transformer, parse_transformer_config, transformer_config_of);
    parts.kind_known = !parts.transformer_file.from_shapes || parts.transformer.kind == Kind::kLatentConcat;
    if (const std::string kind = option(options, "kind"); !kind.empty()) {
        const Kind wanted = parse_kind(kind);
        if (parts.kind_known && wanted != parts.transformer.kind)
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: kind: expected " + std::string(kind_name(parts.transformer.kind)) + " (what the model says), got " + kind);
        if (wanted == Kind::kLatentConcat && parts.transformer.in_channels != 33)
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: kind: expected t2v or token_replace for 16 input channels, got latent_concat");
        parts.transformer.kind = wanted;
        parts.kind_known = true;
    }

    const auto find = [&](std::string_view key) { return locate(key, options, model, is_pipeline); };
    parts.vae_file = open_part(find("vae"));
    read_config(parts.vae_file, "AutoencoderKLHunyuanVideo", parts.vae, parse_vae_config, vae_config_of);
    parts.text_encoder = open_part(find("text_encoder"));
    read_config(parts.text_encoder, "lama", parts.llm, parse_llm_config, llm_config_of);   // LlamaModel, llama, llava
    parts.text_encoder_2 = open_part(find("text_encoder_2"));
    read_config(parts.text_encoder_2, "CLIPText", parts.clip_text, parse_clip_text_config, clip_text_config_of);
    if (parts.transformer.kind != Kind::kTextToVideo) {
        const std::string given = option(options, "image_encoder");
        const bool inside = given.empty() && parts.text_encoder.checkpoint != nullptr && has_vision(*parts.text_encoder.checkpoint);
        parts.image_encoder = inside ? parts.text_encoder : open_part(find("image_encoder"));
        read_config(parts.image_encoder, "vision", parts.clip_vision, parse_clip_vision_config, clip_vision_config_of);
    }
    check_whole(parts);
    check_widths(parts);
    parts.tokenizer = tokenizer_folder("tokenizer", find("tokenizer"));
    parts.tokenizer_2 = tokenizer_folder("tokenizer_2", find("tokenizer_2"));
    if (is_pipeline) read_scheduler(model, parts);
    note_missing(parts);
    return parts;
}

void add_files(const std::string& checkpoint, std::vector<std::string>& files) {
    files.push_back(checkpoint);
    if (is_folder(checkpoint)) return;
    const fs::path folder = fs::path(checkpoint).has_parent_path() ? fs::path(checkpoint).parent_path() : ".";
    files.push_back((folder / "config.json").string());
    if (!checkpoint.ends_with(".index.json")) return;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".safetensors") files.push_back(at->path().string());
}

std::vector<std::string> files_of(const std::string& path, const EngineOptions& options) {
    const fs::path model(path);
    const bool is_pipeline = is_there(model / "model_index.json");
    std::vector<std::string> files;
    // The folders of a pipeline one by one: they may be links, which a walk through the whole does not follow.
    add_files(is_pipeline ? (model / "transformer").string() : path, files);
    if (is_pipeline) files.push_back((model / "scheduler").string());
    for (const std::string_view key : {"vae", "text_encoder", "text_encoder_2", "image_encoder"})
        if (const std::string part = locate(key, options, model, is_pipeline); !part.empty()) add_files(part, files);
    for (const std::string_view key : {"tokenizer", "tokenizer_2"}) {
        const fs::path at = locate(key, options, model, is_pipeline);
        if (at.empty()) continue;
        for (const char* name : {"tokenizer.json", "vocab.json", "merges.txt"}) files.push_back(((is_folder(at) ? at : at.parent_path()) / name).string());
    }
    return files;
}

void require_all(const ModelParts& parts) {
    if (parts.missing.empty()) return;
    const size_t others = parts.missing.size() - 1;
    throw Error(ZT_ERROR_NOT_FOUND, parts.missing.front() + (others == 0 ? "" : " (and " + std::to_string(others) + " more parts)"));
}

}  // namespace zt::hunyuan_video
