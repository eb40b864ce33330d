// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stage 3: from checkpoints to a model folder: bf16 weights, config.json, manifest.json.
#include <filesystem>

#include "checkpoint.h"
#include "families/storybook/model_files.h"
#include "stages.h"
#include "world/captions.h"

namespace zt::training {
namespace {

// Only the tensors the engine's struct has; bf16 except the latent statistics.
template <class Model>
Tensors shipped(Model& model, const Tensors& trained) {
    Tensors out;
    model.visit([&](const std::string& name, at::Tensor&) {
        const at::Tensor& t = trained.at(name);
        out[name] = name.starts_with("latent_") ? t : t.to(at::kBFloat16);
    });
    return out;
}

}  // namespace

void export_model(Settings& settings) {
    const std::string vae_path = settings.text("vae", "build/training/vae.safetensors");
    const std::string denoiser_path = settings.text("denoiser", "build/training/denoiser.safetensors");
    const std::string out = settings.text("out", "models/storybook"), card = settings.text("card", "README.md");
    storybook::ModelFiles files;
    files.denoiser.width = settings.integer("width", files.denoiser.width);
    files.denoiser.layers = settings.integer("layers", files.denoiser.layers);
    settings.done();
    files.words = text::WordTokenizer(world::vocabulary());
    files.denoiser.channels = files.vae.channels;
    files.denoiser.text.vocabulary = static_cast<int64_t>(files.words.words().size());
    storybook::Vae vae = storybook::make_vae(files.vae);
    storybook::Denoiser net = storybook::make_denoiser(files.denoiser);
    const Tensors vae_weights = load_tensors(vae_path), net_weights = load_tensors(denoiser_path);
    TORCH_CHECK(!vae_weights.empty() && !net_weights.empty(), "expected ", vae_path, " and ", denoiser_path);
    std::filesystem::create_directories(out);
    save_tensors(out + "/vae.safetensors", shipped(vae, vae_weights), {});
    save_tensors(out + "/denoiser.safetensors", shipped(net, net_weights), {});
    storybook::write_model_files(out, files, card);
}

}  // namespace zt::training
