// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Checkpoints through the engine's own safetensors reader and writer.
#include "checkpoint.h"

#include <filesystem>

#include "weights/tensor_store.h"

namespace zt::training {

void save_tensors(const std::string& path, const Tensors& tensors, const std::map<std::string, std::string>& metadata) {
    if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty())
        std::filesystem::create_directories(folder);
    Tensors here;
    for (const auto& [name, t] : tensors) here[name] = t.to(at::kCPU);
    weights::write_tensors(path, here, metadata);
}

Tensors load_tensors(const std::string& path, std::map<std::string, std::string>* metadata) {
    if (!std::filesystem::exists(path)) return {};
    const weights::SafetensorsFile file = weights::SafetensorsFile::open(path);
    if (metadata) *metadata = file.metadata();
    return weights::read_tensors(file);
}

}  // namespace zt::training
