// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a user names (a diffusers folder, one safetensors or GGUF file, and engine_opts) to every
// file of the model, its kind and its shapes. Reads names, headers and config.json, never tensors;
// says by name what is missing and what this is not. Torch-free, so that `zoetrope inspect` starts
// in milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/clip_config.h"
#include "encoders/llm_config.h"
#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/name_map.h"
#include "load/lora_set.h"
#include "load/part_file.h"

namespace zt::hunyuan_video {

using load::EngineOptions;
using load::OptionRow;
using load::PartFile;

// The keys of engine_opts of this family.
[[nodiscard]] std::span<const OptionRow> option_rows();

struct ModelParts {
    std::string path;
    std::string layout;  // "diffusers folder", "safetensors file", "GGUF file"
    TransformerConfig transformer;
    bool kind_known = false;  // false: a 16 channel file that could be token_replace as well
    VaeConfig vae;
    encoders::LlmConfig llm;
    encoders::ClipConfig clip_text, clip_vision;
    PartFile transformer_file, vae_file, text_encoder, text_encoder_2, image_encoder;  // the last: pictures only
    std::string tokenizer, tokenizer_2;  // folders for text::BpeTokenizer::open; empty: not found
    std::optional<double> flow_shift;    // of scheduler_config.json
    std::string sampler, tiling;         // of engine_opts; empty: the default
    double true_cfg = 1.0;
    std::vector<std::string> missing;   // "vae: expected ..., got none; ..." for each part that is not there
    std::vector<std::string> warnings;  // what the headers leave open, for the log
};

// Throws zt::Error: ARGUMENT (unknown key or value of engine_opts), NOT_FOUND (a path given there),
// UNSUPPORTED (another model), WEIGHTS (damaged, incomplete, parts that do not fit together). A part that is not there
// is listed in `missing`.
[[nodiscard]] ModelParts find_parts(const std::string& path, const EngineOptions& options);

// The files and folders that find_parts and the tokenizers read for the same arguments, what the folder `path` holds
// left out. Opens none. Throws NOT_FOUND for a path of engine_opts that is not there.
[[nodiscard]] std::vector<std::string> files_of(const std::string& path, const EngineOptions& options);

// The transformer as adapters see it.
[[nodiscard]] load::LoraBase lora_base(const TransformerConfig& config, const weights::Checkpoint& transformer);

// Throws ZT_ERROR_NOT_FOUND with the first of `missing`, if there is any.
void require_all(const ModelParts& parts);

}  // namespace zt::hunyuan_video
