// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The ground truth of storybook's autoencoder: all procedurally painted layers as tensors, and their boxes.
#pragma once

#include "checkpoint.h"
#include "core/json.h"

namespace zt::training {

// fp32, 0..1: "sprites.<name>.<style>" [cells, height, width, 7] and "rings.<name>.<style>" [height, width, 7], pixels.
[[nodiscard]] Tensors painted_layers(int workers);

// Members "sprites" and "rings" of config.json: boxes, cells and rows, in units.
[[nodiscard]] json::Value::Object layer_places();

}  // namespace zt::training
