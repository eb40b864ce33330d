// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A clip or a stream without end from a causal few-step model (Self-Forcing, Huang et al. 2506.08009, and those made
// from it). Three latents at a time come out of noise in a few steps, attending to the keys and values of the latents
// before them; one more pass, at level 0, leaves their own. Memory does not grow with the length: `window` latents are
// remembered. A block of three is a chunk, 12 frames (9 at the beginning of a shot), of which each latent's leave when
// they are decoded.
//
// Another prompt holds from the next block on. With a cut that block begins a shot as the first of all does: nothing is
// remembered and the noise starts from the seed again, so a shot is the clip that its prompt alone makes. Without one
// the latents stay, and their keys and values are made again as the new prompt has them.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "families/family.h"
#include "families/wan/expert.h"
#include "families/wan/model.h"
#include "nn/kv_cache.h"
#include "sample/noise.h"
#include "sample/schedule.h"

namespace zt::wan {

// One thread at a time.
class CausalGeneration final : public families::Generation {
public:
    CausalGeneration(std::shared_ptr<const OpenedModel> model, const families::GenerationRequest& request);

    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override;
    [[nodiscard]] int64_t cut_frames() const override;
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override;

private:
    struct Block {
        int64_t position = 0;  // of its first latent in the shot
        at::Tensor latents;    // [z, 3, h, w] fp32, clean
    };

    [[nodiscard]] int64_t limited(int64_t frames) const;  // by the next shot and the end
    [[nodiscard]] int64_t waiting() const;                // frames of the last block that no chunk has had
    void begin_shot(const families::Direction& direction, const Cancel& cancel);
    void read_prompt(const std::string& prompt, const Cancel& cancel, const families::ProgressFn& progress);
    void make_block(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress);
    [[nodiscard]] at::Tensor pass(Expert& expert, const Times& times, const Block& at) const;
    void remember(Expert& expert, const Block& block);

    std::shared_ptr<const OpenedModel> model_;
    families::GenerationRequest request_;
    ClipPlan plan_;
    sample::Levels levels_;
    int64_t done_ = 0;          // frames handed out
    int64_t most_ = INT64_MAX;  // frames up to the next shot
    int64_t left_ = 0;          // of the chunk in the making
    // Of the prompt in force:
    std::string prompt_;
    std::optional<Prepared> prepared_;
    mutable std::vector<CrossContext> cross_;  // filled by the first pass
    // Of the shot:
    int64_t seed_ = 0;
    std::optional<sample::Noise> noise_;
    nn::KvCache cache_;
    std::vector<Block> past_;          // those in the cache that the next block will see
    Block block_;                      // the last one made
    int64_t decoded_ = kBlockLatents;  // latents of it
    at::Tensor frames_;                // [n, 3, H, W] decoded, not handed out
    ResidentWeights weights_;
    std::shared_ptr<const VaeDecoder> decoder_;  // outlives stream_
    std::optional<StreamingDecoder> stream_;
};

}  // namespace zt::wan
