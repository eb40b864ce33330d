// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files of MiniMax-H3 spell the transformer's tensors: the original repository, ComfyUI and GGUF (which share
// names) and diffusers. In memory q, k, v are one matrix, one below the other, and the gate of a feed-forward part
// stands above its value, as in the original. Torch-free.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "families/minimax_h3/config.h"
#include "load/lora_set.h"
#include "load/part_names.h"

namespace zt::minimax_h3 {

// Rows of "attn.qkv_proj" in a file, of the blocks and of the refiner: names and shapes do not tell.
enum class QkvOrder : uint8_t {
    kStacked,  // [q; k; v]: every single file and GGUF
    kPerHead   // q, k, v of the first head, then of the second ...: the shards of the original repository
};

[[nodiscard]] const load::TableNames& transformer_names(QkvOrder order);
// All that such a transformer has, under our names.
[[nodiscard]] std::vector<std::string> transformer_tensors(const TransformerConfig& config);

// The order in a file: that of the original repository's shards under the original names, else stacked. wanted: "auto"
// or empty, "stacked", "per-head", which overrules. Throws ZT_ERROR_ARGUMENT for another word.
[[nodiscard]] QkvOrder qkv_order_of(const weights::Checkpoint& file, std::string_view wanted);

// The two released models have equal tensors: whether a file is the one for references to video, as far as the names of
// the file and of its folders tell ("transformer_ref", "Ref2VA", "ref2va").
[[nodiscard]] bool is_reference_model(const std::string& path);

// For load::LoraSet: what adapters may change in this file. Of a pruned file no adapter can change the modulation.
[[nodiscard]] load::LoraBase lora_base(const weights::Checkpoint& file, const TransformerConfig& config);
// The adapters of an option `lora`, not empty. Throws as load::parse_lora_option and load::LoraSet::open do; where an
// adapter of the modulation meets a pruned file the message says what fits.
[[nodiscard]] std::shared_ptr<const load::LoraSet> open_loras(const weights::Checkpoint& file,
                                                              const TransformerConfig& config, const std::string& lora,
                                                              const Log& log);

}  // namespace zt::minimax_h3
