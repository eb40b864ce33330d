// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What looks at a picture before it moves: the network, and how far what it says is believed.
#pragma once

#include <memory>
#include <string>

#include "core/cancel.h"
#include "families/tableau/sight.h"
#include "image/resample.h"

namespace zt::json {
class Field;
}
namespace zt::weights {
class SafetensorsFile;
}

namespace zt::tableau {

// Immutable; thread-safe.
class Eyes {
public:
    // config: the object "network" of config.json. file: network.safetensors, whose tensors are read in fp32 or bf16, whatever they are
    // stored in. Throws zt::Error naming the file and field.
    Eyes(const json::Field& config, const weights::SafetensorsFile& file, bool bf16);
    // picture: as large as the frames will be.
    [[nodiscard]] Sight see(const image::Picture& picture, const Cancel& cancel) const;

private:
    struct Inside;
    std::shared_ptr<const Inside> inside_;
};

}  // namespace zt::tableau
