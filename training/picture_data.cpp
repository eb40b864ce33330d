// SPDX-License-Identifier: LGPL-2.1-or-later
#include "picture_data.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "core/file.h"
#include "core/json.h"

namespace zt::training {
namespace {

at::Tensor mapped(const std::string& path, at::IntArrayRef shape) {
    const int64_t bytes = c10::multiply_integers(shape);
    TORCH_CHECK(std::filesystem::exists(path) && static_cast<int64_t>(std::filesystem::file_size(path)) == bytes, path,
                ": expected a file of ", bytes, " bytes");
    return at::from_file(path, /*shared=*/false, bytes, at::kByte).view(shape);
}

}  // namespace

PictureData::PictureData(const std::string& folder) {
    TORCH_CHECK(std::filesystem::is_directory(folder), "data: expected a folder, got ", folder);
    std::vector<std::filesystem::path> heads;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".json") heads.push_back(entry.path());
    std::sort(heads.begin(), heads.end());
    TORCH_CHECK(!heads.empty(), "data: expected shards that training/pictures/compose wrote, got none in ", folder);
    for (const auto& head : heads) {
        const json::Value value =
            json::parse_value(read_whole_file(head.string(), json::Limits{}.bytes), {}, json::Origin{head.string()});
        const json::Field field(value, json::Origin{head.string()});
        const auto n = static_cast<int64_t>(field.at("count").integer(1, 1 << 24)),
                   size = static_cast<int64_t>(field.at("size").integer(32, 1024));
        TORCH_CHECK(size % 32 == 0 && (size_ == 0 || size == size_), head.string(),
                    ": expected pictures of one size, a multiple of 32, got ", size);
        size_ = size, count_ += n;
        const std::string stem = (head.parent_path() / head.stem()).string();
        shards_.push_back(
            {mapped(stem + ".pictures", {n, size, size, 3}), mapped(stem + ".targets", {n, size / 2, size / 2, 3})});
        ends_.push_back(count_);
    }
}

PictureBatch PictureData::gather(const std::vector<int64_t>& which) const {
    std::vector<at::Tensor> pictures, targets;
    for (const int64_t i : which) {
        const auto s = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), i) - ends_.begin());
        const int64_t inside = i - (s ? ends_[s - 1] : 0);
        pictures.push_back(shards_[s].pictures[inside]), targets.push_back(shards_[s].targets[inside]);
    }
    const at::Tensor target = at::stack(targets);
    const at::Tensor depth = target.select(-1, 1);
    return {at::stack(pictures).to(at::kFloat).div_(255), target.select(-1, 0).to(at::kFloat).div_(255),
            at::where(depth == 255, at::full({}, std::numeric_limits<float>::quiet_NaN()), depth.to(at::kFloat) / 254),
            target.select(-1, 2).to(at::kLong)};
}

PictureBatch PictureData::at(int64_t from, int64_t batch) const {
    std::vector<int64_t> which;
    for (int64_t i = from; i < std::min(count_, from + batch); i++) which.push_back(i);
    return gather(which);
}

PictureBatch PictureData::random(std::mt19937 dice, int64_t batch) const {
    const auto share = [&] { return static_cast<double>(dice()) / 4294967296.0; };
    std::vector<int64_t> which;
    for (int64_t i = 0; i < batch; i++) which.push_back(static_cast<int64_t>(share() * static_cast<double>(count_)));
    PictureBatch b = gather(which);
    for (int64_t i = 0; i < batch; i++) {
        if (share() < 0.5)
            for (at::Tensor* t : {&b.pictures, &b.subject, &b.depth, &b.kinds}) (*t)[i].copy_((*t)[i].flip(1));
        at::Tensor p = b.pictures[i];
        const auto tone = [&] { return static_cast<float>(0.92 + 0.16 * share()); };
        const float red = tone(), green = tone(), blue = tone();
        p.mul_(at::tensor({red, green, blue})).add_(0.16 * share() - 0.08).clamp_(0, 1);
    }
    return b;
}

}  // namespace zt::training
