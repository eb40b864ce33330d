// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See part.h.
#include "families/minimax_h3/video_vae/part.h"

#include <utility>

#include "device/precision.h"
#include "families/minimax_h3/video_vae/names.h"

namespace zt::minimax_h3 {

load::PartReader video_vae_reader(const VideoVaePart& part, load::ReaderOptions options) {
    options.heads = part.config.heads;
    return {part.file.checkpoint, video_vae_names(), std::move(options)};
}

at::ScalarType type_of_products(at::ScalarType kept, at::Device device) {
    if (!device.is_cpu() || (kept == at::kBFloat16 && device::fast_bf16())) return kept;
    return at::kFloat;
}

VideoVaeDecoder load_video_vae_decoder(const VideoVaePart& part, at::ScalarType kept, at::ScalarType products,
                                       load::ReaderOptions options) {
    const load::PartReader reader = video_vae_reader(part, std::move(options));
    VideoVaeDecoder decoder = make_video_vae_decoder(part.config);
    auto typed = decoder.typed();
    auto exact = decoder.exact();
    reader.expect(exact);  // before the first byte is read
    reader.fill(typed, kept, /*keep_packed=*/true);
    reader.fill(exact, at::kFloat, false);
    decoder.compute = products;
    return decoder;
}

VideoVaeEncoder load_video_vae_encoder(const VideoVaePart& part, load::ReaderOptions options) {
    const load::PartReader reader = video_vae_reader(part, std::move(options));
    VideoVaeEncoder encoder = make_video_vae_encoder(part.config);
    reader.fill(encoder, at::kFloat, /*keep_packed=*/false);
    prepare(encoder);
    return encoder;
}

}  // namespace zt::minimax_h3
