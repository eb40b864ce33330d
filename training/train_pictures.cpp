// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train pictures: the network of tableau that analyses a picture: mask of the salient subject, relative
// depth, masks of sky, water and foliage, and a confidence of the first.
//
// Losses: cross-entropy and soft IoU for the subject's mask; L1 for depth; cross-entropy for the other
// masks. The target of the confidence is the IoU that the mask of this step reaches (0 where there is
// no subject). The same losses on an output at 1/8 of the size are added, so that deep layers get
// gradients early (deep supervision).
#include "flops.h"
#include "picture_data.h"
#include "picture_network.h"
#include "stages.h"
#include "train_loop.h"
#include "trained_families.h"

namespace zt::training {
namespace {

constexpr int64_t kKinds = 3;         // sky, water, foliage
constexpr double kSomething = 0.005;  // a mask that covers less of the picture counts as no subject

// Binary cross-entropy with logits, mean over the pixels where `known` is 1.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target, const at::Tensor& known) {
    const at::Tensor each = at::clamp_min(logits, 0) - logits * target + at::log1p(at::exp(-logits.abs()));
    return (each * known).sum() / known.sum().clamp_min(1);
}

struct Losses {
    at::Tensor mask, overlap, depth, kinds;
    [[nodiscard]] at::Tensor sum() const { return mask + overlap + 0.7 * depth + 0.7 * kinds; }
};

// logits: fp32 [n, h, w, kChannels]; the targets are of the same size.
Losses losses_of(const at::Tensor& logits, const PictureBatch& b) {
    const auto channel = [&](int64_t c) { return logits.select(-1, c); };
    Losses l;
    l.mask = cross_entropy(channel(animator::kSubject), b.subject, at::ones_like(b.subject));
    const at::Tensor mask = at::sigmoid(channel(animator::kSubject)),
                     there = b.subject.mean(at::IntArrayRef{1, 2}).gt(kSomething).to(at::kFloat);
    const at::Tensor both = (mask * b.subject).sum(at::IntArrayRef{1, 2}),
                     either = (mask + b.subject - mask * b.subject).sum(at::IntArrayRef{1, 2});
    l.overlap = ((1 - (both + 1) / (either + 1)) * there).sum() / there.sum().clamp_min(1);
    const at::Tensor known = b.depth.isfinite().to(at::kFloat);
    l.depth = ((at::sigmoid(channel(animator::kDepth)) - b.depth.nan_to_num(0.0)).abs() * known).sum() /
              known.sum().clamp_min(1);
    const at::Tensor named = b.kinds.ne(255).to(at::kFloat).unsqueeze(-1).expand({-1, -1, -1, kKinds});
    const at::Tensor kind = at::stack({b.kinds.eq(1), b.kinds.eq(2), b.kinds.eq(3)}, -1).to(at::kFloat);
    l.kinds = cross_entropy(logits.slice(-1, animator::kSky, animator::kSky + kKinds), kind, named);
    return l;
}

// The same targets at 1/4 of their size.
PictureBatch coarser(const PictureBatch& b) {
    const auto mean = [](const at::Tensor& t) { return at::avg_pool2d(t.unsqueeze(1), 4).squeeze(1); };
    return {{}, mean(b.subject), mean(b.depth), b.kinds.slice(1, 2, at::nullopt, 4).slice(2, 2, at::nullopt, 4)};
}

at::Tensor overlap(const at::Tensor& mask, const at::Tensor& truth) {  // [n, h, w] -> [n]
    const at::Tensor a = mask.gt(0.5), b = truth.gt(0.5);
    return (a & b).sum(at::IntArrayRef{1, 2}).to(at::kFloat) /
           (a | b).sum(at::IntArrayRef{1, 2}).clamp_min(1).to(at::kFloat);
}

}  // namespace

