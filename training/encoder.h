// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The VAE's encoder as data is made with it: in the type of the work, on the device, without gradients.
#pragma once

#include "checkpoint.h"
#include "step.h"

namespace zt::training {

// Bytes to what networks see, -1 to 1.
inline at::Tensor from_bytes(const at::Tensor& bytes) { return bytes.to(at::kFloat).mul_(2.0 / 255.0).sub_(1.0); }

// Thread-safe.
class Encoder {
public:
    Encoder(const storybook::Vae& vae, at::Device device) : device_(device) {
        std::vector<at::Tensor> list;
        vae_ = leaves(vae, work_type(device), list, false);
        move_to(vae_, device);
        nn::prepare(vae_);
    }
    // bytes: u8 [n, 4, height, width, 3] -> [n, 18, 32, channels] on the device; as they are, and normalised in fp32
    [[nodiscard]] at::Tensor raw(const at::Tensor& bytes) const { return storybook::encode_moments(vae_, frames(bytes)).slice(-1, 0, channels()); }
    [[nodiscard]] at::Tensor normalised(const at::Tensor& bytes) const { return storybook::encode(vae_, frames(bytes)); }
    [[nodiscard]] int64_t channels() const { return vae_.config.channels; }
    [[nodiscard]] at::Device device() const { return device_; }
    // What was encoded with it, for the names of files that keep such things.
    [[nodiscard]] std::string key() const {
        double sum = 0;
        storybook::Vae copy = vae_;
        copy.visit([&](const std::string& name, at::Tensor& t) { if (name.starts_with("encoder.") || name.starts_with("latent_")) sum += t.to(at::kDouble).sum().item<double>(); });
        return "encoder " + std::to_string(sum);
    }

private:
    [[nodiscard]] at::Tensor frames(const at::Tensor& bytes) const { return from_bytes(bytes.to(device_)).to(work_type(device_)); }
    storybook::Vae vae_;
    at::Device device_;
};

}  // namespace zt::training
