// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The files of a storybook model: manifest.json (sizes and SHA-256 of the others), config.json
// (widths and vocabulary), vae.safetensors, denoiser.safetensors.
#pragma once

#include <string>
#include <vector>

#include "families/storybook/denoiser.h"
#include "families/storybook/inspect.h"
#include "families/storybook/vae.h"
#include "text/word_tokenizer.h"

namespace zt::storybook {

struct ModelFiles {
    VaeConfig vae;
    DenoiserConfig denoiser;
    text::WordTokenizer words;
    std::vector<KnownWords> known;
    int64_t least_edges = 0;         // see Weights
};

// Everything a session needs; immutable.
struct Weights {
    Vae vae;
    Denoiser denoiser;
    text::WordTokenizer words;
    std::vector<KnownWords> known;   // none in weights older than the field
    // Per cent of its edges that the VAE keeps of any picture of the trained world (kept_edges() in beginning.h); 0 = not told.
    int64_t least_edges = 0;
    std::string sha256;   // of the manifest, which holds the others' digests
};

// Checks every byte against the manifest, then loads. Throws zt::Error naming the file and field.
[[nodiscard]] Weights load_weights(const std::string& folder, at::ScalarType dtype);

// Writes config.json and manifest.json for weights already in the folder.
void write_model_files(const std::string& folder, const ModelFiles& files, const std::string& card);

}  // namespace zt::storybook
