// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a user names (a diffusers folder, one safetensors or GGUF file, and engine_opts) to every file of a Wan
// model and its shapes. Reads names, headers and config.json, never tensors; says by name what is missing. Torch-free.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/clip_config.h"
#include "encoders/t5_config.h"
#include "families/wan/config.h"
#include "load/lora_set.h"
#include "load/part_file.h"

namespace zt::wan {

[[nodiscard]] std::span<const load::OptionRow> option_rows();

struct ModelParts {
    std::string path;
    std::string layout;  // "diffusers folder", "safetensors file", "GGUF file"
    TransformerConfig transformer;
    VaeConfig vae;
    encoders::T5Config text;
    encoders::ClipConfig clip;          // of 2.1 models that read a picture
    load::PartFile transformer_file;    // the only one, or the expert for high noise
    load::PartFile transformer_2_file;  // the expert for low noise (A14B); null: there is one transformer
    load::PartFile vae_file, text_encoder;
    load::PartFile image_encoder;       // CLIP; null unless reads_clip()
    double boundary = 0.875;            // share of the levels below which the second expert works
    std::optional<double> guidance_2;   // of engine_opts: of the second expert
    std::string lora_2;                 // of engine_opts: adapters of the second expert
    std::string tokenizer;              // file for encoders::open_t5_tokenizer; empty: not found
    std::optional<double> flow_shift;   // of scheduler_config.json
    std::string sampler;                // of engine_opts or the scheduler's class; empty: the default
    int64_t window = 21, sink = 0;      // of engine_opts, causal models: latents attended to; of those the first of all
    std::vector<std::string> missing;   // "vae: expected ..., got none; ..." for each part that is not there
    std::vector<std::string> warnings;  // what names leave open, for the log
    [[nodiscard]] bool has_experts() const { return transformer_2_file.checkpoint != nullptr; }
    // TI2V-5B: told of levels frame by frame.
    [[nodiscard]] bool known_frames() const { return transformer.in_channels == 48; }
    [[nodiscard]] int64_t usual_frames() const { return known_frames() ? 121 : 81; }
    // Guidance is in the weights of models of a few steps.
    [[nodiscard]] bool few_steps() const { return sampler == "causal" || sampler == "distilled"; }
    [[nodiscard]] int usual_steps() const { return few_steps() ? 4 : 50; }
    [[nodiscard]] double usual_guidance() const { return few_steps() ? 1.0 : 5.0; }
    [[nodiscard]] bool reads_clip() const { return transformer.image_dim > 0; }
    [[nodiscard]] bool needs_last() const { return transformer.image_tokens > 0; }  // FLF2V
    [[nodiscard]] bool beside_noise() const {
        return transformer.in_channels == 36;
    }  // of a picture: mask and latents beside the noise
};

// Throws zt::Error: ARGUMENT (unknown key or value of engine_opts), NOT_FOUND (a path given there), UNSUPPORTED
// (another model), WEIGHTS (damaged, incomplete, parts that do not fit together). A part that is not there is listed in
// `missing`.
[[nodiscard]] ModelParts find_parts(const std::string& path, const load::EngineOptions& options);

// The files and folders that find_parts and the tokenizer read for the same arguments, what the folder `path` holds
// left out. Opens none.
[[nodiscard]] std::vector<std::string> files_of(const std::string& path, const load::EngineOptions& options);

// Every part as files have it, the ones that are not there too.
[[nodiscard]] std::array<load::PartRow, 5> part_rows(const ModelParts& parts);  // borrows

// The transformer as adapters see it; low: the second expert.
[[nodiscard]] load::LoraBase lora_base(const ModelParts& parts, bool low);
// The adapters of a transformer: for the second expert those of lora_2 if there are any, else those of `lora`, the
// option, which then are for both; null: none. Throws what LoraSet::open throws.
[[nodiscard]] std::shared_ptr<const load::LoraSet> open_loras(const ModelParts& parts, const std::string& lora,
                                                              bool low, const Log& log);

}  // namespace zt::wan
