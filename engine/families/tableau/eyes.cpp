// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See eyes.h.
#include "families/tableau/eyes.h"

#include <algorithm>

#include "core/json.h"
#include "families/tableau/network.h"
#include "nn/layers.h"
#include "weights/tensor_store.h"

namespace zt::tableau {
namespace {

constexpr uint64_t kMostWidth = 512, kMostBlocks = 8, kMostHeads = 16, kMostSide = 512;   // far above any sensible small network

NetworkConfig read_config(const json::Field& config) {
    NetworkConfig c;
    const auto list = [&](const char* key, std::vector<int64_t>& out, uint64_t most) {
        const json::Field values = config.at(key);
        if (values.size() != 5) values.refuse("five numbers");
        out.clear();
        for (size_t i = 0; i < 5; i++) out.push_back(static_cast<int64_t>(values.at(i).integer(1, most)));
    };
    list("widths", c.widths, kMostWidth);
    list("blocks", c.blocks, kMostBlocks);
    for (size_t i = 0; i < 5; i++)
        if (c.widths[i] % 8 != 0) config.at("widths").at(i).refuse("a multiple of 8");
    c.heads = static_cast<int64_t>(config.at("heads").integer(1, kMostHeads));
    if (c.widths.back() % c.heads != 0) config.at("heads").refuse("a divisor of the last width");
    return c;
}

// One channel of what was seen, as a map of a sight's size.
Map channel_of(const at::Tensor& places, int64_t channel, const Map& like) {
    const at::Tensor values = places.select(-1, channel).contiguous();   // [h, w]
    Map small(static_cast<int>(values.size(1)), static_cast<int>(values.size(0)));
    std::copy_n(values.const_data_ptr<float>(), small.values.size(), small.values.begin());
    Map out(like.width, like.height);
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++) out.row(y)[x] = small.at((static_cast<float>(x) + 0.5F) / static_cast<float>(out.width), (static_cast<float>(y) + 0.5F) / static_cast<float>(out.height));
    return out;
}

float smooth(float t) {
    t = std::clamp(t, 0.F, 1.F);
    return t * t * (3 - 2 * t);
}

}  // namespace

struct Eyes::Inside {
    Network network;
    int64_t side = 160;
};

Eyes::Eyes(const json::Field& config, const weights::SafetensorsFile& file, bool bf16) {
    auto inside = std::make_shared<Inside>();
    inside->network = make_network(read_config(config));
    inside->side = static_cast<int64_t>(config.at("size").integer(32, kMostSide));
    if (inside->side % 32 != 0) config.at("size").refuse("a multiple of 32");
    weights::assign(inside->network, weights::read_tensors(file), bf16 ? at::kBFloat16 : at::kFloat, file.file().name());
    nn::prepare(inside->network);
    inside_ = std::move(inside);
}

Sight Eyes::see(const image::Picture& picture, const Cancel& cancel) const {
    const int64_t side = inside_->side;
    const image::Picture small = image::resize(picture, side, side, image::Filter::kBilinear);
    const at::Tensor rgb = at::from_blob(const_cast<uint8_t*>(small.rgb.data()), {1, side, side, 3}, at::kByte).to(at::kFloat).div_(255);
    cancel.poll();
    // As it is and mirrored: the mean of both is steadier.
    const Seen seen = tableau::see(inside_->network, at::cat({rgb, rgb.flip({2})}));
    const at::Tensor places = (seen.places[0] + seen.places[1].flip({1})).mul_(0.5).contiguous();
    const float confidence = seen.confidence.mean().item<float>();

    Sight s = expect(static_cast<int>(picture.width), static_cast<int>(picture.height));
    const Map middle = s.subject;
    s.sure = smooth((confidence - 0.3F) / 0.4F);
    s.subject = channel_of(places, kSubject, middle);
    // Grey is pushed to both ends; where it is not sure who it is of, whoever stands in the middle.
    for (size_t i = 0; i < s.subject.values.size(); i++)
        s.subject.values[i] = std::max(std::clamp((s.subject.values[i] - 0.06F) / 0.88F, 0.F, 1.F), (1 - s.sure) * middle.values[i]);
    s.depth = channel_of(places, kDepth, middle);
    s.sky = channel_of(places, kSky, middle), s.water = channel_of(places, kWater, middle), s.foliage = channel_of(places, kFoliage, middle);
    return s;
}

}  // namespace zt::tableau
