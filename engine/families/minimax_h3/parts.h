// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a user names (the published repository, its original folder, one safetensors or GGUF file, and engine_opts)
// to every file of a MiniMax-H3 model and its shapes. Reads names, headers and config.json, never tensors; says by name
// what is missing. Torch-free.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "encoders/llm_config.h"
#include "encoders/qwen3_vl_config.h"
#include "families/minimax_h3/audio_vae/files.h"
#include "families/minimax_h3/config.h"
#include "families/minimax_h3/names.h"
#include "families/minimax_h3/text/keyframe.h"
#include "families/minimax_h3/video_vae/files.h"
#include "load/lora_set.h"
#include "load/part_file.h"

namespace zt::minimax_h3 {

[[nodiscard]] std::span<const load::OptionRow> option_rows();

struct ModelParts {
    std::string path;
    std::string layout;  // "diffusers folder", "original folder", "safetensors file", "GGUF file"
    TransformerConfig transformer;
    encoders::LlmConfig text;
    encoders::Qwen3VlVisionConfig vision;
    PictureLimits pictures;
    load::PartFile transformer_file, text_encoder;
    load::PartFile vision_file;  // null: the text encoder comes without its vision tower, so no pictures
    VideoVaePart video_vae;
    AudioVaePart audio_vae;               // its file null: the model is mute
    std::string tokenizer;                // place for encoders::open_qwen_tokenizer; empty: not found
    QkvOrder order = QkvOrder::kStacked;  // of the transformer's file
    std::vector<std::string> missing;     // "vae: expected ..., got none; ..." for each part that is not there
    std::vector<std::string> warnings;    // what names leave open, for the log
    [[nodiscard]] bool takes_picture() const { return vision_file.checkpoint != nullptr; }
    [[nodiscard]] bool sounds() const { return audio_vae.file.checkpoint != nullptr; }
};

// Throws zt::Error: ARGUMENT (unknown key or value of engine_opts), NOT_FOUND (a path given there), UNSUPPORTED
// (another model, or this one's sibling for references), WEIGHTS (damaged, incomplete, parts that do not fit together).
// A part that is not there is listed in `missing`, but for those that a clip can do without.
[[nodiscard]] ModelParts find_parts(const std::string& path, const load::EngineOptions& options);

// The files and folders that find_parts and the tokenizer read for the same arguments, what the folder `path` holds
// left out. Opens none but the short files that say where weights are.
[[nodiscard]] std::vector<std::string> files_of(const std::string& path, const load::EngineOptions& options);

// Every part as files have it, the ones that are not there too.
[[nodiscard]] std::array<load::PartRow, 5> part_rows(const ModelParts& parts);  // borrows

// The adapters of the option `lora`; null: none. Throws what LoraSet::open throws.
[[nodiscard]] std::shared_ptr<const load::LoraSet> open_loras(const ModelParts& parts, const std::string& lora,
                                                              const Log& log);

// How a clip is denoised unless the request says it: as the model was trained, or as the names of the adapters that are
// published for few steps say ("4step", "8step", "768p").
struct Schedule {
    int64_t steps = 49;
    double video_shift = 12.0;
};
[[nodiscard]] Schedule schedule_of(const std::string& lora);

}  // namespace zt::minimax_h3
