// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading ahead; see residency.h. A thread that reads opens inference mode itself, as the worker does:
// it is a property of a thread.
#include "families/hunyuan_video/residency.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <string>
#include <utility>

namespace zt::hunyuan_video {
namespace {

DoubleBlock read_double(const TransformerConfig& config, const PartReader& reader, at::ScalarType type, int64_t index) {
    DoubleBlock block = make_double_block(config);
    reader.fill(block, type, true, index);
    return block;
}
SingleBlock read_single(const TransformerConfig& config, const PartReader& reader, at::ScalarType type, int64_t index) {
    SingleBlock block = make_single_block(config);
    reader.fill(block, type, true, index);
    return block;
}

template <class Result, class Read>
std::future<Result> read_ahead(Read read) {
    return std::async(std::launch::async, [read = std::move(read)] {
        const c10::InferenceMode inference;
        return read();
    });
}

// A reader that is still running must not outlive what it reads into.
template <class Result>
void finish(std::future<Result>& future) noexcept {
    if (future.valid()) future.wait();
}

}  // namespace

std::shared_ptr<const Blocks> read_blocks(const TransformerConfig& config, const PartReader& reader, at::ScalarType type, int64_t count,
                                          const std::function<void(int64_t, int64_t)>& progress) {
    auto blocks = std::make_shared<Blocks>();
    for (int64_t i = 0; i < count; i++) {
        progress(i, count);
        if (i < config.layers) blocks->doubles.push_back(read_double(config, reader, type, i));
        else blocks->singles.push_back(read_single(config, reader, type, i - config.layers));
    }
    return blocks;
}

StreamedBlocks::StreamedBlocks(const TransformerConfig& config, const PartReader& reader, at::ScalarType type,
                               std::shared_ptr<const Blocks> resident)
    : config_(config), reader_(reader), type_(type), resident_(std::move(resident)),
      first_streamed_(static_cast<int64_t>(resident_->doubles.size() + resident_->singles.size())),
      total_(config.layers + config.single_layers) {}

StreamedBlocks::~StreamedBlocks() { finish(next_); }

StreamedBlocks::Block StreamedBlocks::read(int64_t index) const {
    if (index < config_.layers) return read_double(config_, reader_, type_, index);
    return read_single(config_, reader_, type_, index - config_.layers);
}

void StreamedBlocks::begin_reading(int64_t index) {
    reading_ = index;
    next_ = read_ahead<Block>([this, index] { return read(index); });
}

const StreamedBlocks::Block& StreamedBlocks::take(int64_t index) {
    if (reading_ != index) {            // the first of all, or another pass over the blocks was given up
        finish(next_);
        begin_reading(index);
    }
    current_ = Block();                 // gives its memory back before the next one is there
    current_ = next_.get();
    begin_reading(index + 1 < total_ ? index + 1 : first_streamed_);
    return current_;
}

const DoubleBlock& StreamedBlocks::double_block(int64_t i) {
    if (i < static_cast<int64_t>(resident_->doubles.size())) return resident_->doubles[static_cast<size_t>(i)];
    return std::get<DoubleBlock>(take(i));
}

const SingleBlock& StreamedBlocks::single_block(int64_t i) {
    if (i < static_cast<int64_t>(resident_->singles.size())) return resident_->singles[static_cast<size_t>(i)];
    return std::get<SingleBlock>(take(config_.layers + i));
}

StreamedLlm::StreamedLlm(const LlmConfig& config, const PartReader& reader, at::ScalarType type)
    : config_(config), reader_(reader), type_(type) {}

StreamedLlm::~StreamedLlm() { finish(next_); }

LlmLayer StreamedLlm::read(int64_t i) const {
    LlmLayer layer = make_llm_layer(config_);
    reader_.fill(layer, type_, true, "layers." + std::to_string(i));
    return layer;
}

const LlmLayer& StreamedLlm::layer(int64_t i) {
    if (reading_ != i) {
        finish(next_);
        next_ = read_ahead<LlmLayer>([this, i] { return read(i); });
    }
    current_ = LlmLayer();
    current_ = next_.get();
    reading_ = -1;
    if (i + 1 < used_layers(config_)) {
        reading_ = i + 1;
        next_ = read_ahead<LlmLayer>([this, i] { return read(i + 1); });
    }
    return current_;
}

at::Tensor StreamedLlm::rows(const std::vector<int32_t>& ids) {
    return reader_.rows("embed_tokens.weight", std::vector<int64_t>(ids.begin(), ids.end()), type_);
}

}  // namespace zt::hunyuan_video
