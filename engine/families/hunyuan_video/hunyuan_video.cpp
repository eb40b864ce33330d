// SPDX-License-Identifier: LGPL-2.1-or-later
//
// HunyuanVideo as a family: limits, checks, sessions. README.md tells what it loads and what was measured.
#include "families/hunyuan_video/hunyuan_video.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "families/hunyuan_video/detection.h"
#include "families/hunyuan_video/generation.h"
#include "load/lora_set.h"

namespace zt::families {
namespace {

using hunyuan_video::Kind;
namespace load = zt::load;
using hunyuan_video::OpenedModel;

constexpr int kWidth = 1280, kHeight = 720;  // published sizes reach this
constexpr int64_t kClipFrames = 129;
constexpr int kSteps = 50;
constexpr double kGuidance = 6.0;

Limits limits_of(const OpenedModel& model) {
    const auto& parts = model.parts;
    Limits limits;
    limits.width = kWidth;
    limits.height = kHeight;
    limits.size_step = static_cast<int>(parts.vae.spatial_compression * parts.transformer.patch);
    limits.min_width = limits.min_height = limits.size_step;
    limits.max_width = limits.max_height = 4096 / limits.size_step * limits.size_step;
    limits.rates = {{24, 1}, {24000, 1001}, {25, 1}, {30000, 1001}, {30, 1}};
    limits.frames_step = parts.vae.temporal_compression;
    limits.frames_offset = 1;
    limits.default_frames = kClipFrames - model.skipped_frames();
    // The first tile gives one frame more than the others.
    limits.chunk_frames = hunyuan_video::temporal_tile(model.tiling, parts.vae, 1 << 20, 0).frames;
    limits.true_guidance = parts.true_cfg > 1.0;
    limits.steerable = false;
    limits.shots_alone = true;
    limits.morph = model.takes_picture();
    limits.default_steps = kSteps;
    limits.first_image = model.takes_picture() ? ZT_USE_REQUIRED : ZT_USE_NEVER;
    limits.history_images = model.takes_picture() ? 1 : 0;  // the last frame, animated like any picture
    limits.default_guidance = parts.transformer.guidance_embeds ? kGuidance : 0.0;
    return limits;
}

// Immutable.
class HunyuanVideoModel final : public Model {
public:
    explicit HunyuanVideoModel(std::shared_ptr<const OpenedModel> model)
        : model_(std::move(model)), limits_(limits_of(*model_)), sha256_(identity(*model_)) {}

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return model_->device.str(); }
    [[nodiscard]] std::string precision() const override { return model_->type == at::kBFloat16 ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return sha256_; }
    void check(const Direction& direction) const override {
        if (!model_->parts.transformer.guidance_embeds && direction.guidance != limits_.default_guidance)
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "guidance: expected -1 (this checkpoint has no input for it; engine_opts=true_cfg=N guides by "
                        "two passes), got " +
                            to_text(direction.guidance));
    }
    void check_request(const GenerationRequest& request) const override {
        check(request.first);
        static_cast<void>(hunyuan_video::plan_budget(
            *model_, request.width, request.height,
            hunyuan_video::longest_clip(*model_, request) - model_->skipped_frames(), request.steps));
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<hunyuan_video::Generation>(model_, request);
    }

private:
    std::shared_ptr<const OpenedModel> model_;
    Limits limits_;
    std::string sha256_;
};

class HunyuanVideoFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "hunyuan_video"; }
    [[nodiscard]] Detection detect(const std::string& path) const override { return hunyuan_video::detect(path); }
    [[nodiscard]] bool built_in() const override { return false; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::vector<std::string> other_files(const LoadOptions& options) const override {
        std::vector<std::string> files = hunyuan_video::files_of(options.path, options.engine_opts);
        load::add_lora_files(options.lora, files);
        return files;
    }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        return std::make_shared<HunyuanVideoModel>(hunyuan_video::open_model(options));
    }
};

}  // namespace

const Family& hunyuan_video_family() {
    static const HunyuanVideoFamily family;
    return family;
}

}  // namespace zt::families
