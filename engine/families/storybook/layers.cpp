// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See layers.h.
#include "families/storybook/layers.h"

#include <cmath>
#include <set>

#include "core/error.h"
#include "weights/tensor_store.h"

namespace zt::storybook {
namespace {

constexpr int kLevels = 3;  // a latent has 8 x 8 pixels, so they can be halved so often

constexpr size_t kRecentBytes = size_t{64} << 20;

size_t bytes_of(const std::vector<LayerPtr>& layers) {
    size_t bytes = 0;
    for (const LayerPtr& layer : layers)
        for (const Level& level : layer->levels) bytes += level.pixels.size() * sizeof(float);
    return bytes;
}

int64_t latents_of(double units) { return std::llround(units * kScale / static_cast<double>(kLatent)); }

}  // namespace

std::shared_ptr<Layer> make_layer(const at::Tensor& pixels, double left, double top) {
    const at::Tensor from = pixels.to(at::kFloat).contiguous();
    auto layer = std::make_shared<Layer>();
    layer->left = left, layer->top = top;
    Level whole;
    whole.height = static_cast<int>(from.size(0)), whole.width = static_cast<int>(from.size(1)), whole.scale = kScale;
    const auto count = static_cast<size_t>(from.size(0) * from.size(1));
    whole.pixels.assign(count * kPixelFloats, 0.F);
    const float* in = from.const_data_ptr<float>();
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < kLayerChannels; k++) whole.pixels[i * kPixelFloats + k] = in[i * kLayerChannels + k];
    layer->levels.push_back(std::move(whole));
    complete(*layer, kLevels);
    return layer;
}

DecodedLayers::DecodedLayers(const World& world, Decoder decoder, std::map<std::string, at::Tensor> latents,
                             const std::string& file)
    : world_(world), decoder_(std::move(decoder)), latents_(std::move(latents)) {
    const int64_t channels = decoder_.config.channels;
    std::set<std::string> known;
    const auto expect = [&](const std::string& name, at::IntArrayRef shape) {
        const auto at = latents_.find(name);
        if (at == latents_.end())
            throw Error(ZT_ERROR_WEIGHTS, file + ": tensor \"" + name + "\": expected one, got none");
        if (at->second.sizes() != shape) weights::refuse_shape(file, name, shape, at->second.sizes());
        known.insert(name);
    };
    for (const Style& style : world.styles) {
        for (const auto& [name, sprite] : world.sprites) {
            int64_t cells = 0;
            for (const auto& cell : sprite.cells) cells += cell.second;
            expect("sprites." + name + "." + style.name,
                   {cells, latents_of(sprite.height), latents_of(sprite.width), channels});
        }
        for (const auto& [name, ring] : world.rings)
            expect("rings." + name + "." + style.name,
                   {latents_of(ring.bottom - ring.top), latents_of(world.width), channels});
    }
    for (const auto& entry : latents_)
        if (!known.contains(entry.first)) weights::refuse_unused(file, entry.first);
}

const at::Tensor& DecodedLayers::latents(const std::string& kind, const std::string& name, int style) const {
    return latents_.find(kind + "." + name + "." + world_.styles[static_cast<size_t>(style)].name)->second;
}

template <class F>
std::vector<LayerPtr> DecodedLayers::shared(const std::string& key, const F& make) {
    const std::lock_guard lock(mutex_);  // who asks for the same meanwhile waits for it
    std::vector<LayerPtr> layers;
    for (const auto& weak : held_[key])
        if (auto layer = weak.lock()) layers.push_back(std::move(layer));
    if (layers.empty() || layers.size() != held_[key].size()) {
        layers = make();
        held_[key].assign(layers.begin(), layers.end());
    }
    recent_.remove_if([&](const auto& entry) {
        if (entry.first != key) return false;
        recent_bytes_ -= bytes_of(entry.second);
        return true;
    });
    recent_.emplace_front(key, layers);
    recent_bytes_ += bytes_of(layers);
    for (; recent_bytes_ > kRecentBytes && recent_.size() > 1; recent_.pop_back())
        recent_bytes_ -= bytes_of(recent_.back().second);
    return layers;
}

std::vector<LayerPtr> DecodedLayers::sprite(const std::string& name, int style, const std::string& cells) {
    return shared(name + "." + std::to_string(style) + "." + cells, [&] {
        const SpriteInfo& info = world_.sprites.find(name)->second;
        int64_t first = 0, count = 0;
        for (const auto& [cell, n] : info.cells) {
            if (cell == cells) count = n;
            if (count > 0) break;
            first += n;
        }
        if (count == 0)
            throw Error(ZT_ERROR_WEIGHTS,
                        "config.json: sprites: " + name + ": cells: expected \"" + cells + "\" among them, got others");
        const at::Tensor pictures = forward(decoder_, latents("sprites", name, style).slice(0, first, first + count));
        std::vector<LayerPtr> layers;
        for (int64_t i = 0; i < count; i++) layers.push_back(make_layer(pictures[i], info.left, info.top));
        return layers;
    });
}

LayerPtr DecodedLayers::ring(const std::string& name, int style) {
    return shared(name + "." + std::to_string(style),
                  [&] {
                      const RingInfo& info = world_.rings.find(name)->second;
                      const at::Tensor& whole = latents("rings", name, style);
                      const int64_t width = whole.size(1), around = std::min(kRingAround, width);
                      const at::Tensor wrapped =
                          at::cat({whole.slice(1, width - around), whole, whole.slice(1, 0, around)}, 1);
                      const at::Tensor picture = forward(decoder_, wrapped.unsqueeze(0))[0].slice(
                          1, around * kLatent, (around + width) * kLatent);
                      const auto layer = make_layer(picture, 0, info.top);
                      layer->ring = true;
                      layer->reaches_down = info.bottom >= world_.height;
                      return std::vector<LayerPtr>{layer};
                  })
        .front();
}

}  // namespace zt::storybook
