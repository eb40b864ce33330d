// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files spell a T5 encoder: transformers, the original Wan repository, llama.cpp ("t5encoder"). Ours are
// transformers'. Torch-free.
#pragma once

#include "load/part_names.h"

namespace zt::encoders {

[[nodiscard]] const load::TableNames& t5_names();

// How the name of the tensor ends in which ComfyUI's files hold the tokenizer: the bytes of a spiece.model.
inline constexpr std::string_view kSentencePieceTensor = "spiece_model";

// The embeddings have one of two names; files that have both hold the same numbers twice (check_t5). file: has(name).
template <class File>
[[nodiscard]] const char* t5_embedding(const File& file) {
    return file.has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight";
}
inline constexpr const char* kT5FinalNorm = "encoder.final_layer_norm.weight";

}  // namespace zt::encoders
