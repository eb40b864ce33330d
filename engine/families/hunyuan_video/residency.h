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

#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "encoders/llm.h"
#include "families/hunyuan_video/transformer/transformer.h"
#include "load/part_reader.h"
#include "load/read_ahead.h"

namespace zt::hunyuan_video {

// All blocks, or those at the beginning.
struct Blocks {
    std::vector<DoubleBlock> doubles;
    std::vector<SingleBlock> singles;
};

// Reads the first `count` blocks (in the order of use) of `config`.
[[nodiscard]] std::shared_ptr<const Blocks> read_blocks(const TransformerConfig& config, const load::PartReader& reader,
                                                        at::ScalarType type, int64_t count,
                                                        const std::function<void(int64_t, int64_t)>& progress);

// The first blocks from memory, the others from disk, again at every step.
class StreamedBlocks final : public BlockSource {
public:
    // `config` and `reader` must outlive it.
    StreamedBlocks(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type,
                   std::shared_ptr<const Blocks> resident);
    [[nodiscard]] const DoubleBlock& double_block(int64_t i) override;
    [[nodiscard]] const SingleBlock& single_block(int64_t i) override;

private:
    using Block = std::variant<DoubleBlock, SingleBlock>;
    const Block& take(int64_t index);  // of all blocks, doubles first

    int64_t doubles_, total_, first_streamed_;
    std::shared_ptr<const Blocks> resident_;
    load::ReadAhead<Block> streamed_;
};

// The LLM from disk, layer after layer, the next one read while one computes; embedding rows alone.
class StreamedLlm final : public encoders::LlmSource {
public:
    // `config` and `reader` must outlive it.
    StreamedLlm(const encoders::LlmConfig& config, const load::PartReader& reader, at::ScalarType type);
    const encoders::LlmLayer& layer(int64_t i) override;
    at::Tensor rows(const std::vector<int32_t>& ids) override;

private:
    int64_t used_;
    const load::PartReader& reader_;
    at::ScalarType type_;
    load::ReadAhead<encoders::LlmLayer> streamed_;
};

}  // namespace zt::hunyuan_video
