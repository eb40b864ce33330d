// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The vision tower of Qwen3-VL: its shapes, how files spell its tensors, and how much memory it takes. The text model
// is llm_config.h's kind kQwen3Vl. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/memory.h"
#include "load/part_names.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::encoders {

// Defaults are those of Qwen3-VL 32B.
struct Qwen3VlVisionConfig {
    int64_t hidden = 1152, intermediate = 4304, layers = 27, heads = 16;
    int64_t out_hidden = 5120;                // of the text model
    int64_t position_side = 48;               // of the square table of learned positions
    std::vector<int64_t> taps = {8, 16, 24};  // blocks whose result goes into the text model's first layers (DeepStack)
    bool taps_by_block = false;  // llama.cpp names the mergers of the taps by their block, others 0, 1, ...
    static constexpr int64_t patch = 16, frames = 2,
                             merge = 2;  // pixels; pictures a patch has; patches a side of a token
    static constexpr double norm_eps = 1e-6;
    static constexpr double rope_theta = 10'000.0;

    [[nodiscard]] int64_t merged() const { return hidden * merge * merge; }
    [[nodiscard]] int64_t patch_values() const { return 3 * frames * patch * patch; }
    // Pixels that a side of a picture must be a multiple of.
    [[nodiscard]] static constexpr int64_t pixel_step() { return patch * merge; }
};

// config.json of transformers: of the tower, or of the whole Qwen3-VL; name: in messages. Throws zt::Error(WEIGHTS,
// UNSUPPORTED) naming the key.
[[nodiscard]] Qwen3VlVisionConfig parse_qwen3_vl_vision_config(std::string_view text, const std::string& name);
// From shapes and the keys of GGUF (an mmproj file). Heads and taps, which shapes cannot tell, are the published
// tower's where the file is as wide and as deep. Throws zt::Error(WEIGHTS, UNSUPPORTED).
[[nodiscard]] Qwen3VlVisionConfig qwen3_vl_vision_config_of(const weights::Checkpoint& file);

// How transformers, ComfyUI and llama.cpp spell them; ours are transformers'. llama.cpp has the kernel of the patches
// in two, one for each picture: kPatchHalves.
[[nodiscard]] const load::TableNames& qwen3_vl_vision_names();
inline constexpr std::string_view kPatchHalves[2] = {"patch_embed.first", "patch_embed.second"};
// The tensors that the tower reads from this file, under our names.
[[nodiscard]] std::vector<std::string> qwen3_vl_vision_tensors(const Qwen3VlVisionConfig& config,
                                                               const weights::Checkpoint& file);
// Whether a file has anything of a vision tower: those of text alone have not.
[[nodiscard]] bool has_qwen3_vl_vision(const weights::Checkpoint& file);
// The mmproj*.gguf in the folder of a GGUF file of the text model, where llama.cpp's tools put the tower; empty where
// there is none, or more than one, so that the user has to say which.
[[nodiscard]] std::string find_mmproj(const std::string& text_file);
// All of it there, and as many blocks as the configuration says. Throws WEIGHTS.
void check_qwen3_vl_vision(const Qwen3VlVisionConfig& config, const weights::Checkpoint& file);

// Bytes of a pass over so many pictures of width x height pixels, blocks streamed two at a time.
[[nodiscard]] load::Phase qwen3_vl_vision_phase(const Qwen3VlVisionConfig& config, const weights::Checkpoint* file,
                                                int64_t width, int64_t height, int64_t pictures,
                                                const load::Resident& as);

}  // namespace zt::encoders
