// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tableau as a family: limits, loading, sessions.
#include "families/tableau/tableau.h"

#include <iterator>

#include "core/broadcast_rates.h"
#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "device/devices.h"
#include "device/precision.h"
#include "families/tableau/generation.h"
#include "families/tableau/inspect.h"

namespace zt::families {
namespace {

constexpr int64_t kClipFrames = 144;
constexpr int kWidth = 640, kHeight = 360, kLeastSide = 16, kMostSide = 4096;
constexpr int kHistoryImages = 16;  // the newest is looked at; more are taken, so that a host need not know that

class TableauModel final : public Model {
public:
    TableauModel(std::shared_ptr<const tableau::Weights> weights, bool bf16, at::Device device)
        : weights_(std::move(weights)), bf16_(bf16), device_(device) {
        limits_.width = kWidth, limits_.height = kHeight;
        limits_.min_width = limits_.min_height = kLeastSide, limits_.max_width = limits_.max_height = kMostSide;
        limits_.rates.assign(std::begin(kBroadcastRates), std::end(kBroadcastRates));
        limits_.keeps_time = true;
        limits_.default_frames = kClipFrames;
        limits_.chunk_frames = tableau::kChunkFrames;
        limits_.endless = true;
        limits_.first_image = ZT_USE_REQUIRED;
        limits_.history_images = kHistoryImages;
        limits_.size_of_picture = limits_.sees_mask = limits_.loop = limits_.motion = true;
    }
    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return device_.str(); }
    [[nodiscard]] std::string precision() const override { return bf16_ ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return weights_->sha256; }
    void check(const Direction& direction) const override {
        if (direction.guidance != limits_.default_guidance)
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "guidance: expected -1 (tableau is not guided), got " + to_text(direction.guidance));
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<tableau::Generation>(weights_, request, device_);
    }

private:
    std::shared_ptr<const tableau::Weights> weights_;
    bool bf16_;
    at::Device device_;  // that frames are made on; pictures are looked at on the CPU, once
    Limits limits_;
};

class TableauFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "tableau"; }
    [[nodiscard]] Detection detect(const std::string& path) const override { return tableau::detect(path); }
    [[nodiscard]] bool built_in() const override { return true; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        // Frames are made faster on a CPU than CUDA is mapped: only who asks for it gets it.
        const at::Device device =
            options.device == "auto" ? at::Device(at::kCPU) : device::resolve_device(options.device);
        if (!options.lora.empty())
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "lora: expected none (tableau takes no adapters), got " + quote(options.lora));
        if (!options.engine_opts.empty())
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: expected none (tableau has none), got " +
                                               quote(options.engine_opts.front().first));
        const bool bf16 = device::cpu_precision(options.precision) == at::kBFloat16;
        return std::make_shared<TableauModel>(tableau::load_weights(options.path, bf16), bf16, device);
    }
};

}  // namespace

const Family& tableau_family() {
    static const TableauFamily family;
    return family;
}

}  // namespace zt::families
