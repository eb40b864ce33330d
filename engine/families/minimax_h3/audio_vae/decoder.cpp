// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See decoder.h.
#include "families/minimax_h3/audio_vae/decoder.h"

#include <sstream>
#include <utility>

#include "core/error.h"
#include "device/devices.h"
#include "nn/alias_free.h"
#include "nn/winograd_lines.h"

namespace zt::minimax_h3 {
namespace {

const at::TensorOptions kShapeOnly = at::TensorOptions(at::kFloat).device(at::kMeta);
constexpr int64_t kOuterKernel = 7;  // of the first and the last convolution
constexpr double kLeastMagnitude = 1e-9;

// transposed: the kernel's first axis is what comes in.
AudioConvolution make_convolution(int64_t in, int64_t out, int64_t kernel, bool folded, bool transposed = false,
                                  bool bias = true) {
    const int64_t first = transposed ? in : out, second = transposed ? out : in;
    AudioConvolution made{at::empty({first, second, kernel}, kShapeOnly), {}, {}};
    if (!folded) made.length = at::empty({first, 1, 1}, kShapeOnly);
    if (bias) made.bias = at::empty({out}, kShapeOnly);
    return made;
}
AudioSnake make_snake(int64_t channels) {
    return {at::empty({channels}, kShapeOnly), at::empty({channels}, kShapeOnly)};
}

AudioBlock make_block(int64_t channels, int64_t kernel, const std::vector<int64_t>& dilations, bool folded) {
    AudioBlock block;
    for (size_t d = 0; d < dilations.size(); d++) {
        block.first.push_back(make_convolution(channels, channels, kernel, folded));
        block.second.push_back(make_convolution(channels, channels, kernel, folded));
        for (int snake = 0; snake < 2; snake++) block.snakes.push_back(make_snake(channels));
    }
    return block;
}

void prepare(AudioConvolution& c) {
    if (!c.length.defined()) return;
    c.weight = at::_weight_norm(c.weight, c.length, 0).contiguous();
    c.length = at::Tensor();
}
void prepare(AudioSnake& s) {
    s.frequency = at::exp(s.frequency);
    s.magnitude = (at::exp(s.magnitude) + kLeastMagnitude).reciprocal();
}

class Pass {
public:
    Pass(const at::Tensor& filter, const Cancel* cancel) : filter_(filter), cancel_(cancel) {}

    // plus: is added, if it is defined.
    at::Tensor convolve(const AudioConvolution& c, const at::Tensor& x, int64_t dilation = 1,
                        const at::Tensor& plus = {}) const {
        poll();
        if (nn::winograd_lines_suit(x, c.weight)) return nn::winograd_lines(x, c.weight, c.bias, dilation, plus);
        at::Tensor made = at::conv1d(x, c.weight, c.bias, 1, (c.weight.size(2) - 1) * dilation / 2, dilation);
        return plus.defined() ? made.add_(plus) : made;
    }
    at::Tensor enlarge(const AudioConvolution& c, const at::Tensor& x, int64_t rate) const {
        poll();
        return at::conv_transpose1d(x, c.weight, c.bias, rate, (c.weight.size(2) - rate) / 2);
    }
    at::Tensor snake(const AudioSnake& s, const at::Tensor& x) const {
        return nn::alias_free_snake(x.contiguous(), s.frequency, s.magnitude, filter_);
    }
    at::Tensor block(const AudioBlock& b, const std::vector<int64_t>& dilations, at::Tensor y) const {
        for (size_t d = 0; d < dilations.size(); d++) {
            const at::Tensor u = convolve(b.first[d], snake(b.snakes[2 * d], y), dilations[d]);
            y = convolve(b.second[d], snake(b.snakes[2 * d + 1], u), 1, y);
        }
        return y;
    }

private:
    void poll() const {
        if (cancel_ != nullptr) cancel_->poll();
    }
    const at::Tensor& filter_;
    const Cancel* cancel_;
};

// z [channels of sound, latent_channels, n], not normalised any more -> [channels of sound, samples]
at::Tensor decode_channels(const AudioVaeDecoder& d, const Pass& pass, const at::Tensor& z) {
    const AudioVaeConfig& c = d.config;
    at::Tensor x = pass.convolve(d.pre, at::conv1d(z, d.in_weight, d.in_bias));
    for (size_t i = 0; i < d.stages.size(); i++) {
        x = pass.enlarge(d.stages[i].up, x, c.rates[i]);
        at::Tensor sum;
        for (size_t k = 0; k < d.stages[i].blocks.size(); k++) {
            at::Tensor made = pass.block(d.stages[i].blocks[k], c.dilations[k], x);
            sum = sum.defined() ? sum.add_(made) : std::move(made);
        }
        device::return_freed_memory();  // of many sizes, which the C library would keep for later
        x = sum.div_(static_cast<double>(d.stages[i].blocks.size()));
    }
    return pass.convolve(d.post, pass.snake(d.last, x)).clamp_(-1.0, 1.0).squeeze(1);
}

}  // namespace

AudioVaeDecoder make_audio_vae_decoder(const AudioVaeConfig& c, bool folded) {
    AudioVaeDecoder d;
    d.config = c;
    d.in_weight = at::empty({c.latent_dim, c.latent_channels, 1}, kShapeOnly);
    d.in_bias = at::empty({c.latent_dim}, kShapeOnly);
    d.pre = make_convolution(c.latent_dim, c.decoder_dim, kOuterKernel, folded);
    int64_t in = c.decoder_dim;
    for (size_t i = 0; i < c.rates.size(); i++) {
        const int64_t out = c.channels(i);
        AudioStage stage{make_convolution(in, out, c.kernels[i], folded, /*transposed=*/true), {}};
        for (size_t k = 0; k < c.block_kernels.size(); k++)
            stage.blocks.push_back(make_block(out, c.block_kernels[k], c.dilations[k], folded));
        d.stages.push_back(std::move(stage));
        in = out;
    }
    d.last = make_snake(in);
    d.post = make_convolution(in, 1, kOuterKernel, folded, false, /*bias=*/false);
    return d;
}

void prepare(AudioVaeDecoder& d) {
    prepare(d.pre), prepare(d.post), prepare(d.last);
    for (AudioStage& stage : d.stages) {
        prepare(stage.up);
        for (AudioBlock& block : stage.blocks) {
            for (AudioConvolution& c : block.first) prepare(c);
            for (AudioConvolution& c : block.second) prepare(c);
            for (AudioSnake& s : block.snakes) prepare(s);
        }
    }
    d.filter = nn::kaiser_sinc().to(d.in_bias.device());
}

at::Tensor decode_audio(const AudioVaeDecoder& d, const at::Tensor& latents, const Cancel* cancel) {
    const AudioVaeConfig& c = d.config;
    if (latents.dim() != 3 || latents.size(1) != c.latent_channels || latents.numel() == 0) {
        std::ostringstream got;
        got << latents.sizes();
        refuse(ZT_ERROR_ARGUMENT, "audio latents", "[channels, " + std::to_string(c.latent_channels) + ", latents]",
               got.str());
    }
    const Pass pass(d.filter, cancel);
    const auto of_channels = [&](const std::vector<float>& v) { return at::tensor(v).to(d.in_bias).view({1, -1, 1}); };
    const at::Tensor z = latents.to(d.in_bias) * of_channels(c.std) + of_channels(c.mean);
    // All channels of sound at once: LibTorch puts each kernel in order for every call, which takes as long as a second
    // of sound.
    return decode_channels(d, pass, z);
}

}  // namespace zt::minimax_h3
