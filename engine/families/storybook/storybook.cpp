// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Storybook as a family: limits, loading, sessions.
#include "families/storybook/storybook.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "device/precision.h"
#include "families/storybook/generation.h"
#include "families/storybook/inspect.h"
#include "families/storybook/retime.h"

namespace zt::families {
namespace {

constexpr int64_t kClipFrames = 144;

using storybook::kRates;

bool above_native(zt_rational rate) { return int64_t{rate.num} * kRates[0].den > int64_t{kRates[0].num} * rate.den; }

constexpr int kDefaultSteps = 2;   // more do not mend what the first one decides (training/README.md, "Its own steps")
// Resident set of a process that plays it for ever, rounded up (LibTorch's own pages are half of it).
constexpr uint64_t kLeastMemory = uint64_t{256} << 20;

// Immutable.
class StorybookModel final : public Model {
public:
    StorybookModel(storybook::Weights weights, at::ScalarType dtype)
        : weights_(std::make_shared<const storybook::Weights>(std::move(weights))), dtype_(dtype) {
        limits_.width = limits_.min_width = limits_.max_width = static_cast<int>(storybook::kWidth);
        limits_.height = limits_.min_height = limits_.max_height = static_cast<int>(storybook::kHeight);
        limits_.rates.assign(std::begin(kRates), std::end(kRates));
        limits_.keeps_time = true;
        limits_.default_frames = kClipFrames;
        limits_.endless = true;
        limits_.default_steps = kDefaultSteps;
        limits_.first_image = weights_->denoiser.config.pictures ? ZT_USE_OPTIONAL : ZT_USE_NEVER;
        limits_.no_first = "these weights were trained without still pictures; they can go on from the frames of a clip";
        constexpr int64_t kChunk = storybook::kSlots * storybook::kGroup, kLookedAt = storybook::kGroupsLookedAt * storybook::kGroup;
        for (const zt_rational rate : kRates) {
            const int64_t chunk = above_native(rate) ? storybook::most_frames(kChunk, kRates[0], rate) : kChunk;
            const int64_t history = above_native(rate) ? storybook::most_frames(kLookedAt - 1, kRates[0], rate) + 1 : kLookedAt;
            limits_.chunk_frames = std::max(limits_.chunk_frames, chunk);
            limits_.history_images = std::max(limits_.history_images, static_cast<int>(history));
        }
        // In bf16 each product is so short that two threads mostly wait for each other. In fp32 two halve
        // the time (a clip of 6 s: 7.0 s of processor time either way), and an old machine needs both.
        limits_.threads = dtype_ == at::kBFloat16 ? 1 : 2;
    }

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return "cpu"; }
    [[nodiscard]] std::string precision() const override { return dtype_ == at::kBFloat16 ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return weights_->sha256; }
    void check(const Direction& direction) const override {
        if (direction.guidance != limits_.default_guidance)
            throw Error(ZT_ERROR_UNSUPPORTED, "guidance: expected -1 (storybook is not guided), got " + to_text(direction.guidance));
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        if (!above_native(request.rate)) return std::make_unique<storybook::Generation>(weights_, request);
        GenerationRequest source = request;
        source.frames = -1;
        if (!source.images.empty() && source.images.front().role == ZT_IMAGE_HISTORY)
            source.images = storybook::at_native_rate(std::move(source.images), kRates[0], request.rate, storybook::kGroupsLookedAt * storybook::kGroup);
        return std::make_unique<storybook::Retimed>(std::make_unique<storybook::Generation>(weights_, source), kRates[0], request.rate, request.frames,
                                                    static_cast<size_t>(3 * storybook::kWidth * storybook::kHeight));
    }

private:
    std::shared_ptr<const storybook::Weights> weights_;
    at::ScalarType dtype_;
    Limits limits_;
};

class StorybookFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "storybook"; }
    // Another storybook than the built-in one: a folder with its three files.
    [[nodiscard]] Detection detect(const std::string& path) const override { return storybook::detect(path); }
    [[nodiscard]] bool built_in() const override { return true; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        if (options.device != "auto" && options.device != "cpu")
            throw Error(ZT_ERROR_DEVICE, "device: expected auto or cpu (storybook runs on the CPU in this version), got " + quote(options.device));
        if (!options.lora.empty())
            throw Error(ZT_ERROR_UNSUPPORTED, "lora: expected none (storybook takes no adapters), got " + quote(options.lora));
        if (options.memory_bytes != 0 && options.memory_bytes < kLeastMemory)
            throw Error(ZT_ERROR_MEMORY, "memory: expected at least " + std::to_string(kLeastMemory) + " bytes (256M) for storybook, got " +
                                             std::to_string(options.memory_bytes));
        if (!options.engine_opts.empty())
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: expected none (storybook has no own options), got " + quote(options.engine_opts.front().first));
        const at::ScalarType dtype = device::cpu_precision(options.precision);
        return std::make_shared<StorybookModel>(storybook::load_weights(options.path, dtype), dtype);
    }
};

}  // namespace

const Family& storybook_family() {
    static const StorybookFamily family;
    return family;
}

}  // namespace zt::families
