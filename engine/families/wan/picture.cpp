// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/picture.h"

#include <algorithm>
#include <vector>

#include "encoders/clip_vision.h"
#include "encoders/vae_pixels.h"

namespace zt::wan {
namespace {

// The one that the clip begins with: the first, or of a history the newest. The other is the last.
const families::Picture* picture_of(const families::GenerationRequest& request, bool last) {
    const auto found = std::find_if(request.images.rbegin(), request.images.rend(),
                                    [&](const families::Picture& p) { return (p.role == ZT_IMAGE_LAST) == last; });
    return found == request.images.rend() ? nullptr : &*found;
}

// [1, 3, height, width] fp32, -1..1
at::Tensor pixels_of(const families::GenerationRequest& request, bool last) {
    return encoders::vae_pixels(families::pixels_of(*picture_of(request, last)), request.width, request.height,
                                request.fit);
}

at::Tensor encoded(const OpenedModel& model, const at::Tensor& pixels, bool half_history, const Cancel& cancel,
                   const families::ProgressFn& progress) {
    progress("picture", 0, 1);
    VaeEncoder encoder = make_vae_encoder(model.parts.vae);
    model.vae(cancel).fill(encoder, model.vae_type, false);
    autoencoders::order_kernels(encoder);
    return encode(encoder, pixels.to(model.device, model.vae_type), half_history, cancel);
}

}  // namespace

at::Tensor picture_latent(const OpenedModel& model, const families::GenerationRequest& request, bool half_history,
                          const Cancel& cancel, const families::ProgressFn& progress) {
    return encoded(model, pixels_of(request, false), half_history, cancel, progress);
}

at::Tensor picture_channels(const OpenedModel& model, const families::GenerationRequest& request, int64_t frames,
                            bool half_history, const Cancel& cancel, const families::ProgressFn& progress) {
    constexpr int64_t kMask = VaeConfig::temporal_compression;
    const bool ends = picture_of(request, true) != nullptr && frames > 1;
    std::vector<at::Tensor> video = {pixels_of(request, false),
                                     at::zeros({frames - (ends ? 2 : 1), 3, request.height, request.width})};
    if (ends) video.push_back(pixels_of(request, true));
    const at::Tensor latents = encoded(model, at::cat(video), half_history, cancel, progress);
    const at::Tensor mask = at::zeros({kMask, latents.size(1), latents.size(2), latents.size(3)}, latents.options());
    mask.narrow(1, 0, 1).fill_(1.0);
    if (ends) mask[kMask - 1][-1].fill_(1.0);  // the channels of a latent are its four frames
    return at::cat({mask, latents});
}

at::Tensor clip_features(const OpenedModel& model, const families::GenerationRequest& request, const Cancel& cancel) {
    encoders::ClipVision clip = encoders::make_clip_vision(model.parts.clip);
    model.image_encoder(cancel).fill(clip, model.type, true);
    std::vector<at::Tensor> seen;
    for (const bool last : {false, true})
        if (const families::Picture* picture = picture_of(request, last); picture != nullptr)
            seen.push_back(encoders::forward(
                clip,
                encoders::clip_pixels(families::pixels_of(*picture), model.parts.clip.image_size).to(model.device),
                &cancel));
    return at::cat(seen);
}

}  // namespace zt::wan
