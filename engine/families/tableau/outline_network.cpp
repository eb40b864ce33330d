// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pass of the outline network. Activations keep channels last.
#include "families/tableau/outline_network.h"

namespace zt::tableau {
namespace {

constexpr int64_t kWide = 64, kNarrow = 16;  // channels between nests, and within one
constexpr std::array<int64_t, 6> kLevels{7, 6, 5,
                                         4, 4, 4};  // of the nests on the way down; those on the way up mirror them
// From how decided a mask is to the overlap that it has on average: fitted to 96 pictures that nothing was taught on.
constexpr double kSlope = 2.2, kOffset = -1.25;
constexpr size_t kFirstFlat = 4, kLowest = kLevels.size() - 1;

Nest make_nest(int64_t in, int64_t levels, bool flat) {
    Nest nest;
    nest.flat = flat;
    nest.in = nn::make_conv(in, kWide);
    for (int64_t l = 0; l < levels; l++) nest.down.push_back(nn::make_conv(l == 0 ? kWide : kNarrow, kNarrow));
    for (int64_t l = 1; l < levels; l++)
        nest.up.push_back(nn::make_conv(2 * kNarrow, l + 1 == levels ? kWide : kNarrow));
    return nest;
}

at::Tensor conv(const nn::Conv& layer, const at::Tensor& x, int64_t step) {
    if (step == 1) return at::relu(nn::forward(layer, x));
    return at::relu(at::conv2d(x.permute({0, 3, 1, 2}), layer.weight, layer.bias, 1, step, step).permute({0, 2, 3, 1}));
}

at::Tensor halved(const at::Tensor& x) {
    return at::max_pool2d(x.permute({0, 3, 1, 2}), 2, 2, 0, 1, /*ceil_mode=*/true).permute({0, 2, 3, 1});
}

at::Tensor grown(const at::Tensor& x, const at::Tensor& like) {
    if (x.size(1) == like.size(1) && x.size(2) == like.size(2)) return x;
    return at::upsample_bilinear2d(x.permute({0, 3, 1, 2}), {like.size(1), like.size(2)}, /*align_corners=*/false)
        .permute({0, 2, 3, 1});
}

at::Tensor forward(const Nest& nest, const at::Tensor& picture) {
    const at::Tensor first = conv(nest.in, picture, 1);
    const size_t levels = nest.down.size();
    const auto step = [&](size_t level) -> int64_t {
        return nest.flat ? int64_t{1} << level : level + 1 == levels ? 2 : 1;
    };
    std::vector<at::Tensor> kept;
    at::Tensor x = first;
    for (size_t l = 0; l < levels; l++) {
        if (!nest.flat && l > 0 && l + 1 < levels) x = halved(x);  // the lowest level sees wider instead
        x = conv(nest.down[l], x, step(l));
        kept.push_back(x);
    }
    for (size_t l = levels - 1; l-- > 0;) {
        x = conv(nest.up[levels - 2 - l], at::cat({grown(x, kept[l]), kept[l]}, -1), nest.flat ? step(l) : 1);
    }
    return x + first;
}

}  // namespace

OutlineNetwork make_outline_network() {
    OutlineNetwork n;
    for (size_t i = 0; i < n.down.size(); i++) n.down[i] = make_nest(i == 0 ? 3 : kWide, kLevels[i], i >= kFirstFlat);
    for (size_t i = 0; i < n.up.size(); i++)
        n.up[i] = make_nest(2 * kWide, kLevels[kLowest - 1 - i], kLowest - 1 - i >= kFirstFlat);
    for (nn::Conv& side : n.sides) side = nn::make_conv(kWide, 1);
    return n;
}

Outline outline(const OutlineNetwork& network, const at::Tensor& pictures) {
    TORCH_CHECK(
        pictures.dim() == 4 && pictures.size(1) % 32 == 0 && pictures.size(2) % 32 == 0 && pictures.size(3) == 3,
        "outline: expected pictures [n, 32 h, 32 w, 3], got ", pictures.sizes());
    const at::ScalarType type = network.sides[0].weight.scalar_type();
    const at::TensorOptions fp32 = pictures.options().dtype(at::kFloat);
    // As it was taught: the brightest value of a picture is 1, then the mean and spread of photographs.
    const at::Tensor bright = pictures.to(at::kFloat).amax({1, 2, 3}, true).clamp_min(1.0 / 255);
    at::Tensor x =
        ((pictures / bright - at::tensor({0.485, 0.456, 0.406}, fp32)) / at::tensor({0.229, 0.224, 0.225}, fp32))
            .to(type);
    std::vector<at::Tensor> kept;
    for (size_t i = 0; i < network.down.size(); i++) {
        x = forward(network.down[i], i == 0 ? x : halved(x));
        kept.push_back(x);
    }
    at::Tensor coarser;
    for (size_t i = 0; i < network.up.size(); i++) {
        const at::Tensor& across = kept[kLowest - 1 - i];
        coarser = x;  // at last: the stage at 1/4
        x = forward(network.up[i], at::cat({grown(x, across), across}, -1));
    }
    const at::Tensor guesses = nn::forward(network.sides[0], x) + grown(nn::forward(network.sides[1], coarser), x);
    const at::Tensor mask = at::sigmoid(guesses.to(at::kFloat) / 2).squeeze(-1).contiguous();
    return {mask, expected_overlap(mask)};
}

at::Tensor expected_overlap(const at::Tensor& masks) {
    constexpr std::array<int64_t, 2> places{1, 2};
    // Right masks are near 1 within and fall off at once; wrong ones, and those of pictures without a subject,
    // hesitate.
    const at::Tensor decided = (masks * masks.gt(0.5)).sum(places) / masks.gt(0.3).sum(places).clamp_min(1);
    return (kSlope * decided + kOffset).clamp(0, 1);
}

}  // namespace zt::tableau
