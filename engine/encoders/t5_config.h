// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of a T5 v1.1 or UMT5 encoder. Defaults are those of UMT5-XXL. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/memory.h"

namespace zt::encoders {

struct T5Config {
    int64_t vocab = 256384, d_model = 4096, d_kv = 64, heads = 64, d_ff = 10240, layers = 24;
    int64_t buckets = 32, max_distance = 128;
    bool own_positions = true;  // of every layer (UMT5); else the first layer's serve all (T5)
    [[nodiscard]] int64_t width() const { return heads * d_kv; }
};

// config.json of transformers; name: in messages. Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] T5Config parse_t5_config(std::string_view text, const std::string& name);
// From names and shapes.
[[nodiscard]] T5Config t5_config_of(const weights::Checkpoint& file);

// The tensors that such an encoder reads from this file, under our names: the embeddings have either of two.
[[nodiscard]] std::vector<std::string> t5_tensors(const T5Config& config, const weights::Checkpoint& file);
// Whether a file is whole, has nothing that fits nowhere, and where it has the embeddings twice, has them alike (some
// tools left one of them zero; 64 places are compared). Throws ZT_ERROR_WEIGHTS naming the tensor, IO.
void check_t5(const T5Config& config, const weights::Checkpoint& file);

// The memory of reading a prompt of so many tokens, one layer from disk after the other. file: null counts as nothing.
[[nodiscard]] load::Phase t5_phase(const T5Config& config, const weights::Checkpoint* file, int64_t tokens,
                                   const load::Resident& as);

}  // namespace zt::encoders
