// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The files of a tableau model: manifest.json (sizes and SHA-256 of the others), words.json (words), and, where
// networks have been trained, config.json (their shapes), outline.safetensors and network.safetensors.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "families/tableau/asked.h"
#include "families/tableau/eyes.h"

namespace zt::tableau {

// Everything that sessions share; immutable.
struct Weights {
    Words words;
    std::optional<Eyes> eyes;  // none: pictures are moved as if they were unseen (expect() in sight.h)
    std::string sha256;        // of the manifest, which holds the others' digests
};

// Checks every byte against the manifest, then loads; the networks compute in bf16 or fp32. Throws zt::Error naming the
// file and field.
[[nodiscard]] std::shared_ptr<const Weights> load_weights(const std::string& folder, bool bf16);

}  // namespace zt::tableau
