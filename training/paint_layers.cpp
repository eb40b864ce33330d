// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train paint: all painted layers as pixels in a safetensors file, to look at and to place them in world.json.
#include <filesystem>
#include <fstream>

#include "checkpoint.h"
#include "layer_set.h"
#include "stages.h"

namespace zt::training {

void paint_layers(Settings& settings) {
    const std::string out = settings.text("out", "build/training/painted.safetensors");
    const int workers = static_cast<int>(settings.integer("workers", 2));
    settings.done();
    const Tensors painted = painted_layers(workers);
    save_tensors(out, painted, {});
    const std::string places = std::filesystem::path(out).replace_extension(".json").string();
    std::ofstream file(places);
    file << json::to_text(json::Value(layer_places())) << "\n";
    TORCH_CHECK(file.good(), places, ": expected a file to write to");
    std::printf("%s, %s: %zu pictures\n", out.c_str(), places.c_str(), painted.size());
}

}  // namespace zt::training
