// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The network's passes.
#include "families/tableau/network.h"

#include <array>
#include <cmath>

namespace zt::tableau {
namespace {

constexpr size_t kLevels = 5;
constexpr int64_t kHidden = 64;  // of the confidence
constexpr size_t kCoarse = 2;    // the level that `coarse` reads

at::Tensor forward(const Attention& layer, const at::Tensor& x, int64_t heads) {
    const int64_t n = x.size(0), places = x.size(1) * x.size(2), width = x.size(3), each = width / heads;
    const at::Tensor qkv = nn::forward(layer.qkv, nn::forward(layer.norm, x))
                               .reshape({n, places, 3, heads, each})
                               .permute({2, 0, 3, 1, 4});
    const at::Tensor weights =
        at::softmax(at::matmul(qkv[0], qkv[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(each)), -1);
    const at::Tensor mixed = at::matmul(weights, qkv[2]).transpose(1, 2).reshape({n, x.size(1), x.size(2), width});
    return x + nn::forward(layer.project, mixed);
}

// The pictures as the first layer wants them: 2x2 pixels a place, about zero, with the place's coordinates in -1..1.
at::Tensor patches(const at::Tensor& pictures, at::ScalarType type) {
    const at::Tensor cells = nn::space_to_depth(pictures.to(type) * 2 - 1, 2);
    const int64_t n = cells.size(0), h = cells.size(1), w = cells.size(2);
    const at::Tensor y = at::linspace(-1, 1, h, cells.options()).view({1, h, 1, 1}).expand({n, h, w, 1});
    const at::Tensor x = at::linspace(-1, 1, w, cells.options()).view({1, 1, w, 1}).expand({n, h, w, 1});
    return at::cat({cells, y, x}, -1);
}

// What tells a good mask: features within and without, the whole picture's, the mask's size and how undecided it is.
// The confidence learns to read these without changing them.
at::Tensor evidence(const at::Tensor& features, const at::Tensor& lowest, const at::Tensor& mask) {
    constexpr std::array<int64_t, 2> places{1, 2};
    const at::Tensor inside = (features * mask).sum(places) / (mask.sum(places) + 1e-3);
    const at::Tensor outside = (features * (1 - mask)).sum(places) / ((1 - mask).sum(places) + 1e-3);
    return at::cat({inside, outside, lowest.mean(places), mask.mean(places), (4 * mask * (1 - mask)).mean(places)}, -1);
}

}  // namespace

Network make_network(const NetworkConfig& c) {
    TORCH_CHECK(c.widths.size() == kLevels && c.blocks.size() == kLevels,
                "network: expected five widths and numbers of blocks, got ", c.widths.size(), " and ", c.blocks.size());
    for (const int64_t width : c.widths)
        TORCH_CHECK(width > 0 && width % 8 == 0, "network: expected widths that are multiples of 8, got ", width);
    TORCH_CHECK(c.heads > 0 && c.widths.back() % c.heads == 0, "network: expected heads that divide ", c.widths.back(),
                ", got ", c.heads);
    Network n;
    n.config = c;
    n.in = nn::make_linear(2 * 2 * 3 + 2, c.widths[0]);
    for (size_t l = 0; l < kLevels; l++) {
        n.down.emplace_back();
        for (int64_t i = 0; i < c.blocks[l]; i++) n.down[l].push_back(nn::make_residual_block(c.widths[l]));
        if (l + 1 == kLevels) break;
        n.halve.push_back(nn::make_linear(4 * c.widths[l], c.widths[l + 1]));
        n.twice.push_back(nn::make_linear(c.widths[l + 1], 4 * c.widths[l]));
        n.up.push_back(nn::make_residual_block(c.widths[l]));
    }
    const int64_t lowest = c.widths.back();
    for (int64_t i = 0; i < c.blocks.back(); i++)
        n.attention.push_back(
            {nn::make_norm(lowest), nn::make_linear(lowest, 3 * lowest), nn::make_linear(lowest, lowest)});
    n.norm = nn::make_norm(c.widths[0]);
    n.out = nn::make_linear(c.widths[0], kChannels);
    n.coarse_norm = nn::make_norm(c.widths[kCoarse]);
    n.coarse = nn::make_linear(c.widths[kCoarse], kChannels);
    n.hidden = nn::make_linear(2 * c.widths[0] + lowest + 2, kHidden);
    n.confidence = nn::make_linear(kHidden, 1);
    return n;
}

Logits look(const Network& network, const at::Tensor& pictures, bool coarse) {
    TORCH_CHECK(
        pictures.dim() == 4 && pictures.size(1) % 32 == 0 && pictures.size(2) % 32 == 0 && pictures.size(3) == 3,
        "network: expected pictures [n, 32 h, 32 w, 3], got ", pictures.sizes());
    at::Tensor x = nn::forward(network.in, patches(pictures, network.in.weight.scalar_type()));
    std::vector<at::Tensor> kept;
    for (size_t l = 0; l < kLevels; l++) {
        for (size_t i = 0; i < network.down[l].size(); i++) {
            x = nn::forward(network.down[l][i], x);
            if (l + 1 == kLevels) x = forward(network.attention[i], x, network.config.heads);
        }
        if (l + 1 == kLevels) break;
        kept.push_back(x);
        x = nn::forward(network.halve[l], nn::space_to_depth(x, 2));
    }
    const at::Tensor lowest = x;
    Logits logits;
    for (size_t l = kLevels - 1; l-- > 0;) {
        x = nn::forward(network.up[l], nn::depth_to_space(nn::forward(network.twice[l], x), 2) + kept[l]);
        if (coarse && l == kCoarse) logits.coarse = nn::forward(network.coarse, nn::forward(network.coarse_norm, x));
    }
    const at::Tensor features = nn::forward(network.norm, x);
    logits.places = nn::forward(network.out, features);
    const at::Tensor mask = at::sigmoid(logits.places.slice(-1, kSubject, kSubject + 1).detach());
    logits.confidence =
        nn::forward(network.confidence,
                    at::silu(nn::forward(network.hidden, evidence(features.detach(), lowest.detach(), mask))))
            .squeeze(-1);
    return logits;
}

Seen see(const Network& network, const at::Tensor& pictures) {
    const Logits logits = look(network, pictures);
    return {at::sigmoid(logits.places.to(at::kFloat)).contiguous(),
            at::sigmoid(logits.confidence.to(at::kFloat)).contiguous()};
}

}  // namespace zt::tableau
