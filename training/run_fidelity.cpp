// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train fidelity: how much the autoencoder costs in finished clips. Compares clips of a model with the same clips
// composited from the painted layers: PSNR by style and camera, and whether motion jumps every four frames.
#include <cmath>
#include <cstdio>
#include <map>

#include "layer_set.h"
#include "parallel.h"
#include "stages.h"
#include "trained_families.h"

namespace zt::training {
namespace {

using namespace compositor;

class PaintedLayers final : public LayerSource {
public:
    PaintedLayers(const World& world, Tensors painted) : world_(world), painted_(std::move(painted)) {}
    std::vector<LayerPtr> sprite(const std::string& name, int style, const std::string& cells) override {
        const SpriteInfo& info = world_.sprites.find(name)->second;
        const at::Tensor& all = painted_.at("sprites." + name + "." + world_.styles[static_cast<size_t>(style)].name);
        std::vector<LayerPtr> layers;
        int64_t first = 0;
        for (const auto& [cell, count] : info.cells) {
            for (int64_t i = 0; cell == cells && i < count; i++)
                layers.push_back(make_layer(all[first + i], info.left, info.top));
            first += count;
        }
        return layers;
    }
    LayerPtr ring(const std::string& name, int style) override {
        const RingInfo& info = world_.rings.find(name)->second;
        const auto layer = make_layer(
            painted_.at("rings." + name + "." + world_.styles[static_cast<size_t>(style)].name), 0, info.top);
        layer->ring = true, layer->reaches_down = info.bottom >= world_.height;
        return layer;
    }

private:
    const World& world_;
    const Tensors painted_;
};

struct Sums {
    double squares = 0, count = 0;  // of differences between made and painted
    double inside[2] = {},
           across[2] = {};  // steps from frame to frame, within four frames and between them; made, painted
    int64_t within = 0, between = 0;
};

double squares(const Canvas& a, const Canvas& b) {
    double sum = 0;
    for (size_t i = 0; i < a.pixels.size(); i++) {
        const double d = std::clamp(a.pixels[i], 0.F, 1.F) - std::clamp(b.pixels[i], 0.F, 1.F);
        sum += d * d;
    }
    return sum / (0.75 * static_cast<double>(a.pixels.size()));  // one value in four is unused
}

}  // namespace

void run_fidelity(Settings& settings) {
    const std::string model = settings.text("model", kCompositorModel);
    const int64_t clips = settings.integer("clips", 6), frames = settings.integer("frames", 25);
    const int workers = static_cast<int>(settings.integer("workers", 2));
    settings.done();
    const auto w = load_weights(model, at::kFloat);
    PaintedLayers painted(w->world, painted_layers(workers));
    for (size_t style = 0; style < w->world.styles.size(); style++)
        for (const char* camera : {"static", "follow", "zoom", "shake"}) {
            Sums s;
            for (int64_t seed = 0; seed < clips; seed++) {
                Play play = understand(*w, std::string(camera) + " camera", seed, nullptr,
                                       [](zt_log_level, const std::string&) {})
                                .play;
                play.style = static_cast<int>(style);
                for (size_t c = 0; c < w->world.cameras.size(); c++)
                    if (w->world.cameras[c].name == camera) play.camera = static_cast<int>(c);
                const Stage made(w->world, play, *w->layers, nullptr, false, [] {}),
                    real(w->world, play, painted, nullptr, false, [] {});
                const int width = static_cast<int>(w->world.width * kScale),
                          height = static_cast<int>(w->world.height * kScale);
                Canvas now[2] = {{width, height}, {width, height}}, before[2] = {{width, height}, {width, height}};
                for (int64_t i = 0; i < frames; i++) {
                    made.draw(now[0], static_cast<double>(i) / 24), real.draw(now[1], static_cast<double>(i) / 24);
                    s.squares += squares(now[0], now[1]), s.count++;
                    for (int k = 0; k < 2 && i > 0; k++)
                        (i % 4 == 0 ? s.across : s.inside)[k] += std::sqrt(squares(now[k], before[k]));
                    if (i > 0) (i % 4 == 0 ? s.between : s.within)++;
                    std::swap(now[0], before[0]), std::swap(now[1], before[1]);
                }
            }
            const auto border = [&](int k) {
                return s.across[k] / static_cast<double>(s.between) / (s.inside[k] / static_cast<double>(s.within));
            };
            std::printf(
                "%-8s %-7s %5.1f dB; a step between groups of four frames is %.3f of one inside, of painted clips "
                "%.3f\n",
                w->world.styles[style].name.c_str(), camera, -10 * std::log10(s.squares / s.count), border(0),
                border(1));
            std::fflush(stdout);
        }
}

}  // namespace zt::training
