// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tokenizer of a Qwen text model, from wherever it lies: a tokenizer.json, or vocab.json and merges.txt, either
// with the tokenizer_config.json beside it; or the lists in the GGUF file of the model itself. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "load/part_file.h"
#include "text/bpe_tokenizer.h"

namespace zt::encoders {

// What to open. key: of engine_opts, in messages; found: the path given there or found by convention, may be empty;
// encoder: the model, may have no file. Empty: nowhere. Throws NOT_FOUND naming the key.
[[nodiscard]] std::string find_qwen_tokenizer(const std::string& key, const std::string& found,
                                              const load::PartFile& encoder);

// place: of find_qwen_tokenizer. extra: tokens to add where the files do not have them, behind those of
// tokenizer_config.json. Throws NOT_FOUND, IO, WEIGHTS, UNSUPPORTED as BpeTokenizer::open does.
[[nodiscard]] text::BpeTokenizer open_qwen_tokenizer(const std::string& place,
                                                     const std::vector<text::ExtraToken>& extra = {});

}  // namespace zt::encoders
