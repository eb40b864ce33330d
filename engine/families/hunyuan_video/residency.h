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

#include <c10/core/InferenceMode.h>

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "device/worker_scope.h"
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

// Items from disk, one ahead of their use: while one computes, the next is read by a thread of its own,
// so two are in memory at a time. One thread at a time.
template <class T>
class ReadAhead {
public:
    // `read` gives item i; it runs on other threads and must be able to until this object is gone.
    explicit ReadAhead(std::function<T(int64_t)> read) : read_(std::move(read)) {}
    ~ReadAhead() { finish(); }
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    // Item `index`, good until the next call; begins to read `following` (-1: none). Throws what reading throws.
    const T& take(int64_t index, int64_t following) {
        if (reading_ != index) begin(index);   // the first of all, or another pass was given up
        current_ = T();                        // gives its memory back before the next one is there
        reading_ = -1;
        current_ = next_.get();
        if (following >= 0) begin(following);
        return current_;
    }

private:
    void begin(int64_t index) {
        finish();
        reading_ = index;
        next_ = std::async(std::launch::async, [this, index] {
            const c10::InferenceMode inference;   // a property of a thread
            if (!device::try_start_pool()) device::compute_alone();
            return read_(index);
        });
    }
    void finish() noexcept {
        if (next_.valid()) next_.wait();
    }

    std::function<T(int64_t)> read_;
    int64_t reading_ = -1;   // what `next_` will hold
    std::future<T> next_;
    T current_;
};

// All blocks, or those at the beginning.
struct Blocks {
    std::vector<DoubleBlock> doubles;
    std::vector<SingleBlock> singles;
};

// Reads the first `count` blocks (in the order of use) of `config`.
[[nodiscard]] std::shared_ptr<const Blocks> read_blocks(const TransformerConfig& config, const PartReader& reader, at::ScalarType type,
                                                        int64_t count, const std::function<void(int64_t, int64_t)>& progress);

// The first blocks from memory, the others from disk, again at every step.
class StreamedBlocks final : public BlockSource {
public:
    // `config` and `reader` must outlive it.
    StreamedBlocks(const TransformerConfig& config, const PartReader& reader, at::ScalarType type, std::shared_ptr<const Blocks> resident);
    [[nodiscard]] const DoubleBlock& double_block(int64_t i) override;
    [[nodiscard]] const SingleBlock& single_block(int64_t i) override;

private:
    using Block = std::variant<DoubleBlock, SingleBlock>;
    const Block& take(int64_t index);   // of all blocks, doubles first

    int64_t doubles_, total_, first_streamed_;
    std::shared_ptr<const Blocks> resident_;
    ReadAhead<Block> streamed_;
};

// The LLM from disk, layer after layer, the next one read while one computes; embedding rows alone.
class StreamedLlm final : public LlmSource {
public:
    // `config` and `reader` must outlive it.
    StreamedLlm(const LlmConfig& config, const PartReader& reader, at::ScalarType type);
    const LlmLayer& layer(int64_t i) override;
    at::Tensor rows(const std::vector<int32_t>& ids) override;

private:
    int64_t used_;
    const PartReader& reader_;
    at::ScalarType type_;
    ReadAhead<LlmLayer> streamed_;
};

}  // namespace zt::hunyuan_video