animator::NetworkConfig network_config_of(const Tensors& tensors, int64_t heads) {
    animator::NetworkConfig c;
    c.heads = heads;
    for (size_t l = 0; l < c.widths.size(); l++) {
        const std::string level = "down." + std::to_string(l) + ".";
        const auto first = tensors.find(level + "0.conv1.weight");
        TORCH_CHECK(first != tensors.end(), "expected a picture network, got a file without ", level, "0.conv1.weight");
        c.widths[l] = first->second.size(0);
        c.blocks[l] = 0;
        while (tensors.contains(level + std::to_string(c.blocks[l]) + ".conv1.weight")) c.blocks[l]++;
    }
    return c;
}

animator::Network trained_network(const std::string& path, int64_t heads) {
    const Tensors tensors = load_tensors(path);
    TORCH_CHECK(!tensors.empty(), "network: expected a file, got ", path);
    animator::Network network = animator::make_network(network_config_of(tensors, heads));
    assign(network, tensors);
    nn::prepare(network);
    return network;
}

void train_pictures(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 6000, defaults.warm = 150, defaults.decay_from = 0.4, defaults.average = 0.998;
    defaults.optimizer.muon_lr = 1.5e-3, defaults.optimizer.adam_lr = 2e-3;
    const LoopConfig config = loop_config(settings, "build/training/pictures.safetensors", defaults);
    const std::string folder = settings.text("data", "build/training/pictures");
    const int64_t batch = settings.integer("batch", 12);
    animator::NetworkConfig shape;
    shape.heads = settings.integer("heads", shape.heads);
    const double scale = settings.number("scale", 1);  // of all widths
    for (int64_t& width : shape.widths)
        width = std::max<int64_t>(8, static_cast<int64_t>(static_cast<double>(width) * scale) / 8 * 8);
    settings.done();

    const PictureData data(folder);
    std::printf("%ld pictures of %ld x %ld\n", static_cast<long>(data.count()), static_cast<long>(data.size()),
                static_cast<long>(data.size()));
    animator::Network network = animator::make_network(shape);
    const double places = static_cast<double>(data.size() * data.size());
    const double forward = forward_flops(network, [&](const std::string& name) {
        const size_t dot = name.find('.');
        const char level = dot == std::string::npos ? '0' : name[dot + 1];
        if (name.starts_with("attention")) return places / 1024;
        if (name.starts_with("confidence")) return 1.0;
        if (name.starts_with("coarse")) return places / 64;
        const double below = name.starts_with("halve") || name.starts_with("twice") ? 4 : 1;
        return level < '0' || level > '4' ? places / 4
                                          : places / (4.0 * static_cast<double>(1 << (2 * (level - '0'))) * below);
    });
    const double samples = static_cast<double>(config.workers * batch);
    const std::vector<std::string> names{"mask", "overlap", "depth", "kinds", "confidence", "iou"};
    train(network, config, names, "pictures", samples, 3 * forward * samples,
          [&](const animator::Network& m, const Step& step) {
              PictureBatch b = data.random(step_dice(step.seed), batch);
              for (at::Tensor* t : {&b.pictures, &b.subject, &b.depth, &b.kinds}) *t = t->to(config.device);
              const animator::Logits logits = animator::look(m, b.pictures, /*coarse=*/true);
              const at::Tensor fine = logits.places.to(at::kFloat);
              const Losses losses = losses_of(fine, b), rough = losses_of(logits.coarse.to(at::kFloat), coarser(b));
              const at::Tensor reached = overlap(at::sigmoid(fine.select(-1, animator::kSubject).detach()), b.subject);
              const at::Tensor there = b.subject.mean(at::IntArrayRef{1, 2}).gt(kSomething).to(at::kFloat);
              const at::Tensor trust =
                  cross_entropy(logits.confidence.to(at::kFloat), reached * there, at::ones_like(there));
              StepLoss loss;
              loss.total = losses.sum() + 0.3 * rough.sum() + 0.2 * trust;
              loss.values = at::stack({losses.mask.detach(), losses.overlap.detach(), losses.depth.detach(),
                                       losses.kinds.detach(), trust.detach(),
                                       (reached * there).sum() / there.sum().clamp_min(1)});
              return loss;
          });
}

}  // namespace zt::training
