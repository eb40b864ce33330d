// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a causal video autoencoder needs to code one frame after the other, beside its weights. Arithmetic only;
// torch-free.
#pragma once

#include <cstdint>

#include "autoencoders/causal_config.h"

namespace zt::autoencoders {

// Of one video: sizes of a latent frame, and bytes of a number.
struct Coding {
    int64_t latent_height = 0, latent_width = 0;
    int64_t element_bytes = 4, history_bytes = 4;  // of the arithmetic; of what is kept of earlier frames
};
// Two frames of the input of each convolution in time, which the decoder (the encoder is its mirror) keeps from frame
// to frame: those of the middle, and of each stage two for each resnet and one of its enlargement in time.
[[nodiscard]] uint64_t history_bytes(const VaeConfig& config, const Coding& coding);
// One frame of the widest stage, the last but one or the last.
[[nodiscard]] uint64_t frame_bytes(const VaeConfig& config, const Coding& coding);
// All data of a decoder at work: the history; of a resnet what comes in, what it has made and the copy that is normed;
// pixels, twice.
[[nodiscard]] uint64_t decoding_bytes(const VaeConfig& config, const Coding& coding);

}  // namespace zt::autoencoders
