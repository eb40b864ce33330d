// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See eyes.h.
#include "families/tableau/eyes.h"

#include <algorithm>

#include "core/json.h"
#include "families/tableau/network.h"
#include "families/tableau/outline_network.h"
#include "nn/layers.h"
#include "weights/tensor_store.h"

namespace zt::tableau {
namespace {

constexpr uint64_t kMostWidth = 512, kMostBlocks = 8, kMostHeads = 16,
                   kMostSide = 512;  // far above any sensible small network

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

int64_t side_of(const json::Field& config) {
    const auto side = static_cast<int64_t>(config.at("size").integer(32, kMostSide));
    if (side % 32 != 0) config.at("size").refuse("a multiple of 32");
    return side;
}

// RGB 0..1 [1, side, side, 3]; the picture is squeezed into that shape.
at::Tensor squeezed(const image::Picture& picture, int64_t side) {
    const image::Picture small = image::resize(picture, side, side, image::Filter::kBilinear);
    return at::from_blob(const_cast<uint8_t*>(small.rgb.data()), {1, side, side, 3}, at::kByte)
        .to(at::kFloat)
        .div_(255);
}

// Values [h, w] as a map of a sight's size.
Map map_from(const at::Tensor& given, const Map& like) {
    const at::Tensor values = given.contiguous();
    Map small(static_cast<int>(values.size(1)), static_cast<int>(values.size(0)));
    std::copy_n(values.const_data_ptr<float>(), small.values.size(), small.values.begin());
    Map out(like.width, like.height);
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++)
            out.row(y)[x] = small.at((static_cast<float>(x) + 0.5F) / static_cast<float>(out.width),
                                     (static_cast<float>(y) + 0.5F) / static_cast<float>(out.height));
    return out;
}

}  // namespace

struct Eyes::Inside {
    OutlineNetwork outline;
    Network network;
    int64_t outline_side, network_side;
};

Eyes::Eyes(const json::Field& config, const weights::SafetensorsFile& outline, const weights::SafetensorsFile& network,
           bool bf16) {
    const json::Field shape = config.at("network");
    auto inside = std::make_shared<Inside>(Inside{make_outline_network(), make_network(read_config(shape)),
                                                  side_of(config.at("outline")), side_of(shape)});
    const auto load = [&](auto& model, const weights::SafetensorsFile& file) {
        weights::assign(model, weights::read_tensors(file), bf16 ? at::kBFloat16 : at::kFloat, file.file().name());
        nn::prepare(model);
    };
    load(inside->outline, outline);
    load(inside->network, network);
    inside_ = std::move(inside);
}

Sight Eyes::see(const image::Picture& picture, const Cancel& cancel) const {
    cancel.poll();
    const Outline found = tableau::outline(inside_->outline, squeezed(picture, inside_->outline_side));
    cancel.poll();
    const Seen seen = tableau::see(inside_->network, squeezed(picture, inside_->network_side));

    Sight s = expect(static_cast<int>(picture.width), static_cast<int>(picture.height));
    const Map middle = s.subject;
    s.sure = smooth((found.confidence.item<float>() - 0.3F) / 0.4F);
    s.subject = map_from(found.mask[0], middle);
    // Grey is pushed to both ends; where it is not sure who the picture is of, whoever stands in the middle.
    for (size_t i = 0; i < s.subject.values.size(); i++)
        s.subject.values[i] =
            std::max(std::clamp((s.subject.values[i] - 0.06F) / 0.88F, 0.F, 1.F), (1 - s.sure) * middle.values[i]);
    const auto channel = [&](int64_t which) { return map_from(seen.places[0].select(-1, which), middle); };
    // The network says a kind at half strength where it is right nine times in ten; below a fifth it is guessing.
    const auto kind = [&](int64_t which) {
        Map map = channel(which);
        for (float& v : map.values) v = smooth((v - 0.15F) / 0.4F);
        return map;
    };
    s.depth = channel(kDepth), s.sky = kind(kSky), s.water = kind(kWater), s.foliage = kind(kFoliage);
    return s;
}

}  // namespace zt::tableau
