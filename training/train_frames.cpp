// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train frames: the image autoencoder of the diffusion transformer, trained on single frames of rendered clips. The
// networks of layer_autoencoder.h with three channels.
#include "clips.h"
#include "flops.h"
#include "layer_autoencoder.h"
#include "stages.h"
#include "train_loop.h"

namespace zt::training {

void train_frames(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 20000, defaults.warm = 100, defaults.average = 0.995;
    defaults.optimizer.muon_lr = defaults.optimizer.adam_lr = 2e-3;
    const LoopConfig config = loop_config(settings, "build/training/frames.safetensors", defaults);
    ClipShape shape;
    const std::string folder = settings.text("model", kCompositorModel);
    shape.width = static_cast<int>(settings.integer("width", shape.width)),
    shape.height = static_cast<int>(settings.integer("height", shape.height));
    shape.frames = static_cast<int>(settings.integer("frames", 4)),
    shape.rate = 2;  // frames per second: neighbours at 24 would be nearly equal
    const int64_t batch = settings.integer("batch", 2), only = settings.integer("only", 0);
    const int renderers = static_cast<int>(settings.integer("renderers", config.device.is_cpu() ? 0 : 15));
    compositor::DecoderConfig decoder;
    decoder.channels = settings.integer("channels", 16);
    decoder.widths = {settings.integer("width_eighth", 128), settings.integer("width_quarter", 64),
                      settings.integer("width_half", 32)};
    settings.done();
    const ClipSource source(folder, shape);
    ClipQueue queue(source, config.seed, config.workers, batch, renderers, only);
    LayerAutoencoder model = make_layer_autoencoder(decoder, 3);
    const double places = static_cast<double>(shape.width) * shape.height;
    const double forward = forward_flops(model, [&](const std::string& name) {
        const auto has = [&](const char* s) { return name.find(s) != std::string::npos; };
        return places / (has("stages.2") || has("decoder.out")                                   ? 4
                         : has("quarter") || has("stages.1") || has("encoder.in") || has("up.1") ? 16
                                                                                                 : 64);
    });
    const double samples = static_cast<double>(config.workers * batch * shape.frames);
    train(model, config, {"squared", "latents"}, "frames", samples, 3 * forward * samples,
          [&](const LayerAutoencoder& m, const Step& step) {
              std::vector<at::Tensor> pixels;
              for (const Clip& clip : queue.take(step.number, step.worker)) pixels.push_back(clip.pixels);
              const at::Tensor x =
                  at::cat(pixels, 0).to(config.device).to(at::kFloat).div(255).to(m.decoder.in.weight.scalar_type());
              const at::Tensor z = encode(m.encoder, x);
              const at::Tensor noise =
                  at::empty_like(z, at::MemoryFormat::Contiguous).normal_(0, 1, step_noise(config.device, step.seed));
              const at::Tensor error =
                  compositor::decode_layers(m.decoder, z + 0.05 * noise) - x;  // what is drawn later is never exact
              const at::Tensor across = error.slice(2, 1) - error.slice(2, 0, -1),
                               down = error.slice(1, 1) - error.slice(1, 0, -1);
              const at::Tensor squared = error.square().mean();
              StepLoss loss;
              loss.total = squared + 0.05 * error.abs().mean() + 0.5 * (across.square().mean() + down.square().mean()) +
                           1e-4 * z.square().mean();
              loss.values = at::stack({squared.detach(), z.std().detach()}).to(at::kFloat);
              return loss;
          });
}

}  // namespace zt::training
