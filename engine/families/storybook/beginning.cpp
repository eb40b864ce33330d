// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames become latents, and latents a place in the motion; see beginning.h.
#include "families/storybook/beginning.h"

#include <algorithm>
#include <limits>

#include "image/fit.h"
#include "sample/noise.h"

namespace zt::storybook {
namespace {

constexpr int64_t kNoiseSeed = 0;   // not the clip's: frames are read the same way whatever comes next

// [144, 256, 3] in -1..1
at::Tensor pixels(const families::Picture& picture, zt_fit fit) {
    const image::Picture fitted = image::fit({picture.width, picture.height, *picture.rgb}, kWidth, kHeight, fit);
    const at::Tensor bytes = at::empty({kHeight, kWidth, 3}, at::kByte);
    std::copy(fitted.rgb.begin(), fitted.rgb.end(), bytes.data_ptr<uint8_t>());
    return bytes.to(at::kFloat).mul_(2.0 / 255.0).sub_(1.0);
}

// What the denoiser makes of nothing but the context, [1, kSlots, 18, 32, channels].
at::Tensor guess(const Denoiser& net, const at::Tensor& noise, const at::Tensor& context, float present, const at::Tensor& sentence, int64_t clock,
                 const Cancel& cancel) {
    const at::ScalarType dtype = net.patch_in.weight.scalar_type();
    const at::Tensor when = at::full({1}, clock, at::kLong);
    const Planned plan = forward(net.plan, cues(net.plan, sentence), when);
    return forward(net, noise.to(dtype), context.to(dtype), at::full({1}, present), at::full({1}, 1.f), sentence, when, plan, &cancel).to(at::kFloat);
}

}  // namespace

Beginning encode_beginning(const Vae& vae, const std::vector<families::Picture>& pictures, zt_fit fit) {
    std::vector<at::Tensor> frames;
    Beginning beginning;
    for (const families::Picture& picture : pictures) {
        beginning.still = picture.role == ZT_IMAGE_FIRST;
        frames.push_back(pixels(picture, fit));
    }
    beginning.newest = frames.back().permute({2, 0, 1}).mul(0.5).add_(0.5).contiguous();
    while (frames.size() < kGroup) frames.insert(frames.begin(), frames.front());
    const int64_t groups = std::min(static_cast<int64_t>(frames.size()) / kGroup, kGroupsLookedAt);
    frames.erase(frames.begin(), frames.end() - groups * kGroup);
    const at::ScalarType dtype = vae.encoder.in.weight.scalar_type();
    beginning.latents = encode(vae, at::stack(frames).reshape({groups, kGroup, kHeight, kWidth, 3}).to(dtype));
    return beginning;
}

double kept_edges(const at::Tensor& picture, const at::Tensor& other) {
    const auto edges = [](const at::Tensor& t) { return t.diff(1, 1).square().mean().item<double>() + t.diff(1, 2).square().mean().item<double>(); };
    constexpr double kRounding = 1e-7;   // a plain picture has no edges, but noise that a byte rounds away
    return 1 - edges(other.clamp(0, 1) - picture) / (edges(picture) + kRounding);
}

Reading read_beginning(const Denoiser& net, const Beginning& beginning, const std::vector<at::Tensor>& sentences, const Cancel& cancel) {
    const at::Tensor& latents = beginning.latents;
    const int64_t groups = latents.size(0), known = std::max<int64_t>(groups - 1, 1);
    const at::Tensor context = latents.slice(0, 0, 1), wanted = groups > 1 ? latents.slice(0, 1) : latents;
    const at::Tensor noise = sample::Noise(kNoiseSeed).draw({1, kSlots, kLatentHeight, kLatentWidth, net.config.channels});
    const int64_t clocks = beginning.still ? 1 : kClock;   // a still picture begins a shot
    Reading best;
    double least = std::numeric_limits<double>::infinity();
    const auto attempt = [&](size_t sentence, int64_t clock) {
        const at::Tensor made = guess(net, noise, context, beginning.still ? -1.f : 1.f, sentences[sentence], clock, cancel);
        const double miss = (made[0].slice(0, 0, known) - wanted).square().mean().item<double>();
        if (!(miss < least)) return;
        least = miss;
        // A single group is its own context: its successor has the clock that was tried.
        best = {sentence, beginning.still ? 0 : (clock + groups - 1) % kClock};
    };
    // A layout is seen at any clock: one after the other costs less than each with each.
    for (size_t sentence = 0; sentence < sentences.size(); sentence++) attempt(sentence, 0);
    for (int64_t clock = 1; clock < clocks; clock++) attempt(best.sentence, clock);
    return best;
}

}  // namespace zt::storybook
