// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is read when; see residency.h.
#include "families/hunyuan_video/residency.h"

#include <algorithm>
#include <string>
#include <utility>

namespace zt::hunyuan_video {
namespace {

DoubleBlock read_double(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type,
                        int64_t index) {
    DoubleBlock block = make_double_block(config);
    reader.fill(block, type, true, index);
    return block;
}
SingleBlock read_single(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type,
                        int64_t index) {
    SingleBlock block = make_single_block(config);
    reader.fill(block, type, true, index);
    return block;
}

}  // namespace

std::shared_ptr<const Blocks> read_blocks(const TransformerConfig& config, const load::PartReader& reader,
                                          at::ScalarType type, int64_t count,
                                          const std::function<void(int64_t, int64_t)>& progress) {
    auto blocks = std::make_shared<Blocks>();
    for (int64_t i = 0; i < count; i++) {
        progress(i, count);
        if (i < config.layers)
            blocks->doubles.push_back(read_double(config, reader, type, i));
        else
            blocks->singles.push_back(read_single(config, reader, type, i - config.layers));
    }
    return blocks;
}

StreamedBlocks::StreamedBlocks(const TransformerConfig& config, const load::PartReader& reader, at::ScalarType type,
                               std::shared_ptr<const Blocks> resident)
    : doubles_(config.layers), total_(config.layers + config.single_layers),
      first_streamed_(static_cast<int64_t>(resident->doubles.size() + resident->singles.size())),
      resident_(std::move(resident)), streamed_([&config, &reader, type](int64_t i) -> Block {
          if (i < config.layers) return read_double(config, reader, type, i);
          return read_single(config, reader, type, i - config.layers);
      }) {}

const StreamedBlocks::Block& StreamedBlocks::take(int64_t index) {
    return streamed_.take(index, index + 1 < total_ ? index + 1 : first_streamed_);
}

const DoubleBlock& StreamedBlocks::double_block(int64_t i) {
    if (i < static_cast<int64_t>(resident_->doubles.size())) return resident_->doubles[static_cast<size_t>(i)];
    return std::get<DoubleBlock>(take(i));
}

const SingleBlock& StreamedBlocks::single_block(int64_t i) {
    if (i < static_cast<int64_t>(resident_->singles.size())) return resident_->singles[static_cast<size_t>(i)];
    return std::get<SingleBlock>(take(doubles_ + i));
}

StreamedLlm::StreamedLlm(const encoders::LlmConfig& config, const load::PartReader& reader, at::ScalarType type)
    : used_(encoders::used_layers(config)), reader_(reader), type_(type),
      streamed_([&config, &reader, type](int64_t i) {
          encoders::LlmLayer layer = encoders::make_llm_layer(config);
          reader.fill(layer, type, true, "layers." + std::to_string(i));
          return layer;
      }) {}

const encoders::LlmLayer& StreamedLlm::layer(int64_t i) { return streamed_.take(i, i + 1 < used_ ? i + 1 : -1); }

at::Tensor StreamedLlm::rows(const std::vector<int32_t>& ids) {
    return reader_.rows("embed_tokens.weight", std::vector<int64_t>(ids.begin(), ids.end()), type_);
}

}  // namespace zt::hunyuan_video
