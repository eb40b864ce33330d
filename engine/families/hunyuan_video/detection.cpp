// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a path holds; see detection.h.
#include "families/hunyuan_video/detection.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "core/utf8.h"
#include "families/hunyuan_video/name_map.h"
#include "load/part_file.h"
#include "weights/checkpoint.h"

namespace zt::hunyuan_video {
namespace {

namespace fs = std::filesystem;
using families::Detection;
using Fit = Detection::Fit;
using load::is_there;
using weights::Checkpoint;

constexpr const char *kIndex = "model_index.json", *kConfig = "config.json";

bool has_part(const Checkpoint& file, Part part, std::string_view module) {
    return std::any_of(file.entries().begin(), file.entries().end(), [&](const auto& entry) {
        const auto placed = names_of(part).place(entry.name);
        return placed && placed->module == module;
    });
}

// The first tensor whose name contains one of the marks.
template <size_t n>
const weights::CheckpointEntry* marked(const Checkpoint& file, const std::array<std::string_view, n>& marks) {
    for (const weights::CheckpointEntry& entry : file.entries())
        for (const std::string_view mark : marks)
            if (entry.name.find(mark) != entry.name.npos) return &entry;
    return nullptr;
}

// A checkpoint that is no transformer of this model, in the words of a user who took the wrong file.
std::string other_kind(const Checkpoint& file) {
    constexpr std::array<std::string_view, 5> kAdapter = {"lora_", ".lora.", "hada_", "lokr_", ".dora_scale"};
    if (file.entries().empty()) return "no tensors";
    if (const auto architecture = file.text_value("general.architecture"); architecture && *architecture != "llama")
        return "a GGUF of the architecture " + quote(*architecture);
    if (const auto* entry = marked(file, kAdapter))
        return "an adapter (tensor " + quote(entry->name) + "); the option lora takes it";
    if (has_part(file, Part::kLlm, "embed_tokens")) return "a text encoder; engine_opts text_encoder takes it";
    if (has_part(file, Part::kClipText, "embeddings.token_embedding"))
        return "CLIP's text model; engine_opts text_encoder_2 takes it";
    if (has_part(file, Part::kVae, "decoder.conv_out.conv")) return "a VAE; engine_opts vae takes it";
    return std::to_string(file.entries().size()) + " tensors of another model, first " +
           quote(file.entries().front().name);
}

Detection detect_checkpoint(const std::string& path) {
    const Checkpoint file = Checkpoint::open(path);
    if (file.text_value("general.architecture") == "hyvid" ||
        has_part(file, Part::kTransformer, "txt_in.individual_token_refiner.blocks.0.norm1"))
        return {Fit::kOurs, {}};
    return {Fit::kOther, file.name() + ": expected the transformer of HunyuanVideo, got " + other_kind(file)};
}

Detection detect_folder(const std::string& path) {
    const fs::path folder(path);
    if (is_there(folder / kIndex)) {
        const std::string name = load::class_name((folder / kIndex).string());
        if (name.starts_with("HunyuanVideo")) return {Fit::kOurs, {}};
        try {
            check_pipeline(name);
        } catch (const Error& error) {
            return {name.empty() ? Fit::kBroken : Fit::kOther, error.what(), error.status()};
        }
    }
    if (is_there(folder / kConfig)) {
        const std::string name = load::class_name((folder / kConfig).string());
        if (name.starts_with("HunyuanVideo")) return {Fit::kOurs, {}};
        return {Fit::kOther, std::string(kConfig) + ": _class_name: expected HunyuanVideoTransformer3DModel, got " +
                                 (name.empty() ? "none" : quote(name) + ", a part of another model")};
    }
    if (weights::find_checkpoint(path)) return detect_checkpoint(path);
    return {Fit::kNone,
            quote(path) +
                ": expected model_index.json, config.json or one safetensors or GGUF file in this folder, got none"};
}

}  // namespace

void check_pipeline(const std::string& class_name) {
    constexpr std::array<std::string_view, 2> kKnown = {"HunyuanVideoPipeline", "HunyuanVideoImageToVideoPipeline"};
    if (std::find(kKnown.begin(), kKnown.end(), class_name) != kKnown.end()) return;
    throw Error(ZT_ERROR_UNSUPPORTED,
                std::string(kIndex) +
                    ": _class_name: expected HunyuanVideoPipeline or HunyuanVideoImageToVideoPipeline, got " +
                    (class_name.empty() ? "none" : quote(class_name) + ", another pipeline"));
}

families::Detection detect(const std::string& path) {
    try {
        std::error_code ignored;
        return fs::is_directory(path, ignored) ? detect_folder(path) : detect_checkpoint(path);
    } catch (const Error& error) {
        return {Fit::kBroken, error.what(), error.status()};
    }
}

}  // namespace zt::hunyuan_video
