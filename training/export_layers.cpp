// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train export: from a trained autoencoder to a storybook model folder. Encodes every painted layer, and writes
// latents, decoder, boxes of the layers and the hand-written files (world.json, lexicon.json). Prints the
// reconstruction error (PSNR) of each layer and group.
#include <atomic>
#include <cmath>
#include <filesystem>

#include "core/file.h"
#include "layer_autoencoder.h"
#include "layer_set.h"
#include "parallel.h"
#include "stages.h"
#include "trained_families.h"
#include "weights/manifest.h"
#include "world/layers.h"

namespace zt::training {
namespace {

constexpr int kVersion = 11;           // of config.json's form
constexpr double kEightBitCost = 0.3;  // dB of PSNR that fp8 latents may cost against bf16 ones

at::Tensor around(const at::Tensor& ring, int64_t columns) {  // [n, h, w, c], wide enough
    return at::cat({ring.slice(2, ring.size(2) - columns), ring, ring.slice(2, 0, columns)}, 2);
}

// Squared error of layers composited over mid grey with a red tint: over all pixels, and over those that are not empty.
struct Quality {
    double squared = 0, count = 0, painted_squared = 0, painted_count = 0;
    void add(const Quality& q) {
        squared += q.squared, count += q.count, painted_squared += q.painted_squared, painted_count += q.painted_count;
    }
    [[nodiscard]] static double db(double sum, double n) {
        return n > 0 ? -10 * std::log10(std::max(sum / n, 1e-12)) : 0;
    }
    [[nodiscard]] double whole() const { return db(squared, count); }
    [[nodiscard]] double painted() const { return db(painted_squared, painted_count); }
};

Quality compare(const at::Tensor& decoded, const at::Tensor& painted) {
    const at::Tensor tint = at::tensor({0.84f, 0.14f, 0.15f}), rim = at::tensor({0.99f, 0.98f, 0.96f});
    const at::Tensor error =
        (composite(decoded, 0.5, tint, rim).clamp(0, 1) - composite(painted, 0.5, tint, rim).clamp(0, 1))
            .square()
            .mean(-1);
    const at::Tensor there = (painted.select(-1, 5) + painted.select(-1, 6)).gt(0).to(at::kFloat);
    return {error.sum().item<double>(), static_cast<double>(error.numel()), (error * there).sum().item<double>(),
            there.sum().item<double>()};
}

struct Kept {
    at::Tensor latents;  // fp8, or bf16 where that costs too much
    Quality quality;
};

Kept keep(const LayerAutoencoder& model, const at::Tensor& painted, bool ring) {
    const at::Tensor pictures = ring ? painted.unsqueeze(0) : painted;
    std::vector<at::Tensor> parts;
    for (int64_t i = 0; i < pictures.size(0); i++) {  // one at a time: a few cells need no more memory than one
        const at::Tensor p = pictures.slice(0, i, i + 1);
        constexpr int64_t seen = 8;  // latents that the encoder looks to each side
        parts.push_back(ring ? encode(model.encoder, around(p, 8 * seen)).slice(2, seen, seen + p.size(2) / 8)
                             : encode(model.encoder, p));
    }
    const at::Tensor z = at::cat(parts, 0);
    const auto quality_of = [&](const at::Tensor& stored) {
        Quality sum;
        for (int64_t i = 0; i < stored.size(0); i++) {
            const at::Tensor one = stored.slice(0, i, i + 1);
            at::Tensor layers = compositor::forward(model.decoder, ring ? around(one, compositor::kRingAround) : one);
            if (ring)
                layers = layers.slice(2, 8 * compositor::kRingAround, 8 * (compositor::kRingAround + one.size(2)));
            sum.add(compare(layers, pictures.slice(0, i, i + 1)));
        }
        return sum;
    };
    const at::Tensor eight = z.clamp(-448, 448).to(at::kFloat8_e4m3fn), sixteen = z.to(at::kBFloat16);
    const Quality in_eight = quality_of(eight), in_sixteen = quality_of(sixteen);
    const bool enough = in_eight.painted() > in_sixteen.painted() - kEightBitCost;
    const at::Tensor& stored = enough ? eight : sixteen;
    return {ring ? stored[0] : stored, enough ? in_eight : in_sixteen};
}

json::Value numbers(const std::vector<int64_t>& list) {
    json::Value::Array array;
    for (const int64_t v : list) array.push_back({static_cast<uint64_t>(v)});
    return {array};
}

void write_text(const std::string& path, const json::Value& value) {
    AtomicFile file(path);
    file.write(json::to_text(value) + "\n");
    file.commit();
}

struct Summary {
    size_t count = 0, sixteen = 0;  // layers; how many of them are stored in bf16
};

// Adds the latents of all painted layers to `shipped`; prints the reconstruction error of each layer and group.
Summary keep_all(const LayerAutoencoder& model, const Tensors& painted, int workers, Tensors& shipped) {
    std::vector<std::string> names;
    for (const auto& [name, t] : painted) names.push_back(name);
    std::vector<Kept> kept(names.size());
    std::atomic<size_t> next{0};
    on_workers(workers, [&](int) {
        const at::NoGradGuard none;
        for (size_t i = next++; i < names.size(); i = next++)
            kept[i] = keep(model, painted.at(names[i]), names[i].starts_with("rings."));
    });
    std::map<std::string, Quality> groups;
    size_t sixteen = 0;
    for (size_t i = 0; i < names.size(); i++) {
        shipped[names[i]] = kept[i].latents;
        sixteen += kept[i].latents.scalar_type() == at::kBFloat16;
        const std::string style = names[i].substr(names[i].rfind('.') + 1);
        const char* kind = names[i].starts_with("rings.")      ? "rings"
                           : painted.at(names[i]).size(0) == 1 ? "props"
                                                               : "subjects";
        groups[std::string(kind) + " " + style].add(kept[i].quality);
        std::printf("  %-32s %.1f dB, painted parts %.1f dB\n", names[i].c_str(), kept[i].quality.whole(),
                    kept[i].quality.painted());
    }
    for (const auto& [name, q] : groups)
        std::printf("%-16s %.1f dB, painted parts %.1f dB\n", name.c_str(), q.whole(), q.painted());
    return {names.size(), sixteen};
}

json::Value config_of(const compositor::DecoderConfig& shape, const std::string& world) {
    json::Value::Object config{{"family", {std::string(kCompositorName)}},
                               {"version", {static_cast<uint64_t>(kVersion)}},
                               {"layers",
                                {json::Value::Object{{"scale", {static_cast<uint64_t>(world::kScale)}},
                                                     {"channels", {static_cast<uint64_t>(shape.channels)}},
                                                     {"decoder", numbers(shape.widths)},
                                                     {"blocks", numbers(shape.blocks)}}}}};
    for (auto& member : layer_places()) config.push_back(std::move(member));
    config.emplace_back("world",
                        json::parse_value(read_whole_file(world, json::Limits{}.bytes), {}, json::Origin{world}));
    return {config};
}

}  // namespace

void export_layers(Settings& settings) {
    const std::string from = settings.text("layers", "build/training/layers.safetensors"),
                      out = settings.text("out", kCompositorModel);
    const std::string world = settings.text("world", "training/world/world.json"),
                      lexicon = settings.text("lexicon", "training/world/lexicon.json");
    const std::string card = settings.text("card", "README.md");
    const int workers = static_cast<int>(settings.integer("workers", 2));
    settings.done();
    const at::NoGradGuard no_grad;
    const Tensors trained = load_tensors(from);
    TORCH_CHECK(!trained.empty(), "layers: expected a file, got ", from);
    LayerAutoencoder model = make_layer_autoencoder(decoder_config_of(trained));
    assign(model, trained);
    // What ships is what is measured: the decoder as its stored weights are.
    Tensors shipped;
    model.decoder.visit([&](const std::string& name, at::Tensor& t) {
        shipped[name] = t.to(at::kBFloat16);
        t = shipped[name].to(at::kFloat);
    });
    const compositor::DecoderConfig shape = model.decoder.config;
    nn::prepare(model);

    const Summary kept = keep_all(model, painted_layers(workers), workers, shipped);
    std::filesystem::create_directories(out);
    save_tensors(out + "/layers.safetensors", shipped, {});
    write_text(out + "/config.json", config_of(shape, world));
    std::filesystem::copy_file(lexicon, out + "/lexicon.json", std::filesystem::copy_options::overwrite_existing);
    weights::write_manifest(out, {"config.json", "layers.safetensors", "lexicon.json"},
                            {json::Value::Object{{"family", {std::string(kCompositorName)}}, {"card", {card}}}});
    std::printf("%s: %zu layers, %zu of them in sixteen bits; %.1f MB\n", out.c_str(), kept.count, kept.sixteen,
                static_cast<double>(std::filesystem::file_size(out + "/layers.safetensors")) / 1e6);
}

}  // namespace zt::training
