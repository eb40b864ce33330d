// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train pictures-judge: evaluates the picture network on labelled sets (IoU, F, MAE of masks; IoU of sky, water and
// foliage). zt-train pictures-export: writes the network into a model folder.
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

#include "core/file.h"
#include "core/json.h"
#include "picture_data.h"
#include "picture_network.h"
#include "stages.h"
#include "trained_families.h"
#include "weights/manifest.h"

namespace zt::training {
namespace {

constexpr int kVersion = 1;  // of config.json's form

struct Sums {
    double count = 0, iou = 0, hits = 0, f = 0, error = 0, confidence = 0;  // of pictures with a subject
    double empty = 0, marked = 0, empty_confidence = 0;                     // of those without
};

constexpr std::array<const char*, 3> kNames{"sky", "water", "foliage"};

// Places of all pictures of a set whose kinds are known.
struct KindSums {
    std::array<double, 3> both{}, wanted{}, got{};
    void add(const at::Tensor& places, const at::Tensor& kinds) {  // [h, w, kChannels], [h, w]
        const at::Tensor known = kinds.ne(255);
        for (int64_t k = 0; k < 3; k++) {
            const at::Tensor a = places.select(-1, animator::kSky + k).gt(0.5) & known, b = kinds.eq(k + 1);
            const auto i = static_cast<size_t>(k);
            both[i] += (a & b).sum().item<double>(), wanted[i] += b.sum().item<double>(),
                got[i] += a.sum().item<double>();
        }
    }
};

// Of one picture: mask and truth fp32 [h, w].
void add(Sums& s, const at::Tensor& mask, const at::Tensor& truth, double confidence) {
    const at::Tensor a = mask.gt(0.5), b = truth.gt(0.5);
    const double wanted = b.sum().item<double>(), got = a.sum().item<double>(), both = (a & b).sum().item<double>();
    if (wanted < 0.005 * static_cast<double>(truth.numel())) {
        s.empty++, s.marked += a.to(at::kFloat).mean().item<double>(), s.empty_confidence += confidence;
        return;
    }
    const double iou = both / (wanted + got - both), precision = both / std::max(1.0, got), recall = both / wanted;
    s.count++, s.iou += iou, s.hits += iou > 0.5, s.confidence += confidence;
    s.f += precision + recall > 0 ? 1.3 * precision * recall / (0.3 * precision + recall) : 0;
    s.error += (mask - truth).abs().mean().item<double>();
}

// [n, h, w, c] at another size, smoothed where it shrinks.
at::Tensor sized(const at::Tensor& x, int64_t size) {
    if (x.size(1) == size && x.size(2) == size) return x;
    return at::_upsample_bilinear2d_aa(x.permute({0, 3, 1, 2}).contiguous(), {size, size}, false)
        .permute({0, 2, 3, 1})
        .contiguous();
}

animator::OutlineNetwork trained_outline(const std::string& path) {
    const Tensors tensors = load_tensors(path);
    TORCH_CHECK(!tensors.empty(), "outline: expected a file, got ", path);
    animator::OutlineNetwork network = animator::make_outline_network();
    assign(network, tensors);
    nn::prepare(network);
    return network;
}

json::Value numbers(const std::vector<int64_t>& list) {
    json::Value::Array array;
    for (const int64_t v : list) array.push_back({static_cast<uint64_t>(v)});
    return {array};
}

// A set that was judged: by the network's masks, by the outline network's, and by the mean of the two.
struct Judged {
    std::array<Sums, 3> sums;
    KindSums kinds;
    int64_t count = 0;
    double seconds = 0, outline_seconds = 0;
    std::vector<at::Tensor> places, confidences, outlines, expecteds;  // of each picture
    [[nodiscard]] Tensors seen() const {
        Tensors all{{"places", at::cat(places)}, {"confidence", at::cat(confidences)}};
        if (!outlines.empty()) all["outline"] = at::cat(outlines), all["expected"] = at::cat(expecteds);
        return all;
    }
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Judged judge(const PictureData& pictures, const animator::Network& network, int64_t size,
             const std::optional<animator::OutlineNetwork>& outliner, int64_t outline_size) {
    const int64_t half = pictures.size() / 2;
    Judged j;
    j.count = pictures.count();
    for (int64_t i = 0; i < pictures.count(); i++) {
        const PictureBatch b = pictures.at(i, 1);
        const auto begin = std::chrono::steady_clock::now();
        const animator::Seen seen = animator::see(network, sized(b.pictures, size));
        j.seconds += seconds_since(begin);
        const double confidence = seen.confidence[0].item<double>();
        const at::Tensor at_half = sized(seen.places, half)[0], mask = at_half.select(-1, animator::kSubject);
        j.kinds.add(at_half, b.kinds[0]);
        add(j.sums[0], mask, b.subject[0], confidence);
        j.places.push_back(seen.places), j.confidences.push_back(seen.confidence);
        if (!outliner) continue;
        const auto outline_begin = std::chrono::steady_clock::now();
        const auto [outline, expected] = animator::outline(*outliner, sized(b.pictures, outline_size));
        j.outline_seconds += seconds_since(outline_begin);
        const double trust = expected[0].item<double>();
        j.outlines.push_back(outline), j.expecteds.push_back(expected);
        const at::Tensor other = sized(outline.unsqueeze(-1), half)[0].select(-1, 0);
        add(j.sums[1], other, b.subject[0], trust);
        add(j.sums[2], (mask + other) / 2, b.subject[0], trust);
    }
    return j;
}

void print(const std::string& set, const Judged& j, bool with_outline) {
    for (size_t k = 0; k < (with_outline ? 3 : 1); k++) {
        const Sums& s = j.sums[k];
        const double n = std::max(1.0, s.count), e = std::max(1.0, s.empty);
        std::printf("%-14s %-8s %8.0f %6.3f %5.0f%% %6.3f %6.3f %10.3f %6.0f %7.3f %10.3f\n", set.c_str(),
                    std::array{"network", "outline", "mean"}[k], s.count, s.iou / n, 100 * s.hits / n, s.f / n,
                    s.error / n, s.confidence / n, s.empty, s.marked / e, s.empty_confidence / e);
    }
    for (size_t k = 0; k < kNames.size(); k++)
        if (j.kinds.wanted[k] > 0)
            std::printf("%-14s %-8s IoU %.3f, precision %.3f, recall %.3f\n", set.c_str(), kNames[k],
                        j.kinds.both[k] / (j.kinds.wanted[k] + j.kinds.got[k] - j.kinds.both[k]),
                        j.kinds.both[k] / std::max(1.0, j.kinds.got[k]), j.kinds.both[k] / j.kinds.wanted[k]);
    const auto count = static_cast<double>(j.count);
    std::printf("%-14s network %.1f ms, outline %.1f ms a picture\n", set.c_str(), 1000 * j.seconds / count,
                1000 * j.outline_seconds / count);
}

}  // namespace

// Each folder of `data` is a set. Three masks are judged: the network's own, the outline network's if there is one, and
// the mean of the two. With `out`, what was seen goes to OUT/SET.safetensors: "places", "confidence", "outline",
// "expected".
void judge_pictures(Settings& settings) {
    const std::string from = settings.text("network", "build/training/pictures.safetensors"),
                      data = settings.text("data", "build/training/judged");
    const std::string outline_from = settings.text("outline", ""), out = settings.text("out", "");
    const int64_t heads = settings.integer("heads", 4), size = settings.integer("size", 160),
                  outline_size = settings.integer("outline_size", 224);
    settings.done();
    const at::NoGradGuard no_grad;
    const animator::Network network = trained_network(from, heads);
    std::optional<animator::OutlineNetwork> outliner;
    if (!outline_from.empty()) outliner = trained_outline(outline_from);
    std::vector<std::string> sets;
    TORCH_CHECK(std::filesystem::is_directory(data), "data: expected a folder of sets, got ", data);
    for (const auto& entry : std::filesystem::directory_iterator(data))
        if (entry.is_directory()) sets.push_back(entry.path().filename());
    std::sort(sets.begin(), sets.end());
    std::printf("%-14s %-8s %8s %6s %6s %6s %6s %10s %6s %7s %10s\n", "set", "mask", "pictures", "IoU", ">0.5", "F",
                "MAE", "confidence", "empty", "marked", "confidence");
    for (const std::string& set : sets) {
        const Judged judged = judge(PictureData(data + "/" + set), network, size, outliner, outline_size);
        print(set, judged, outliner.has_value());
        if (out.empty()) continue;
        std::filesystem::create_directories(out);
        save_tensors(out + "/" + set + ".safetensors", judged.seen(), {});
    }
}

void export_pictures(Settings& settings) {
    const std::string from = settings.text("network", "build/training/pictures.safetensors"),
                      out = settings.text("out", kAnimatorModel);
    const std::string outline = settings.text("outline", ""),
                      licence = settings.text("licence", "training/pictures/LICENSE.outline"),
                      card = settings.text("card", "README.md");
    const int64_t heads = settings.integer("heads", 4), size = settings.integer("size", 160),
                  outline_size = settings.integer("outline_size", 224);
    settings.done();
    animator::Network network = trained_network(from, heads);
    Tensors shipped;
    network.visit([&](const std::string& name, at::Tensor& t) { shipped[name] = t.to(at::kBFloat16); });
    const animator::NetworkConfig& shape = network.config;
    std::filesystem::create_directories(out);
    save_tensors(out + "/network.safetensors", shipped, {});
    json::Value::Object config{{"family", {std::string(kAnimatorName)}},
                               {"version", {static_cast<uint64_t>(kVersion)}},
                               {"network",
                                {json::Value::Object{{"size", {static_cast<uint64_t>(size)}},
                                                     {"widths", numbers(shape.widths)},
                                                     {"blocks", numbers(shape.blocks)},
                                                     {"heads", {static_cast<uint64_t>(shape.heads)}}}}}};
    std::vector<std::string> files{"config.json", "network.safetensors"};
    if (!outline.empty()) {
        (void)trained_outline(outline);  // refuses a file of another kind
        std::filesystem::copy_file(outline, out + "/outline.safetensors",
                                   std::filesystem::copy_options::overwrite_existing);
        config.push_back({"outline", {json::Value::Object{{"size", {static_cast<uint64_t>(outline_size)}}}}});
        files.emplace_back("outline.safetensors");
        std::filesystem::copy_file(licence, out + "/LICENSE.outline",
                                   std::filesystem::copy_options::overwrite_existing);  // those weights are not ours
    }
    AtomicFile file(out + "/config.json");
    file.write(json::to_text(json::Value(config)) + "\n");
    file.commit();
    weights::write_manifest(out, files,
                            {json::Value::Object{{"family", {std::string(kAnimatorName)}}, {"card", {card}}}});
    std::printf("%s: %.1f MB\n", out.c_str(),
                static_cast<double>(std::filesystem::file_size(out + "/network.safetensors")) / 1e6);
}

}  // namespace zt::training
