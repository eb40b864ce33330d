// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Contact sheets: the frames of a clip side by side, clips below each other, as a PPM file.
#pragma once

#include <ATen/ATen.h>

#include <fstream>
#include <string>

namespace zt::training {

// clip: [frames, height, width, 3] -> `columns` evenly spaced frames of it: [height, columns * width, 3]
[[nodiscard]] inline at::Tensor film_strip(const at::Tensor& clip, int columns) {
    std::vector<at::Tensor> shown;
    for (int64_t i = 0; i < columns; i++) shown.push_back(clip[i * clip.size(0) / columns]);
    return at::cat(shown, 1);
}

// picture: [height, width, 3], 0..1. Throws where the file cannot be written.
inline void write_ppm(const std::string& path, const at::Tensor& picture) {
    const at::Tensor bytes = picture.mul(255).add(0.5).clamp(0, 255).to(at::kByte).contiguous();
    std::ofstream file(path, std::ios::binary);
    file << "P6\n" << bytes.size(1) << " " << bytes.size(0) << "\n255\n";
    file.write(reinterpret_cast<const char*>(bytes.data_ptr<uint8_t>()), bytes.numel());
    TORCH_CHECK(file.good(), path, ": expected a file to write to");
}

}  // namespace zt::training
