// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See batched_layers.h.
#include "autoencoders/batched_layers.h"

#include <utility>

namespace zt::autoencoders::batched {
namespace {

constexpr double kEps = 1e-6;
constexpr size_t kPast = 2;  // frames, in front of a kernel of three

// One convolution in time at work on a batch: frame by frame, the newest two in hand.
class Convolution {
public:
    Convolution(const Conv3d& conv, History& history)
        : history_(history), slot_(history.at), past_(history.slot()),
          kernel_(
              conv.weight.permute({0, 2, 1, 3, 4})
                  .reshape({conv.weight.size(0), 3 * conv.weight.size(1), conv.weight.size(3), conv.weight.size(4)})),
          points_(nn::points_of(kernel_, history.work)), bias_(conv.bias) {
        if (!history.more) history_.slots[slot_].clear();
    }
    at::Tensor operator()(const at::Tensor& frame) {
        if (past_.empty()) past_ = {frame, frame};
        const at::Tensor made = nn::conv3x3({past_[0], past_[1], frame}, 1, kernel_, bias_, history_.work, points_);
        past_ = {past_[1], frame};
        return made;
    }
    // Behind the last frame of the batch.
    void finish() {
        if (!history_.more) return;
        for (at::Tensor& frame : past_) frame = frame.to(history_.half ? at::kHalf : frame.scalar_type());
        history_.slots[slot_] = std::move(past_);
    }

private:
    History& history_;
    size_t slot_;
    Frames past_;
    at::Tensor kernel_, points_, bias_;
};

// The latent that frame `i` of `count` shows: the first of an odd number has one to itself.
size_t latent_of(size_t i, size_t count, size_t latents) {
    if (count > 1 && count % 2 == 1) return i == 0 ? 0 : 1 + (i - 1) * (latents - 1) / (count - 1);
    return i * latents / count;
}

nn::ChannelAffine statistics(const Norm& norm, const Frames& x, const Pass& pass) {
    Frames pieces;
    for (const at::Tensor& frame : x) pieces.push_back(frame.unsqueeze(0));
    return nn::group_norm(norm.norm, pieces, pass.config.groups, kEps, true);
}

// silu(norm(x)) of one frame; latent [h, w, channels] or undefined.
at::Tensor normed(const Norm& norm, const nn::ChannelAffine& affine, const at::Tensor& x, const at::Tensor& latent) {
    at::Tensor y = at::addcmul(affine.shift, x.to(at::kFloat), affine.scale);
    if (norm.scale.weight.defined()) {
        const int64_t h = latent.size(0), w = latent.size(1), side = x.size(0) / h, c = x.size(2);
        const at::Tensor places = y.view({h, side, w, side, c});  // each latent stands for side x side of them
        places.mul_(pointwise(norm.scale, latent).view({h, 1, w, 1, c}));
        places.add_(pointwise(norm.shift, latent).view({h, 1, w, 1, c}));
    }
    return at::silu_(y).to(x.scalar_type());
}

at::Tensor latent_for(const Norm& norm, size_t i, size_t count, const Pass& pass) {
    if (!norm.scale.weight.defined()) return {};
    return pass.latents[latent_of(i, count, pass.latents.size())];
}

}  // namespace

Norm make_norm(const VaeConfig& c, int64_t channels, bool decodes) {
    Norm norm{nn::make_norm(channels), {}, {}};
    if (decodes) norm.scale = make_conv3d(c.latent_channels, channels, 1, 1), norm.shift = norm.scale;
    return norm;
}

Resnet make_resnet(const VaeConfig& c, int64_t in, int64_t out, bool decodes) {
    Resnet block{make_norm(c, in, decodes),
                 make_norm(c, out, decodes),
                 make_conv3d(in, out, 3, 3),
                 make_conv3d(out, out, 3, 3),
                 {}};
    if (in != out) block.shortcut = make_conv3d(in, out, 1, 1);
    return block;
}

Frames convolve(const Conv3d& conv, Frames x, const Pass& pass) {
    Convolution convolution(conv, pass.history);
    for (at::Tensor& frame : x) frame = convolution(frame);
    convolution.finish();
    return x;
}

Frames norm_convolve(const Norm& norm, const Conv3d& conv, Frames x, const Pass& pass) {
    const nn::ChannelAffine affine = statistics(norm, x, pass);
    Convolution convolution(conv, pass.history);
    for (size_t i = 0; i < x.size(); i++)
        x[i] = convolution(normed(norm, affine, x[i], latent_for(norm, i, x.size(), pass)));
    convolution.finish();
    return x;
}

Frames forward(const Resnet& block, Frames x, const Pass& pass) {
    pass.cancel.poll();
    const nn::ChannelAffine affine = statistics(block.norm1, x, pass);
    Convolution convolution(block.conv1, pass.history);
    Frames y;
    for (size_t i = 0; i < x.size(); i++) {
        y.push_back(convolution(normed(block.norm1, affine, x[i], latent_for(block.norm1, i, x.size(), pass))));
        if (block.shortcut.weight.defined()) x[i] = pointwise(block.shortcut, x[i]);
    }
    convolution.finish();
    y = norm_convolve(block.norm2, block.conv2, std::move(y), pass);
    for (size_t i = 0; i < x.size(); i++) y[i].add_(x[i]), x[i].reset();
    return y;
}

Frames enlarge(const Resample& layer, Frames x, bool time, const Pass& pass) {
    const at::Tensor points = nn::points_of(layer.conv.weight, pass.history.work);
    const bool first_alone = x.size() % 2 == 1;
    Frames out;
    for (size_t i = 0; i < x.size(); i++) {
        pass.cancel.poll();
        out.push_back(nn::conv3x3({x[i]}, 2, layer.conv.weight, layer.conv.bias, pass.history.work, points));
        if (time && !(first_alone && i == 0)) out.push_back(out.back());
        x[i].reset();
    }
    return out;
}

Frames reduce(const Resample& layer, Frames x, bool time) {
    if (time) {
        Frames means;
        for (size_t i = 0; i < x.size(); i++) {
            if (i == 0 && x.size() % 2 == 1)
                means.push_back(x[0]);
            else
                means.push_back((x[i] + x[i + 1]) / 2), i++;
        }
        x = std::move(means);
    }
    for (at::Tensor& frame : x) frame = down(layer, frame);
    return x;
}

}  // namespace zt::autoencoders::batched
