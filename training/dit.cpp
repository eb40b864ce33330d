// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dit.h"

#include <cmath>

namespace zt::training {

Dit make_dit(const DitConfig& c) {
    TORCH_CHECK(c.heads > 0 && c.width % c.heads == 0, "width: expected a multiple of ", c.heads, " heads, got ",
                c.width);
    Dit m;
    m.config = c;
    const int64_t w = c.width, patch = kFramesPerToken * c.channels;
    m.embedding = at::empty({kWordRows, w}), m.word_position = at::empty({kWords, w});
    m.time_position = at::empty({c.times, w}), m.row_position = at::empty({c.rows, w}),
    m.column_position = at::empty({c.columns, w});
    m.patch_in = nn::make_linear(patch, w), m.patch_out = nn::make_linear(w, patch);
    m.sigma_in = nn::make_linear(2 * kSigmaWaves, w), m.sigma_out = nn::make_linear(w, w),
    m.modulation = nn::make_linear(w, 6 * w), m.last = nn::make_linear(w, 2 * w);
    for (int64_t i = 0; i < c.blocks; i++)
        m.blocks.push_back({nn::make_linear(w, 3 * w), nn::make_linear(w, w), nn::make_linear(w, 4 * w),
                            nn::make_linear(4 * w, w), at::empty({6, w})});
    m.latent_mean = at::zeros({c.channels}), m.latent_deviation = at::ones({c.channels});
    return m;
}

DitConfig dit_config_of(const Tensors& tensors) {
    DitConfig c;
    c.channels = tensors.at("latent_mean").size(0);
    c.width = tensors.at("word.embedding").size(1), c.heads = std::max<int64_t>(1, c.width / 64);
    c.times = tensors.at("time.position").size(0), c.rows = tensors.at("row.position").size(0),
    c.columns = tensors.at("column.position").size(0);
    c.blocks = 0;
    while (tensors.contains("blocks." + std::to_string(c.blocks) + ".table")) c.blocks++;
    return c;
}

at::Tensor word_rows(const std::string& sentence) {
    at::Tensor rows = at::zeros({2, kWords}, at::kLong);
    auto* to = rows.data_ptr<int64_t>();
    int64_t count = 0;
    std::string word;
    const auto close = [&] {
        if (!word.empty() && count < kWords) {
            uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
            for (const char c : word) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
            to[count] = 1 + static_cast<int64_t>((hash >> 40) % (kWordRows - 1)),
            to[kWords + count] = 1 + static_cast<int64_t>((hash >> 8) % (kWordRows - 1));
            count++;
        }
        word.clear();
    };
    for (size_t i = 0; i < sentence.size(); i++) {
        const auto c = static_cast<uint8_t>(sentence[i]);
        if (c >= 0xC0) {  // the first byte of a character of several
            close();
            word += sentence[i];
            while (i + 1 < sentence.size() && (static_cast<uint8_t>(sentence[i + 1]) & 0xC0U) == 0x80)
                word += sentence[++i];
            close();
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word += sentence[i];
        } else if (c >= 'A' && c <= 'Z') {
            word += static_cast<char>(c | 0x20U);
        } else {
            close();
        }
    }
    close();
    return rows;
}

namespace {

at::Tensor normed(const at::Tensor& x) { return at::layer_norm(x, {x.size(-1)}, {}, {}, 1e-6); }

at::Tensor rms(const at::Tensor& x) {
    return x * at::rsqrt(x.to(at::kFloat).square().mean(-1, true) + 1e-6).to(x.scalar_type());
}

at::Tensor sigma_waves(const at::Tensor& sigma) {  // [batch] -> [batch, 2 * kSigmaWaves]
    const at::Tensor rates = at::exp(at::arange(kSigmaWaves, sigma.options()) * (-std::log(10000.0) / kSigmaWaves));
    const at::Tensor turns = sigma.unsqueeze(1) * 1000 * rates;
    return at::cat({turns.cos(), turns.sin()}, 1);
}

at::Tensor attend(const DitBlock& block, const at::Tensor& x, int64_t heads) {
    const int64_t b = x.size(0), n = x.size(1), w = x.size(2);
    const at::Tensor qkv = nn::forward(block.qkv, x).reshape({b, n, 3, heads, w / heads}).permute({2, 0, 3, 1, 4});
    const at::Tensor mixed = at::scaled_dot_product_attention(rms(qkv[0]), rms(qkv[1]), qkv[2]);
    return nn::forward(block.project, mixed.transpose(1, 2).reshape({b, n, w}));
}

}  // namespace

at::Tensor forward(const Dit& m, const at::Tensor& x, const at::Tensor& sigma, const at::Tensor& words) {
    const DitConfig& c = m.config;
    const at::ScalarType dtype = m.patch_in.weight.scalar_type();
    const int64_t b = x.size(0);
    // Two frames to a token.
    const at::Tensor patches = x.to(dtype)
                                   .reshape({b, c.times, kFramesPerToken, c.rows, c.columns, c.channels})
                                   .permute({0, 1, 3, 4, 2, 5})
                                   .reshape({b, c.times, c.rows, c.columns, -1});
    const at::Tensor placed = nn::forward(m.patch_in, patches) + m.time_position.view({c.times, 1, 1, c.width}) +
                              m.row_position.view({c.rows, 1, c.width}) + m.column_position;
    const at::Tensor said = at::embedding(m.embedding, words).sum(1) + m.word_position;
    at::Tensor y = at::cat({said, placed.reshape({b, -1, c.width})}, 1);
    const at::Tensor level =
        at::silu(nn::forward(m.sigma_out, at::silu(nn::forward(m.sigma_in, sigma_waves(sigma).to(dtype)))));
    const at::Tensor shared = nn::forward(m.modulation, level).reshape({b, 6, c.width});
    for (const DitBlock& block : m.blocks) {
        const at::Tensor by = (shared + block.table).unsqueeze(2);  // [batch, 6, 1, width]
        // Gates begin open and branches at zero: of a product of two zeros neither would ever learn.
        y = y + (1 + by.select(1, 2)) * attend(block, normed(y) * (1 + by.select(1, 1)) + by.select(1, 0), c.heads);
        const at::Tensor wide =
            at::gelu(nn::forward(block.widen, normed(y) * (1 + by.select(1, 4)) + by.select(1, 3)), "tanh");
        y = y + (1 + by.select(1, 5)) * nn::forward(block.narrow, wide);
    }
    const at::Tensor by = nn::forward(m.last, level).reshape({b, 2, 1, c.width});
    const at::Tensor out =
        nn::forward(m.patch_out, normed(y.slice(1, kWords)) * (1 + by.select(1, 1)) + by.select(1, 0));
    return out.reshape({b, c.times, c.rows, c.columns, kFramesPerToken, c.channels})
        .permute({0, 1, 4, 2, 3, 5})
        .reshape(x.sizes());
}

at::Tensor to_latents(const LayerAutoencoder& frames, const Dit& model, const at::Tensor& pixels) {
    const at::ScalarType dtype = frames.encoder.in.weight.scalar_type();
    const at::Tensor unit = pixels.scalar_type() == at::kByte ? pixels.to(at::kFloat).div(255) : pixels;
    const at::Tensor z = encode(frames.encoder, unit.to(dtype).flatten(0, 1)).to(at::kFloat);
    return ((z - model.latent_mean) / model.latent_deviation).unflatten(0, {pixels.size(0), pixels.size(1)});
}

at::Tensor to_pixels(const LayerAutoencoder& frames, const Dit& model, const at::Tensor& latents) {
    const at::Tensor z = latents.to(at::kFloat).flatten(0, 1) * model.latent_deviation + model.latent_mean;
    return compositor::forward(frames.decoder, z).unflatten(0, {latents.size(0), latents.size(1)});
}

}  // namespace zt::training
