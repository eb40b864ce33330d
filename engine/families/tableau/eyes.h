// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What looks at a picture before it moves: two networks, and how far what they say is believed.
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
    // config: config.json. The tensors are read in fp32 or bf16, whatever they are stored in. Throws zt::Error naming
    // the file and field.
    Eyes(const json::Field& config, const weights::SafetensorsFile& outline, const weights::SafetensorsFile& network,
         bool bf16);
    // picture: as large as the frames will be.
    [[nodiscard]] Sight see(const image::Picture& picture, const Cancel& cancel) const;

private:
    struct Inside;
    std::shared_ptr<const Inside> inside_;
};

}  // namespace zt::tableau
