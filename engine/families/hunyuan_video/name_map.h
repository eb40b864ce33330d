// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files of HunyuanVideo spell its tensors. In memory the transformer has the names and the fused layout of the
// original repository; the encoders have those of transformers' own classes without prefix; the VAE's are the same
// everywhere. Files come in these spellings:
//
//   transformer   original (Tencent-Hunyuan/HunyuanVideo), ComfyUI, diffusers
//   LLM           transformers, LLaVA's prefixes, llama.cpp (GGUF; q and k rows permuted)
//   CLIP          transformers, with or without prefix
//
// Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/part_names.h"

namespace zt::hunyuan_video {

enum class Part : uint8_t { kTransformer, kVae, kLlm, kClipText, kClipVision, kProjector };
[[nodiscard]] std::string_view part_name(Part part) noexcept;  // "transformer", "text encoder" ...
[[nodiscard]] const load::PartNames& names_of(Part part);

// Tensors that a generation reads of an encoder or projector with so many used layers, under our names.
[[nodiscard]] std::vector<std::string> encoder_tensors(Part part, int64_t layers);

// All modules of a transformer of that size in every spelling.
[[nodiscard]] std::vector<load::Spelled> all_spellings(int64_t layers, int64_t single_layers, int64_t refiner_layers);

}  // namespace zt::hunyuan_video
