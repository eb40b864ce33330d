// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From checkpoints to a model folder (weights, config.json, manifest.json), and back: a shipped
// model is what a run can go on from when its checkpoints are gone.
#include <filesystem>

#include "checkpoint.h"
#include "families/storybook/model_files.h"
#include "scope.h"
#include "stages.h"
#include "world/captions.h"

namespace zt::training {
namespace {

// Only the tensors the engine's struct has; bf16 except the latent statistics, and the pictures: a byte each, whose error, a
// thousandth of their variance, is far below theirs.
template <class Model>
Tensors shipped(Model& model, const Tensors& trained) {
    Tensors out;
    model.visit([&](const std::string& name, at::Tensor&) {
        const at::Tensor& t = trained.at(name);
        const bool picture = t.dim() >= 2 && name.starts_with("stage.") && (name.find(".sheet.") != std::string::npos || name.ends_with(".codes.embedding"));
        out[name] = name.starts_with("latent_") ? t : picture ? t.clamp(-448, 448).to(at::kFloat8_e4m3fn) : t.to(at::kBFloat16);
    });
    return out;
}

}  // namespace

void export_model(Settings& settings) {
    const std::string vae_path = settings.text("vae", "build/training/vae.safetensors");
    const std::string denoiser_path = settings.text("denoiser", "build/training/denoiser.safetensors");
    const std::string out = settings.text("out", "models/storybook"), card = settings.text("card", "README.md");
    const world::Scope& scope = scope_setting(settings);
    settings.done();
    const Tensors vae_weights = load_tensors(vae_path);
    Tensors net_weights = load_tensors(denoiser_path);
    TORCH_CHECK(!vae_weights.empty() && !net_weights.empty(), "expected ", vae_path, " and ", denoiser_path);
    // What was chosen at training shows in the shapes.
    storybook::ModelFiles files;
    files.vae.channels = files.denoiser.channels = vae_weights.at("latent_mean").size(0);
    files.denoiser.width = net_weights.at("patch_in.weight").size(0);
    const auto size = [&](const char* name, int64_t dim) { return net_weights.at(name).size(dim); };
    storybook::PlanConfig& plan = files.denoiser.plan;
    plan.scenes = size("stage.scenes.codes.embedding", 0), plan.codes = size("stage.scenes.sheet.0.weight", 1), plan.lens_codes = size("stage.scenes.sheet.lens.weight", 1);
    plan.puppets = {size("stage.puppets.codes.embedding", 0), size("stage.puppets.looks.gain.table", 0), size("stage.puppets.codes.embedding", 3), size("stage.puppets.shade.hidden.weight", 0)};
    plan.mend = size("plan.mend.in.weight", 0), plan.mend_blocks = 0;
    while (net_weights.contains("plan.mend." + std::to_string(plan.mend_blocks) + ".conv1.weight")) plan.mend_blocks++;
    files.denoiser.text.max_tokens = net_weights.at("text.position").size(0) - 1;
    files.denoiser.layers = 0;
    while (net_weights.contains("layers." + std::to_string(files.denoiser.layers) + ".time.weight")) files.denoiser.layers++;
    files.denoiser.pictures = true;   // every training run shows them (train_denoiser.cpp)
    files.words = text::WordTokenizer(world::vocabulary(scope));
    files.denoiser.text.vocabulary = static_cast<int64_t>(files.words.words().size());
    // Words of what was never seen have no meaning: they go, so that the engine can name them as unknown.
    const text::WordTokenizer trained(world::vocabulary());
    std::vector<int64_t> rows{0};   // padding
    for (const std::string& word : files.words.words()) rows.push_back(trained.id_of(word));
    at::Tensor& embedding = net_weights.at("text.embedding");
    embedding = embedding.index_select(0, at::tensor(rows));
    files.known = world::known(scope);
    files.least_edges = 70;   // its own pictures keep 92, after strong compression 78, desktop backgrounds up to 74 (models/storybook/README.md)
    storybook::Vae vae = storybook::make_vae(files.vae);
    storybook::Denoiser net = storybook::make_denoiser(files.denoiser);
    std::filesystem::create_directories(out);
    save_tensors(out + "/vae.safetensors", shipped(vae, vae_weights), {});
    save_tensors(out + "/denoiser.safetensors", shipped(net, net_weights), {});
    storybook::write_model_files(out, files, card);
}

void unpack_model(Settings& settings) {
    const std::string folder = settings.text("model", "models/storybook"), run = settings.text("out", "build/training");
    settings.done();
    storybook::Weights shipped = storybook::load_weights(folder, at::kFloat);
    // Every word of the whole world has a row in training; those the model does not know begin at zero.
    const text::WordTokenizer all(world::vocabulary());
    Tensors net = tensors_of(shipped.denoiser);
    at::Tensor& rows = net.at("text.embedding");
    const at::Tensor known = rows;
    rows = at::zeros({static_cast<int64_t>(all.words().size()) + 1, known.size(1)});
    rows[0] = known[0];
    for (const std::string& word : shipped.words.words())
        if (const int64_t to = all.id_of(word); to != 0) rows[to] = known[shipped.words.id_of(word)];
    save_tensors(run + "/vae.safetensors", tensors_of(shipped.vae), {});
    save_tensors(run + "/denoiser.safetensors.start", net, {});
    std::printf("%s: %zu words of %zu; train the denoiser with vae=%s/vae.safetensors out=%s/denoiser.safetensors\n", folder.c_str(), shipped.words.words().size(),
                all.words().size(), run.c_str(), run.c_str());
}

}  // namespace zt::training
