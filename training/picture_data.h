// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures and targets as training/pictures/compose writes them, mapped into memory.
#pragma once

#include <ATen/ATen.h>

#include <random>
#include <string>
#include <vector>

namespace zt::training {

struct PictureBatch {
    at::Tensor pictures;  // fp32 RGB 0..1 [n, size, size, 3]
    at::Tensor subject;   // fp32 0..1 [n, size / 2, size / 2]
    at::Tensor depth;     // fp32 0 far .. 1 near, the same shape; not a number: not known
    at::Tensor kinds;     // int64 0 none, 1 sky, 2 water, 3 foliage, 255 not known, the same shape
};

class PictureData {
public:
    // Every complete shard of the folder; throws if there is none or they differ in size.
    explicit PictureData(const std::string& folder);
    [[nodiscard]] int64_t count() const { return count_; }
    [[nodiscard]] int64_t size() const { return size_; }
    // Random pictures; half of them mirrored, lighter or darker, in other tones.
    [[nodiscard]] PictureBatch random(std::mt19937 dice, int64_t batch) const;
    // Pictures from..from + batch, as they are.
    [[nodiscard]] PictureBatch at(int64_t from, int64_t batch) const;

private:
    struct Shard {
        at::Tensor pictures, targets;  // uint8 [n, size, size, 3], [n, size / 2, size / 2, 3]
    };
    [[nodiscard]] PictureBatch gather(const std::vector<int64_t>& which) const;
    std::vector<Shard> shards_;
    std::vector<int64_t> ends_;
    int64_t count_ = 0, size_ = 0;
};

}  // namespace zt::training
