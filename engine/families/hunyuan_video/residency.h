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
#include <future>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "families/hunyuan_video/llm.h"
#include "families/hunyuan_video/loader.h"
#include "families/hunyuan_video/transformer.h"

namespace zt::hunyuan_video {

// One part as all sessions of a process share it: loaded by the first that asks, freed by the last
// that lets go, or never when it is to stay. Thread-safe.
template <class T>
class Shared {
public:
    std::shared_ptr<const T> get(bool stay, const std::function<std::shared_ptr<const T>()>& load) {
        const std::lock_guard lock(mutex_);   // others wait: they want the same
        if (auto there = weak_.lock()) return there;
        const auto made = load();
        weak_ = made;
        if (stay) kept_ = made;
        return made;
    }

private:
    std::mutex mutex_;
    std::weak_ptr<const T> weak_;
    std::shared_ptr<const T> kept_;
};

// All blocks, or those at the beginning.
struct Blocks {
    std::vector<DoubleBlock> doubles;
    std::vector<SingleBlock> singles;
};

// Reads the first `count` blocks (in the order of use) of `config`.
[[nodiscard]] std::shared_ptr<const Blocks> read_blocks(const TransformerConfig& config, const PartReader& reader, at::ScalarType type,
                                                        int64_t count, const std::function<void(int64_t, int64_t)>& progress);

// The first blocks from memory, the others from disk, one ahead of the computation: while a block is in
// use the next one is read by a thread of its own, so two streamed blocks are in memory at a time.
class StreamedBlocks final : public BlockSource {
public:
    // `reader` must outlive it.
    StreamedBlocks(const TransformerConfig& config, const PartReader& reader, at::ScalarType type, std::shared_ptr<const Blocks> resident);
    ~StreamedBlocks() override;
    [[nodiscard]] const DoubleBlock& double_block(int64_t i) override;
    [[nodiscard]] const SingleBlock& single_block(int64_t i) override;

private:
    using Block = std::variant<DoubleBlock, SingleBlock>;
    [[nodiscard]] Block read(int64_t index) const;
    const Block& take(int64_t index);   // of all blocks, doubles first
    void begin_reading(int64_t index);

    const TransformerConfig& config_;
    const PartReader& reader_;
    at::ScalarType type_;
    std::shared_ptr<const Blocks> resident_;
    int64_t first_streamed_, total_;
    int64_t reading_ = -1;              // the block `next_` will hold
    std::future<Block> next_;
    Block current_;
};

// The LLM from disk, layer after layer, the next one read while one computes; embedding rows alone.
class StreamedLlm final : public LlmSource {
public:
    // `reader` must outlive it.
    StreamedLlm(const LlmConfig& config, const PartReader& reader, at::ScalarType type);
    ~StreamedLlm() override;
    const LlmLayer& layer(int64_t i) override;
    at::Tensor rows(const std::vector<int32_t>& ids) override;

private:
    [[nodiscard]] LlmLayer read(int64_t i) const;

    const LlmConfig& config_;
    const PartReader& reader_;
    at::ScalarType type_;
    int64_t reading_ = -1;
    std::future<LlmLayer> next_;
    LlmLayer current_;
};

}  // namespace zt::hunyuan_video
