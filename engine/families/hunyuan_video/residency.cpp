// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is read when; see residency.h.
#include "families/hunyuan_video/residency.h"

#include <utility>

namespace zt::hunyuan_video {
Block read_block(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type, int64_t index) {
    if (index < config.layers) {
        DoubleBlock block = make_double_block(config);
        reader.fill(block, type, true, index);
        return block;
    }
    SingleBlock block = make_single_block(config);
    reader.fill(block, type, true, index - config.layers);
    return block;
}

StreamedBlocks::StreamedBlocks(const TransformerConfig& config, load::HeldBlocks<Block> blocks)
    : doubles_(config.layers),
      blocks_(std::move(blocks.whole), config.layers + config.single_layers, std::move(blocks.others), blocks.ahead) {}

const DoubleBlock& StreamedBlocks::double_block(int64_t i) { return std::get<DoubleBlock>(blocks_(i)); }

const SingleBlock& StreamedBlocks::single_block(int64_t i) { return std::get<SingleBlock>(blocks_(doubles_ + i)); }

}  // namespace zt::hunyuan_video
