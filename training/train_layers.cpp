// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train layers: the autoencoder of layers (layer_autoencoder.h), trained on crops of all painted layers.
//
// Crops are aligned to the grid of latents and are drawn more often where there are edges than where
// a layer is empty. Latents are rounded to fp8, as they are stored, with a straight-through gradient.
// The loss has two parts: the error of all seven channels, and that of the layer composited over a
// random grey with a random tint, which is what a viewer sees.
#include "flops.h"
#include "layer_autoencoder.h"
#include "layer_set.h"
#include "stages.h"
#include "train_loop.h"

namespace zt::training {
namespace {

constexpr int64_t kCell = 8;  // pixels per latent in each direction

// All pictures of all layers, and for each 8x8 block of them the probability that a crop is centred on it.
class Pictures {
public:
    explicit Pictures(const Tensors& painted) {
        for (const auto& [name, t] : painted) {
            const bool ring = name.starts_with("rings.");
            // There are few props and rings: without a bonus hardly any crop would show them.
            const double bonus = ring || t.size(0) == 1 ? 3 : 1;
            const at::Tensor all = ring ? t.unsqueeze(0) : t;
            for (int64_t i = 0; i < all.size(0); i++) {
                const at::Tensor picture = all[i];
                const at::Tensor steps = at::zeros({picture.size(0), picture.size(1)});
                steps.slice(0, 1).add_((picture.slice(0, 1) - picture.slice(0, 0, -1)).abs().sum(-1));
                steps.slice(1, 1).add_((picture.slice(1, 1) - picture.slice(1, 0, -1)).abs().sum(-1));
                const int64_t h = picture.size(0) / kCell, w = picture.size(1) / kCell;
                const at::Tensor blocks =
                    (steps.reshape({h, kCell, w, kCell}).mean(at::IntArrayRef{1, 3}).sqrt() + 0.02)
                        .mul(bonus)
                        .contiguous();
                pictures_.push_back({picture, ring});
                for (int64_t b = 0; b < h * w; b++)
                    total_ += blocks.data_ptr<float>()[b], ends_.push_back(total_),
                        blocks_.push_back({pictures_.size() - 1, b / w, b % w});
            }
        }
    }
    // Random crops [batch, size, size, 7]. A ring wraps around sideways. A picture that is lower than a crop gets empty
    // rows above it, never below: the lower edge of a ring is then at the crop's edge, as in inference.
    [[nodiscard]] at::Tensor crops(std::mt19937 dice, int64_t batch, int64_t size) const {
        at::Tensor out = at::zeros({batch, size, size, compositor::kLayerChannels});
        const auto cells = static_cast<unsigned>(size / kCell);
        for (int64_t b = 0; b < batch; b++) {
            const double u = total_ * (static_cast<double>(dice()) + 0.5) / 4294967296.0;
            const Block& block = blocks_[static_cast<size_t>(
                std::min<std::ptrdiff_t>(std::lower_bound(ends_.begin(), ends_.end(), u) - ends_.begin(),
                                         static_cast<std::ptrdiff_t>(ends_.size()) - 1))];
            const Picture& p = pictures_[block.picture];
            const int64_t h = p.pixels.size(0), w = p.pixels.size(1);
            int64_t top = (block.row - static_cast<int64_t>(dice() % cells)) * kCell,
                    left = (block.column - static_cast<int64_t>(dice() % cells)) * kCell;
            top = h <= size ? h - size : std::clamp<int64_t>(top, 0, h - size);
            if (!p.ring)
                left = w <= size ? -static_cast<int64_t>(dice() % static_cast<unsigned>((size - w) / kCell + 1)) * kCell
                                 : std::clamp<int64_t>(left, 0, w - size);
            const int64_t from = std::max<int64_t>(0, top), to = std::min(h, top + size);
            at::Tensor rows = out[b].slice(0, from - top, to - top);
            for (int64_t x = 0; x < size; x += kCell) {
                const int64_t at = p.ring ? ((left + x) % w + w) % w : left + x;
                if (at >= 0 && at < w)
                    rows.slice(1, x, x + kCell).copy_(p.pixels.slice(0, from, to).slice(1, at, at + kCell));
            }
        }
        return out;
    }

private:
    struct Picture {
        at::Tensor pixels;
        bool ring;
    };
    struct Block {
        size_t picture;
        int64_t row, column;
    };
    std::vector<Picture> pictures_;
    std::vector<Block> blocks_;
    std::vector<double> ends_;  // of each block's share of the total
    double total_ = 0;
};

struct Weights {
    double noise, edges;
};

at::Tensor steps_squared(const at::Tensor& e) {
    const at::Tensor gx = e.slice(2, 1) - e.slice(2, 0, -1), gy = e.slice(1, 1) - e.slice(1, 0, -1);
    return (gx * gx).mean() + (gy * gy).mean();
}

StepLoss layer_loss(const LayerAutoencoder& model, const at::Tensor& crops, std::mt19937 dice, at::Generator noise,
                    const Weights& weights) {
    const at::Tensor z = encode(model.encoder, crops);
    const at::Tensor stored = z.detach();
    const at::Tensor off =
        in_eight_bits(stored) - stored +
        weights.noise * at::empty_like(stored, at::MemoryFormat::Contiguous).normal_(0, 1, std::move(noise));
    const at::Tensor decoded = compositor::decode_layers(model.decoder, z + off);
    const auto level = [&] { return static_cast<double>(dice() % 1001) / 1000; };
    at::Tensor tint = at::empty({3});
    for (int64_t k = 0; k < 3; k++) tint[k] = level();
    tint = tint.to(crops.options());
    const double ground = level();
    const at::Tensor rim = at::tensor({0.99f, 0.98f, 0.96f}).to(crops.options());
    const at::Tensor error = decoded - crops;
    const at::Tensor seen = composite(decoded, ground, tint, rim) - composite(crops, ground, tint, rim);
    StepLoss loss;
    const at::Tensor mse = (seen * seen).mean();
    loss.total = mse + 0.5 * (error * error).mean() + 0.02 * error.abs().mean() +
                 weights.edges * (steps_squared(seen) + 0.5 * steps_squared(error)) + 1e-6 * (z * z).mean();
    loss.values = at::stack({mse.detach(), (error * error).mean().detach(), z.std().detach()});
    return loss;
}

}  // namespace

void train_layers(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 12000, defaults.warm = 100, defaults.decay_from = 0.5, defaults.average = 0.995;
    defaults.optimizer.muon_lr = defaults.optimizer.adam_lr = 2e-3;
    const LoopConfig config = loop_config(settings, "build/training/layers.safetensors", defaults);
    const int64_t batch = settings.integer("batch", 4), crop = settings.integer("crop", 128);
    TORCH_CHECK(crop % kCell == 0 && crop > 0, "crop: expected a multiple of ", kCell, ", got ", crop);
    const Weights weights{settings.number("noise", 0.02), settings.number("edge_weight", 0.5)};
    compositor::DecoderConfig shape;
    shape.channels = settings.integer("channels", 16);
    shape.widths = {settings.integer("width_eighth", 128), settings.integer("width_quarter", 64),
                    settings.integer("width_half", 32)};
    settings.done();

    const Pictures pictures(painted_layers(config.device.is_cpu() ? config.workers : 4));
    LayerAutoencoder model = make_layer_autoencoder(shape);
    const double places = static_cast<double>(crop * crop);
    const double forward = forward_flops(model, [&](const std::string& name) {
        const auto has = [&](const char* s) { return name.find(s) != std::string::npos; };
        return places / (has("stages.2") || has("decoder.out")                                   ? 4
                         : has("quarter") || has("stages.1") || has("encoder.in") || has("up.1") ? 16
                                                                                                 : 64);
    });
    const double samples = static_cast<double>(config.workers * batch);
    train(model, config, {"seen", "channels", "latents"}, "crops", samples, 3 * forward * samples,
          [&](const LayerAutoencoder& m, const Step& step) {
              const at::ScalarType dtype = m.decoder.in.weight.scalar_type();
              const at::Tensor crops = pictures.crops(step_dice(step.seed), batch, crop).to(config.device, dtype);
              return layer_loss(m, crops, step_dice(step.seed + 1), step_noise(config.device, step.seed), weights);
          });
}

}  // namespace zt::training
