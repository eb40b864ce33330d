// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The layers of a model: stored as latents, decoded when they are first needed, and cached.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "families/storybook/decoder.h"
#include "families/storybook/layer.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// Layers that are in use, or were used recently, are not decoded again. Thread-safe.
class DecodedLayers final : public LayerSource {
public:
    // latents: "sprites.<name>.<style>" [cells, h, w, channels] and "rings.<name>.<style>" [h, w, channels], one of
    // each for every sprite, ring and style of the world, each as large as its box says. Throws WEIGHTS, naming the
    // tensor in `file`, where that is not so. world must outlive it.
    DecodedLayers(const World& world, Decoder decoder, std::map<std::string, at::Tensor> latents,
                  const std::string& file);
    [[nodiscard]] std::vector<LayerPtr> sprite(const std::string& name, int style, const std::string& cells) override;
    [[nodiscard]] LayerPtr ring(const std::string& name, int style) override;

private:
    [[nodiscard]] const at::Tensor& latents(const std::string& kind, const std::string& name, int style) const;
    // From the cache, else made by `make`.
    template <class F>
    std::vector<LayerPtr> shared(const std::string& key, const F& make);

    const World& world_;
    const Decoder decoder_;
    const std::map<std::string, at::Tensor> latents_;
    std::mutex mutex_;
    std::map<std::string, std::vector<std::weak_ptr<const Layer>>> held_;
    std::list<std::pair<std::string, std::vector<LayerPtr>>> recent_;  // the latest first
    size_t recent_bytes_ = 0;
};

inline constexpr int64_t kLatent = 8;  // pixels of a layer per latent, each way
inline constexpr double kScale = 2;    // pixels of a layer per unit
inline constexpr int64_t kRingAround =
    6;  // latents of the other end that the ends of a ring see when it is decoded: as far as the decoder looks

// One picture of a decoded batch. pixels: fp32 [height, width, kLayerChannels]
[[nodiscard]] std::shared_ptr<Layer> make_layer(const at::Tensor& pixels, double left, double top);

}  // namespace zt::storybook
