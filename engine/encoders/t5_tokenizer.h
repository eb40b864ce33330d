// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the tokenizer of a T5 encoder lies: tokenizer.json, spiece.model, or the encoder's own file, in which ComfyUI
// has the tensor "spiece_model" and llama.cpp the keys "tokenizer.ggml.*" of GGUF. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "load/part_file.h"
#include "text/unigram_tokenizer.h"

namespace zt::encoders {

// A file for open_t5_tokenizer: in what `found` names (a folder with tokenizer.json or spiece.model, or a file), or
// where that is empty the encoder's file if it has one; empty where there is none. key: of engine_opts, in messages.
// Adds a sentence to `warnings` about one that cannot give the ids of the others. Throws NOT_FOUND for a folder without
// any and for a file that is none of these.
[[nodiscard]] std::string find_t5_tokenizer(const std::string& key, const std::string& found,
                                            const load::PartFile& encoder, std::vector<std::string>& warnings);

// extra_ids: of T5 itself 100, which its spiece.model does not have (text/sentencepiece.h). Throws what
// UnigramTokenizer throws, and what Checkpoint::open does.
[[nodiscard]] text::UnigramTokenizer open_t5_tokenizer(const std::string& file, int32_t extra_ids = 0);
// An embedding row for every id, or a prompt could ask for one that is not there: throws WEIGHTS. rows: of the encoder.
void check_t5_ids(const text::UnigramTokenizer& tokenizer, int64_t rows);

}  // namespace zt::encoders
