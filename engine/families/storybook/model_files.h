// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The files of a storybook model: manifest.json (sizes and SHA-256 of the others), config.json (the world and the
// decoder's shape), lexicon.json (words), layers.safetensors (the decoder and the latents of every picture).
#pragma once

#include <memory>
#include <string>

#include "families/storybook/layers.h"
#include "families/storybook/lexicon.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// Everything that sessions share; immutable but for the layers, which guard themselves.
struct Weights {
    World world;
    Lexicon lexicon;
    std::unique_ptr<DecodedLayers> layers;
    std::string sha256;  // of the manifest, which holds the others' digests
};

// Checks every byte against the manifest, then loads; computes in `dtype`. Throws zt::Error naming the file and field.
[[nodiscard]] std::unique_ptr<Weights> load_weights(const std::string& folder, at::ScalarType dtype);

// The shape of the decoder, of config.json.
[[nodiscard]] DecoderConfig read_decoder_config(const json::Field& config);

}  // namespace zt::storybook
