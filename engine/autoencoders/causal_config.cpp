// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See causal_config.h.
#include "autoencoders/causal_config.h"

#include "autoencoders/causal_names.h"
#include "core/error.h"
#include "core/json.h"
#include "load/config_json.h"
#include "load/shapes.h"

namespace zt::autoencoders {
namespace {

constexpr uint64_t kMost = 1 << 20;

std::vector<float> numbers(const json::Field& root, const char* key, int64_t count) {
    const json::Field list = root.at(key);
    if (static_cast<int64_t>(list.size()) != count)
        list.refuse(std::to_string(count) + " numbers, one for each latent channel");
    std::vector<float> values;
    for (size_t i = 0; i < list.size(); i++) values.push_back(static_cast<float>(list.at(i).number()));
    return values;
}

std::string size_text(const VaeConfig& c) {
    return std::to_string(c.decoder_base_dim * c.dim_mult.back()) + " x " + std::to_string(c.z_dim);
}

}  // namespace

VaeConfig plain_vae() {
    VaeConfig c;
    c.mean = {-0.7571F, -0.7089F, -0.9113F, 0.1075F,  -0.1745F, 0.9653F,  -0.1517F, 1.5508F,
              0.4134F,  -0.0715F, 0.5517F,  -0.3632F, -0.1922F, -0.9497F, 0.2503F,  -0.2921F};
    c.std = {2.8184F, 1.4541F, 2.3275F, 2.6558F, 1.2196F, 1.7708F, 2.6052F, 2.0743F,
             3.2687F, 2.1526F, 2.8652F, 1.5579F, 1.6382F, 1.1253F, 2.8251F, 1.9160F};
    return c;
}

VaeConfig residual_vae() {
    VaeConfig c;
    c.base_dim = 160, c.decoder_base_dim = 256, c.z_dim = 48, c.is_residual = true, c.patch_size = 2;
    c.mean = {-0.2289F, -0.0052F, -0.1323F, -0.2339F, -0.2799F, 0.0174F,  0.1838F,  0.1557F,  -0.1382F, 0.0542F,
              0.2813F,  0.0891F,  0.1570F,  -0.0098F, 0.0375F,  -0.1825F, -0.2246F, -0.1207F, -0.0698F, 0.5109F,
              0.2665F,  -0.2108F, -0.2158F, 0.2502F,  -0.2055F, -0.0322F, 0.1109F,  0.1567F,  -0.0729F, 0.0899F,
              -0.2799F, -0.1230F, -0.0313F, -0.1649F, 0.0117F,  0.0723F,  -0.2839F, -0.2083F, -0.0520F, 0.3748F,
              0.0152F,  0.1957F,  0.1433F,  -0.2944F, 0.3573F,  -0.0548F, -0.1681F, -0.0667F};
    c.std = {0.4765F, 1.0364F, 0.4514F, 1.1677F, 0.5313F, 0.4990F, 0.4818F, 0.5013F, 0.8158F, 1.0344F,
             0.5894F, 1.0901F, 0.6885F, 0.6165F, 0.8454F, 0.4978F, 0.5759F, 0.3523F, 0.7135F, 0.6804F,
             0.5833F, 1.4146F, 0.8986F, 0.5659F, 0.7069F, 0.5338F, 0.4889F, 0.4917F, 0.4069F, 0.4999F,
             0.6866F, 0.4093F, 0.5709F, 0.6065F, 0.6415F, 0.4944F, 0.5726F, 1.2042F, 0.5458F, 1.6887F,
             0.3971F, 1.0600F, 0.3943F, 0.5537F, 0.5444F, 0.4089F, 0.7468F, 0.7744F};
    return c;
}

VaeConfig parse_vae_config(std::string_view text, const std::string& name) {
    const json::Origin origin{name, ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(text, {}, origin);
    const json::Field root(value, origin);
    const auto residual = root.find("is_residual");
    VaeConfig c = residual && !residual->is_null() && residual->boolean() ? residual_vae() : plain_vae();
    const int64_t z_dim = c.z_dim;
    load::read(root, "base_dim", c.base_dim, kMost);
    c.decoder_base_dim = c.base_dim;
    load::read(root, "decoder_base_dim", c.decoder_base_dim, kMost);
    load::read(root, "z_dim", c.z_dim, kMost);
    load::read(root, "num_res_blocks", c.num_res_blocks, kMost);
    if (c.num_res_blocks != 2) root.at("num_res_blocks").refuse("2");
    if (const auto mult = root.find("dim_mult")) {
        if (mult->size() != 4) mult->refuse("four numbers");
        for (size_t i = 0; i < 4; i++) c.dim_mult[i] = static_cast<int64_t>(mult->at(i).integer(1, 64));
    }
    if (const auto down = root.find("temperal_downsample")) {  // spelt so in the files
        if (down->size() != 3) down->refuse("three of true and false");
        for (size_t i = 0; i < 3; i++) c.temporal_downsample[i] = down->at(i).boolean();
        if (c.temporal_downsample != std::array<bool, 3>{false, true, true}) down->refuse("false, true, true");
    }
    load::read(root, "patch_size", c.patch_size, kMost);
    if (c.patch_size > 2) root.at("patch_size").refuse("1 or 2");
    if (root.find("latents_mean")) c.mean = numbers(root, "latents_mean", c.z_dim);
    if (root.find("latents_std")) c.std = numbers(root, "latents_std", c.z_dim);
    for (const char* key : {"latents_mean", "latents_std"})
        if (c.z_dim != z_dim && !root.find(key)) root.at(key).refuse("as many numbers as z_dim");
    return c;
}

VaeConfig vae_config_of(const weights::Checkpoint& file) {
    const load::Shapes shapes(file, vae_names());
    const load::Shape& first = shapes.at("decoder.conv_in.weight", 5);
    std::string known;
    for (const VaeConfig& c : {plain_vae(), residual_vae()}) {
        if (first[1] == c.z_dim && first[0] == c.decoder_base_dim * c.dim_mult.back()) return c;
        known += (known.empty() ? "" : " or ") + size_text(c);
    }
    load::refuse_kind(file, "tensor \"decoder.conv_in.weight\": expected " + known +
                                ", or a config.json beside the file, got " + std::to_string(first[0]) + " x " +
                                std::to_string(first[1]));
}

}  // namespace zt::autoencoders
