// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See stream.h.
#include "families/minimax_h3/video_vae/stream.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "ranks/team.h"

namespace zt::minimax_h3 {
namespace {

constexpr int64_t kColours = 3;

std::string shown(const at::Tensor& t) {
    std::ostringstream out;
    out << t.sizes();
    return out.str();
}

at::Tensor of_channels(const std::vector<float>& values, const at::TensorOptions& options) {
    return at::tensor(values).to(options).view({-1, 1, 1, 1});
}

// What the model was trained on: ImageNet's mean and spread of each colour.
at::Tensor to_colours(at::Tensor frames) {
    const at::TensorOptions like = frames.options();
    const at::Tensor std = at::tensor(std::vector<float>(kColourStd.begin(), kColourStd.end())).to(like);
    const at::Tensor mean = at::tensor(std::vector<float>(kColourMean.begin(), kColourMean.end())).to(like);
    return frames.mul_(std.view({1, -1, 1, 1})).add_(mean.view({1, -1, 1, 1})).clamp_(0.0, 1.0);
}

}  // namespace

void blend_into(const at::Tensor& a, const at::Tensor& b, int64_t axis, int64_t n) {
    std::vector<int64_t> shape(static_cast<size_t>(b.dim()), 1);
    shape[static_cast<size_t>(axis)] = n;
    const at::Tensor of_b = (at::arange(n, b.options()) / n).view(shape);
    const at::Tensor begin = b.narrow(axis, 0, n);
    // Two products, each rounded, as the reference has them.
    begin.copy_(a.narrow(axis, a.size(axis) - n, n) * (1 - of_b) + begin * of_b);
}

at::Tensor stitch(const TileAxis& rows, const TileAxis& columns,
                  const std::function<at::Tensor(int64_t i, int64_t j)>& make) {
    at::Tensor whole;
    std::vector<at::Tensor> above(static_cast<size_t>(columns.count()));  // last rows of the tiles there, as made
    for (int64_t i = 0; i < rows.count(); i++) {
        at::Tensor left;  // last columns of the tile before, as made
        for (int64_t j = 0; j < columns.count(); j++) {
            at::Tensor tile = make(i, j);
            if (!tile.defined()) continue;
            const auto overlap = [](const TileAxis& axis, int64_t at) {
                return at < axis.count() - 1 ? axis.overlaps[static_cast<size_t>(at)] : 0;
            };
            const int64_t down = overlap(rows, i), right = overlap(columns, j);
            const at::Tensor bottom = down > 0 ? tile.narrow(2, rows.length - down, down).clone() : at::Tensor();
            const at::Tensor side = right > 0 ? tile.narrow(3, columns.length - right, right).clone() : at::Tensor();
            at::Tensor& roof = above[static_cast<size_t>(j)];
            if (i > 0) blend_into(roof, tile, 2, roof.size(2));
            if (j > 0) blend_into(left, tile, 3, left.size(3));
            roof = bottom, left = side;
            if (rows.count() == 1 && columns.count() == 1) return tile;
            const int64_t y = rows.starts[static_cast<size_t>(i)], x = columns.starts[static_cast<size_t>(j)];
            if (!whole.defined())
                whole = at::empty({tile.size(0), tile.size(1), rows.starts.back() + rows.length,
                                   columns.starts.back() + columns.length},
                                  tile.options());
            const int64_t h = rows.length - down, w = columns.length - right;
            whole.narrow(2, y, h).narrow(3, x, w).copy_(tile.narrow(2, 0, h).narrow(3, 0, w));
        }
    }
    return whole;
}

TileGroups tile_groups(const VideoVaeConfig& c, int64_t height, int64_t width, bool on_host, int64_t most) {
    const int64_t step = c.spatial_compression();
    const int64_t all = tile_axis(height, step).count() * tile_axis(width, step).count();
    if (most == 0) most = tiles_at_once(c, height, width, on_host);
    if (ranks::team() != nullptr) {
        const int64_t size = ranks::team()->all().size();
        most = std::min(most, (all + size - 1) / size);
    }
    std::vector<int64_t> counts;
    for (int64_t tile = 0; tile < all; tile += most) counts.push_back(std::min(most, all - tile));
    return {all, most, ranks::Tiles(counts)};
}

VideoStream::VideoStream(const VideoVaeDecoder& decoder, const at::Tensor& latents)
    : decoder_(decoder), plan_(decoder.config) {
    const VideoVaeConfig& c = decoder.config;
    if (latents.dim() != 4 || latents.size(0) != c.latent_channels || latents.numel() == 0)
        refuse(ZT_ERROR_ARGUMENT, "latents", "[" + std::to_string(c.latent_channels) + ", frames, height, width]",
               shown(latents));
    clips_ = plan_.clips(latents.size(1));
    const int64_t step = c.spatial_compression();
    rows_ = tile_axis(latents.size(2) * step, step), columns_ = tile_axis(latents.size(3) * step, step);
    const at::TensorOptions fp32 = latents.options().dtype(at::kFloat);
    latents_ = latents.to(at::kFloat) * of_channels(c.std, fp32) + of_channels(c.mean, fp32);
}

int64_t VideoStream::next_frames() const {
    if (clip_ == clips_) return 0;
    return plan_.own + (clip_ + 1 == clips_ ? plan_.fade : 0);
}

int64_t VideoStream::total_frames() const { return clips_ * plan_.own + plan_.fade; }

at::Tensor VideoStream::decode_clip(const VideoDecoding& how) const {
    const int64_t step = decoder_.config.spatial_compression(), each = rows_.count() * columns_.count();
    const at::Tensor clip = latents_.narrow(1, clip_ * plan_.step, plan_.latents);
    const auto latents_of = [&](int64_t tile) {
        const size_t i = static_cast<size_t>(tile / columns_.count()), j = static_cast<size_t>(tile % columns_.count());
        return clip.narrow(2, rows_.starts[i] / step, rows_.length / step)
            .narrow(3, columns_.starts[j] / step, columns_.length / step);
    };
    const int64_t height = rows_.length, width = columns_.length;  // of a tile
    TileGroups groups = tile_groups(decoder_.config, rows_.starts.back() + height, columns_.starts.back() + width,
                                    clip.is_cpu(), how.most_tiles);
    const auto tell = [&](int64_t done) {
        if (how.progress) how.progress(clip_ * each + done, clips_ * each);
    };
    if (clip_ == 0) tell(0);
    const auto count = [&](int64_t group) { return std::min(groups.together, each - group * groups.together); };
    const auto make = [&](int64_t group) {
        std::vector<at::Tensor> latents;
        for (int64_t k = 0; k < count(group); k++) latents.push_back(latents_of(group * groups.together + k));
        const at::Tensor frames = decode_tiles(decoder_, at::stack(latents), how.cancel);
        return at::cat({frames.narrow(1, plan_.before, plan_.own), frames.narrow(1, plan_.tail, plan_.fade)}, 1);
    };
    at::Tensor made;  // frames of the tiles that were decoded together
    return stitch(rows_, columns_, [&](int64_t i, int64_t j) {
        const int64_t tile = i * columns_.count() + j, place = tile % groups.together, group = tile / groups.together;
        if (place == 0) {
            made = at::Tensor();
            made = groups.groups.next({count(group), plan_.own + plan_.fade, kColours, height, width}, clip.options(),
                                      make);
            tell(tile + count(group));
        }
        return made.defined() ? made[place] : at::Tensor();
    });
}

at::Tensor VideoStream::next(const VideoDecoding& how) {
    if (clip_ == clips_) return {};
    at::Tensor frames = decode_clip(how);
    const bool here = frames.defined();
    if (here && clip_ > 0) blend_into(fading_, frames, 0, plan_.fade);
    const int64_t count = next_frames();
    clip_++;
    fading_ = here && clip_ < clips_ ? frames.narrow(0, plan_.own, plan_.fade).clone() : at::Tensor();
    ranks::end_of_shared_work(clip_ < clips_);
    return to_colours(frames.narrow(0, 0, count));
}

}  // namespace zt::minimax_h3
