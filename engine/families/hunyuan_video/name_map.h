// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The only place where upstream's tensor names meet ours. In memory the transformer has the names
// and the fused layout of the original repository; the encoders have those of transformers' own
// classes without prefix; the VAE's are the same everywhere. Files come in these spellings:
//
//   transformer   original (Tencent-Hunyuan/HunyuanVideo), ComfyUI, diffusers
//   LLM           transformers, LLaVA's prefixes, llama.cpp (GGUF; q and k rows permuted)
//   CLIP          transformers, with or without prefix
//
// Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zt::hunyuan_video {

enum class Part : uint8_t { kTransformer, kVae, kLlm, kClipText, kClipVision, kProjector };
[[nodiscard]] std::string_view part_name(Part part) noexcept;   // "transformer", "text encoder" ...

enum class RowOrder : uint8_t {
    kSame,
    kSwapHalves,    // diffusers' final modulation: scale, shift instead of shift, scale
    kLlamaQuery,    // llama.cpp: rows of each head interleaved; heads of the query
    kLlamaKey       // the same with the number of key-value heads
};

// Where a tensor of a file belongs.
struct Placed {
    std::string module;                // ours: "double_blocks.3.img_attn_qkv"
    std::string leaf;                  // "weight", "bias", or something that belongs to a weight: "weight_scale"
    int piece = 0, pieces = 1;         // fused of several: which one, in the order of the rows
    RowOrder order = RowOrder::kSame;

    [[nodiscard]] std::string name() const { return module + "." + leaf; }
};

// Nothing for a name that this part does not have.
[[nodiscard]] std::optional<Placed> place(Part part, std::string_view file_name);
// The module alone, without any prefix of a file: for LoRA keys.
[[nodiscard]] std::optional<Placed> place_module(Part part, std::string_view module);

// Known, and never needed: "lm_head.weight", position ids, markers.
[[nodiscard]] bool is_ignored(Part part, std::string_view file_name);

// True for a leaf that holds the factors of fp8 numbers: "scale_weight", "weight_scale", "fp8_scale".
[[nodiscard]] bool is_scale(std::string_view leaf) noexcept;

// Tensors that a generation reads of an encoder or projector with so many used layers, under our names.
[[nodiscard]] std::vector<std::string> encoder_tensors(Part part, int64_t layers);

// All modules of a transformer of that size in every spelling, for flattened names.
struct Spelled {
    std::string spelling;
    Placed placed;                     // leaf empty
};
[[nodiscard]] std::vector<Spelled> all_spellings(int64_t layers, int64_t single_layers, int64_t refiner_layers);

}  // namespace zt::hunyuan_video
