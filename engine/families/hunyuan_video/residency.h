// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What of a model is in memory, and when. A generation goes through three phases, and each part is
// there only for its own, unless the budget holds all of them:
//
//   text         CLIP; the LLM one layer at a time from disk (each is needed once per prompt); for
//                pictures the vision tower and the VAE's encoder
//   transformer  embedders until all steps are prepared, then the blocks: in memory as many as the
//                budget holds, the others read from disk again at every step while the one before computes
//   decode       the VAE's decoder
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "families/hunyuan_video/transformer/transformer.h"
#include "load/held_blocks.h"
#include "load/part_reader.h"
#include "load/read_ahead.h"

namespace zt::hunyuan_video {

// One block, in the order of use: all double ones first.
using Block = std::variant<DoubleBlock, SingleBlock>;

// Reads block `index` of all.
[[nodiscard]] Block read_block(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type,
                               int64_t index);

// The first blocks from memory, the others from disk or from the shares of all ranks, again at every step.
class StreamedBlocks final : public BlockSource {
public:
    StreamedBlocks(const TransformerConfig& config, load::HeldBlocks<Block> blocks);
    [[nodiscard]] const DoubleBlock& double_block(int64_t i) override;
    [[nodiscard]] const SingleBlock& single_block(int64_t i) override;

private:
    int64_t doubles_;
    load::PartlyResident<Block> blocks_;
};

}  // namespace zt::hunyuan_video
