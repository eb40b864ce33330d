// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The video autoencoder from what lies on a disk: a folder of diffusers, the original one with its weights in a folder
// of their own, or a single file.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "families/minimax_h3/video_vae/config.h"
#include "families/minimax_h3/video_vae/decoder.h"
#include "families/minimax_h3/video_vae/encoder.h"
#include "families/minimax_h3/video_vae/files.h"
#include "load/part_reader.h"

namespace zt::minimax_h3 {

// Every tensor under our names. options: device, cancel; the number of heads is filled in.
[[nodiscard]] load::PartReader video_vae_reader(const VideoVaePart& part, load::ReaderOptions options);
// What matrices kept in `kept` are multiplied in on a device: on CPUs fp32 where that is the faster one.
[[nodiscard]] at::ScalarType type_of_products(at::ScalarType kept, at::Device device);
// kept, products: see decoder.h; packed matrices of the file stay packed. Throws what PartReader throws.
[[nodiscard]] VideoVaeDecoder load_video_vae_decoder(const VideoVaePart& part, at::ScalarType kept,
                                                     at::ScalarType products, load::ReaderOptions options);
// Prepared, fp32.
[[nodiscard]] VideoVaeEncoder load_video_vae_encoder(const VideoVaePart& part, load::ReaderOptions options);

}  // namespace zt::minimax_h3
