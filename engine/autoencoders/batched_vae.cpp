// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See batched_vae.h.
#include "autoencoders/batched_vae.h"

#include <algorithm>
#include <utility>

#include "autoencoders/mosaic.h"
#include "device/devices.h"
#include "ranks/team.h"

namespace zt::autoencoders::batched {
namespace {

// One batch through a half: latents or pixels in, pixels or moments out.
Frames through(const Coder& coder, Frames x, History& history, const Cancel& cancel) {
    const Frames latents = coder.decodes ? x : Frames();
    const Pass pass{coder.config, latents, history, cancel};
    history.at = 0;
    const auto middle = [&] {
        for (const Resnet& block : coder.middle) x = forward(block, std::move(x), pass);
    };
    x = convolve(coder.conv_in, std::move(x), pass);
    if (coder.decodes) middle();
    for (const Stage& stage : coder.stages) {
        for (const Resnet& block : stage.resnets) x = forward(block, std::move(x), pass);
        if (stage.change.conv.weight.defined())
            x = coder.decodes ? enlarge(stage.change, std::move(x), stage.time, pass)
                              : reduce(stage.change, std::move(x), stage.time);
        device::return_freed_memory();  // of many sizes, which the C library would keep
    }
    if (!coder.decodes) middle();
    return norm_convolve(coder.norm_out, coder.conv_out, std::move(x), pass);
}

Frames frames_of(const at::Tensor& x, const Batch& batch) {  // x [frames, h, w, channels]
    return x.narrow(0, batch.first, batch.count).unbind(0);
}

// All batches of a video or a tile of it: [frames, channels, h, w] fp32.
at::Tensor all_of(const Coder& coder, const at::Tensor& x, bool half_history, const Cancel& cancel) {
    History history;
    history.half = half_history;
    std::vector<at::Tensor> made;
    for (int64_t first = 0; first < x.size(0);) {
        const Batch batch = batch_at(coder.decodes, x.size(0), first);
        history.more = first + batch.count < x.size(0);
        for (at::Tensor& frame : through(coder, frames_of(x, batch), history, cancel))
            made.push_back(frame.permute({2, 0, 1}).to(at::kFloat));
        first += batch.count;
    }
    return at::stack(made);
}

TileGrid grid_of(const VaeConfig& config, int64_t latent_height, int64_t latent_width) {
    const Tiles t = tiles(config);
    return {t.height, t.width, t.stride_y, t.stride_x, latent_height, latent_width};
}

// The same in tiles, blended. x [frames, h, w, channels]. Those of a decoder are spread; the result is undefined where
// another rank lays them down.
at::Tensor tiles_of(const Coder& coder, const at::Tensor& x, bool half_history, const Cancel& cancel) {
    const Tiles t = tiles(coder.config);
    const int64_t scale = kSpaceCompression, in = coder.decodes ? 1 : scale, out = coder.decodes ? scale : 1;
    const TileGrid grid = grid_of(coder.config, x.size(1) / in, x.size(2) / in);
    const auto make = [&](int64_t i, int64_t j) {
        const at::Tensor part = x.narrow(1, i * grid.stride_y * in, grid.height_of(i) * in)
                                    .narrow(2, j * grid.stride_x * in, grid.width_of(j) * in);
        return all_of(coder, part, half_history, cancel).contiguous();
    };
    const Mosaic mosaic{t.stride_y * out, t.stride_x * out,  t.blend_y(out),
                        t.blend_x(out),   grid.height * out, grid.width * out};
    if (!coder.decodes) return merge(mosaic, make);
    ranks::Tiles spread(grid.areas());
    return merge(mosaic, [&](int64_t i, int64_t j) {
        return spread.next({frames_of_batch(x.size(0)), 3, grid.height_of(i) * out, grid.width_of(j) * out},
                           x.options().dtype(at::kFloat),
                           [&](int64_t tile) { return make(tile / grid.columns(), tile % grid.columns()); });
    });
}

}  // namespace

Coder make_coder(const VaeConfig& c, bool decodes) {
    Coder coder;
    coder.config = c, coder.decodes = decodes;
    std::vector<int64_t> channels = c.channels;
    if (decodes) std::reverse(channels.begin(), channels.end());
    const int64_t widest = c.channels.back(), in = decodes ? c.latent_channels : 3;
    coder.conv_in = make_conv3d(in, channels.front(), 3, 3);
    int64_t before = channels.front();
    for (size_t i = 0; i < channels.size(); i++) {
        Stage stage;
        for (int64_t k = 0; k < c.layers + (decodes ? 1 : 0); k++)
            stage.resnets.push_back(make_resnet(c, k == 0 ? before : channels[i], channels[i], decodes));
        before = channels[i];
        if (i + 1 < channels.size()) stage.change.conv = make_conv2d(before, before, 3);
        stage.time = i < 2;
        coder.stages.push_back(std::move(stage));
    }
    for (int k = 0; k < 2; k++) coder.middle.push_back(make_resnet(c, widest, widest, decodes));
    coder.norm_out = make_norm(c, before, decodes);
    coder.conv_out = make_conv3d(before, decodes ? 3 : 2 * c.latent_channels, 3, 3);
    return coder;
}

ranks::Tiles decoder_tiles(const VaeConfig& config, int64_t latent_height, int64_t latent_width,
                           const CodingOptions& options) {
    if (!options.tiled || !is_cut(config, latent_height, latent_width))
        return ranks::Tiles({latent_height * latent_width});
    return ranks::Tiles(grid_of(config, latent_height, latent_width).areas());
}

StreamingDecoder::StreamingDecoder(const Coder& decoder, const at::Tensor& latents, const CodingOptions& options)
    : decoder_(decoder), options_(options) {
    options_.tiled = options.tiled && is_cut(decoder.config, latents.size(2), latents.size(3));
    history_.half = options.half_history;
    latents_ = (latents.to(decoder.conv_in.bias.options()) * (1.0 / decoder.config.scaling_factor))
                   .permute({0, 2, 3, 1})
                   .contiguous();
}

int64_t StreamingDecoder::next_frames() const {
    if (from_ == latents_.size(0)) return 0;
    return frames_of_batch(batch_at(true, latents_.size(0), from_).count);
}

int64_t StreamingDecoder::batches() const { return std::max<int64_t>(1, latents_.size(0) / 2); }

at::Tensor StreamingDecoder::next(const Cancel& cancel) {
    const Batch batch = batch_at(true, latents_.size(0), from_);
    const int64_t count = next_frames();
    at::Tensor made;
    if (options_.tiled) {
        if (!whole_.defined()) {
            whole_ = tiles_of(decoder_, latents_, options_.half_history, cancel);
            ranks::end_of_shared_work();
        }
        made = whole_.narrow(0, given_, count);
    } else {
        history_.more = from_ + batch.count < latents_.size(0);
        Frames frames = through(decoder_, frames_of(latents_, batch), history_, cancel);
        for (at::Tensor& frame : frames) frame = frame.permute({2, 0, 1}).to(at::kFloat);
        made = at::stack(frames);
    }
    from_ += batch.count, given_ += count, done_++;
    return (made / 2).add_(0.5).clamp_(0, 1).contiguous();
}

at::Tensor encode(const Coder& encoder, const at::Tensor& pixels, const CodingOptions& options, const Cancel& cancel) {
    const at::Tensor x = pixels.to(encoder.conv_in.bias.options()).permute({0, 2, 3, 1}).contiguous();
    const bool cut =
        options.tiled && is_cut(encoder.config, x.size(1) / kSpaceCompression, x.size(2) / kSpaceCompression);
    return cut ? tiles_of(encoder, x, options.half_history, cancel) : all_of(encoder, x, options.half_history, cancel);
}

}  // namespace zt::autoencoders::batched
