// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See picture.h.
#include "families/wan/picture.h"

#include "encoders/vae_pixels.h"

namespace zt::wan {
namespace {

// [1, 3, height, width] fp32, -1..1
at::Tensor pixels_of(const families::Picture& picture, int width, int height, zt_fit fit) {
    return encoders::vae_pixels({picture.width, picture.height, *picture.rgb}, width, height, fit);
}

at::Tensor encoded(const OpenedModel& model, const at::Tensor& pixels, const Cancel& cancel, const families::ProgressFn& progress) {
    progress("picture", 0, 1);
    VaeEncoder encoder = make_vae_encoder(model.parts.vae);
    model.vae(cancel).fill(encoder, model.vae_type, false);
    return encode(encoder, pixels.to(model.device, model.vae_type), cancel);
}

}  // namespace

at::Tensor picture_latent(const OpenedModel& model, const families::GenerationRequest& request, const Cancel& cancel, const families::ProgressFn& progress) {
    return encoded(model, pixels_of(request.images.front(), request.width, request.height, request.fit), cancel, progress);
}

at::Tensor picture_channels(const OpenedModel& model, const families::GenerationRequest& request, int64_t frames, const Cancel& cancel, const families::ProgressFn& progress) {
    constexpr int64_t kMask = VaeConfig::temporal_compression;
    const at::Tensor first = pixels_of(request.images.front(), request.width, request.height, request.fit);
    const at::Tensor latents = encoded(model, at::cat({first, at::zeros({frames - 1, 3, request.height, request.width})}), cancel, progress);
    const at::Tensor mask = at::zeros({kMask, latents.size(1), latents.size(2), latents.size(3)}, latents.options());
    mask.narrow(1, 0, 1).fill_(1.0);
    return at::cat({mask, latents});
}

}  // namespace zt::wan
