// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a user names (a diffusers folder, one safetensors file, and engine_opts) to every file of a CogVideoX model
// and its shapes. Reads names, headers and configurations, never tensors. Torch-free.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/t5_config.h"
#include "families/cogvideox/config.h"
#include "families/family.h"
#include "load/lora_set.h"
#include "load/part_file.h"

namespace zt::cogvideox {

[[nodiscard]] std::span<const load::OptionRow> option_rows();

struct ModelParts {
    std::string path;
    std::string layout;  // "diffusers folder", "safetensors file"
    TransformerConfig transformer;
    VaeConfig vae;
    encoders::T5Config text;
    load::PartFile transformer_file, vae_file, text_encoder;
    std::string tokenizer;             // file for encoders::open_t5_tokenizer; empty: not found
    bool dpm = false;                  // the solver: else DDIM
    double snr_shift = 1.0;            // of scheduler_config.json, or of the kind
    bool dynamic_guidance = false;     // of engine_opts
    std::optional<bool> tiling;        // of engine_opts; nothing: where memory does not suffice
    std::vector<std::string> missing;  // "vae: expected ..., got none; ..." for each part that is not there
    std::vector<std::string> warnings;
    [[nodiscard]] std::string_view kind() const;     // "1.5-5B-I2V: a picture to video"
    [[nodiscard]] std::string_view licence() const;  // of the kind
    struct Size {
        int64_t width, height;
    };
    [[nodiscard]] Size usual_size() const;
    static constexpr double kGuidance = 6.0;  // the usual one
    // Of the clip that so many are cut from. Throws UNSUPPORTED for more than a learned table has places for.
    [[nodiscard]] int64_t made_frames(int64_t frames) const;
};

// Whether a path holds a CogVideoX model of any kind, or its pickles. Never throws zt::Error.
[[nodiscard]] families::Detection detect(const std::string& path);

// Throws zt::Error: ARGUMENT (unknown key or value of engine_opts), NOT_FOUND (a path given there), UNSUPPORTED
// (another model), WEIGHTS (damaged, incomplete, parts that do not fit together). A part that is not there is listed in
// `missing`.
[[nodiscard]] ModelParts find_parts(const std::string& path, const load::EngineOptions& options);

// The files and folders that find_parts and the tokenizer read for the same arguments, what the folder `path` holds
// left out. Opens none.
[[nodiscard]] std::vector<std::string> files_of(const std::string& path, const load::EngineOptions& options);

// Every part as files have it, the ones that are not there too.
[[nodiscard]] std::array<load::PartRow, 3> part_rows(const ModelParts& parts);  // borrows

// The adapters of the option `lora`; null: none. Throws what LoraSet::open throws.
[[nodiscard]] std::shared_ptr<const load::LoraSet> open_loras(const ModelParts& parts, const std::string& lora,
                                                              const Log& log);

}  // namespace zt::cogvideox
