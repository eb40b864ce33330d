// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/causal.h"

#include <algorithm>
#include <array>
#include <utility>

#include "device/devices.h"
#include "families/wan/memory_plan.h"
#include "families/wan/prompt.h"
#include "families/wan/wan.h"
#include "sample/loop.h"
#include "sample/renoise.h"

namespace zt::wan {

using families::Direction;
using families::GenerationRequest;
using families::ProgressFn;

namespace {

constexpr int64_t kGroup = VaeConfig::temporal_compression;  // frames of a latent, but for the first of a shot

std::array<int64_t, 4> block_size(const OpenedModel& model, const GenerationRequest& request) {
    const int64_t scale = model.parts.vae.spatial_compression();
    return {model.parts.transformer.out_channels, kBlockLatents, request.height / scale, request.width / scale};
}

nn::KvCache make_cache(const OpenedModel& model, const GenerationRequest& request) {
    const TransformerConfig& config = model.parts.transformer;
    const auto size = block_size(model, request);
    const int64_t kept = kept_latents(model.parts, request.morph ? request.frames : request.shot_frames);
    const int64_t blocks = kept / kBlockLatents;
    return {{config.layers, config.heads, config.head_dim,
             kBlockLatents * (size[2] / TransformerConfig::patch) * (size[3] / TransformerConfig::patch), blocks,
             std::min(model.parts.sink / kBlockLatents, blocks - 1)},
            at::TensorOptions(model.device).dtype(model.type)};
}

}  // namespace

CausalGeneration::CausalGeneration(std::shared_ptr<const OpenedModel> model, const GenerationRequest& request)
    : model_(std::move(model)), request_(request), plan_(plan_clip(*model_, request)),
      levels_(sample::make_levels(
          "distilled", request.steps,
          request.flow_shift > 0 ? request.flow_shift : model_->parts.flow_shift.value_or(kFlowShift))),
      cache_(make_cache(*model_, request)) {
    tell_plan(*model_, plan_, request_.log);
}

int64_t CausalGeneration::limited(int64_t frames) const {
    return std::min({frames, most_, request_.frames < 0 ? INT64_MAX : request_.frames - done_});
}

int64_t CausalGeneration::waiting() const {
    return (frames_.defined() ? frames_.size(0) : 0) + kGroup * (kBlockLatents - decoded_);
}

int64_t CausalGeneration::next_frames() const {
    if (!noise_) return cut_frames();
    // What a shot of a storyboard without a cut has left of a block comes before the block that obeys it.
    return limited(waiting() > 0 ? waiting() : kGroup * kBlockLatents);
}

int64_t CausalGeneration::cut_frames() const { return limited(kGroup * (kBlockLatents - 1) + 1); }

void CausalGeneration::begin_shot(const Direction& direction, const Cancel& cancel) {
    if (decoder_ == nullptr) let_go(*model_, plan_.budget), decoder_ = read_decoder(*model_, plan_.budget, cancel);
    stream_.emplace(*decoder_, plan_.half_history);
    seed_ = direction.seed;
    noise_.emplace(seed_);
    cache_.clear();
    past_.clear();
    block_ = {-kBlockLatents, {}};
    decoded_ = kBlockLatents;
    frames_.reset();
}

void CausalGeneration::read_prompt(const std::string& prompt, const Cancel& cancel, const ProgressFn& progress) {
    const auto text = encode_text(*model_, prompt, "prompt", request_.log, cancel, progress);
    progress("load", 0, 1);
    prepared_ = prepare(*model_, false, levels_.t, {text.get(), nullptr, {}, {}, {}}, cancel);
    prompt_ = prompt;
    cross_.clear();
    device::return_freed_memory();
}

// The transformer on latents at a level and at a place in the shot.
at::Tensor CausalGeneration::pass(Expert& expert, const Times& times, const Block& at) const {
    const Rope rope =
        make_rope(model_->parts.transformer, at.position, kBlockLatents, at.latents.size(2) / TransformerConfig::patch,
                  at.latents.size(3) / TransformerConfig::patch, model_->device);
    return expert.velocity({times, {}, &prepared_->context, &cross_, &rope, &cache_}, at.latents);
}

// Leaves the keys and values of clean latents.
void CausalGeneration::remember(Expert& expert, const Block& block) {
    static_cast<void>(pass(expert, prepared_->clean, block));
    cache_.advance();
}

void CausalGeneration::make_block(const Direction& direction, const Cancel& cancel, const ProgressFn& progress) {
    const bool changed = !prepared_ || direction.prompt != prompt_;
    if (changed) read_prompt(direction.prompt, cancel, progress);
    if (direction.seed != seed_) seed_ = direction.seed, noise_.emplace(seed_);
    if (weights_.ends == nullptr) weights_ = read_weights(*model_, false, plan_.budget, cancel, progress, request_.log);
    weights_.blocks.others = block_reader(*model_, false, cancel);  // not that of the call before
    Expert expert(*model_, weights_, cancel);
    if (changed) {
        cache_.clear();
        for (const Block& block : past_) remember(expert, block);
    }
    const int64_t position = block_.position + kBlockLatents;
    sample::Renoise solver(levels_, *noise_);
    const sample::Loop loop{
        levels_, solver, [](int64_t) { return 1.0; },
        [&](int64_t i, int64_t n) { progress("denoise", static_cast<int>(i), static_cast<int>(n)); }};
    const at::Tensor made = sample::denoise(
        loop, noise_->draw(block_size(*model_, request_)).to(model_->device),
        [&](const at::Tensor& latents, int64_t step, bool) {
            return pass(expert, prepared_->steps[static_cast<size_t>(step)], {position, latents});
        },
        cancel);
    block_ = {position, made};
    remember(expert, block_);
    decoded_ = 0;
    past_.push_back(block_);
    const auto sink = static_cast<std::ptrdiff_t>(model_->parts.sink / kBlockLatents);
    if (std::ssize(past_) * kBlockLatents == model_->parts.window) past_.erase(past_.begin() + sink);
}

std::optional<families::FrameBatch> CausalGeneration::next(const Direction& direction, const Cancel& cancel,
                                                           const ProgressFn& progress) {
    if (left_ == 0) {
        const bool cut = direction.cut || !noise_;
        left_ = cut ? cut_frames() : next_frames();
        if (left_ == 0) return std::nullopt;
        if (cut) begin_shot(direction, cancel);
        if (waiting() == 0) make_block(direction, cancel, progress);
    }
    if (!frames_.defined()) {
        progress("decode", static_cast<int>(decoded_), static_cast<int>(kBlockLatents));
        frames_ = stream_->next(block_.latents.narrow(1, decoded_++, 1), cancel).to(at::kCPU);
    }
    const auto made = std::make_shared<const at::Tensor>(frames_);
    const int64_t frames = std::min(made->size(0), left_);
    frames_ = frames < made->size(0) ? made->narrow(0, frames, made->size(0) - frames) : at::Tensor();
    left_ -= frames;
    done_ += frames;
    return families::FrameBatch{made, made->const_data_ptr<float>(), frames};
}

}  // namespace zt::wan
