// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MiniMax-H3 as a family: limits, checks, sessions.
#include "families/minimax_h3/minimax_h3.h"

#include <utility>

#include "core/error.h"
#include "core/text_number.h"
#include "families/minimax_h3/detection.h"
#include "families/minimax_h3/generation.h"
#include "families/minimax_h3/licence.h"
#include "families/minimax_h3/text/prompt_form.h"

namespace zt::families {
namespace {

using minimax_h3::OpenedModel;

// Pictures outside of the trained shapes get the nearest of them.
std::pair<int, int> size_for(int width, int height) {
    constexpr double kMost = 4.0;
    double wide = width, high = height;
    if (wide > kMost * high) wide = kMost * high;
    if (high > kMost * wide) high = kMost * wide;
    const minimax_h3::Canvas canvas = minimax_h3::canvas_of(wide, high);
    return {static_cast<int>(canvas.width), static_cast<int>(canvas.height)};
}

Limits limits_of(const OpenedModel& model) {
    Limits limits;
    limits.width = 1344;
    limits.height = 768;
    limits.size_step = limits.min_width = limits.min_height = static_cast<int>(minimax_h3::kSizeStep);
    limits.max_width = limits.max_height = 4096;
    limits.rates = {{minimax_h3::kFramesPerSecond, 1}};
    limits.frames_step = minimax_h3::kClipFrames;
    limits.frames_offset = minimax_h3::kTailFrames;
    limits.default_frames = minimax_h3::kDefaultFrames;
    limits.chunk_frames = minimax_h3::kClipFrames + minimax_h3::kTailFrames;
    limits.steerable = false;
    limits.shots_alone = true;
    limits.morph = false;
    limits.default_steps = static_cast<int>(model.schedule.steps);
    limits.default_guidance = 1.0;
    limits.enhance = true;
    if (model.parts.takes_picture()) {
        limits.first_image = limits.last_image = ZT_USE_OPTIONAL;
        limits.history_images = 1;  // a clip's last frame, animated like any picture
        limits.size_of_picture = true;
        limits.size_for = size_for;
    } else {
        limits.no_first = "the vision tower of its text encoder is not there; engine_opts mmproj=PATH";
    }
    if (model.parts.sounds()) {
        limits.sample_rate = minimax_h3::kSampleRate;
        limits.channels = minimax_h3::kAudioChannels;
    }
    return limits;
}

// Immutable.
class MinimaxH3Model final : public Model {
public:
    explicit MinimaxH3Model(std::shared_ptr<const OpenedModel> model)
        : model_(std::move(model)), limits_(limits_of(*model_)), sha256_(identity(*model_)) {}

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return model_->device().str(); }
    [[nodiscard]] std::string precision() const override { return model_->type() == at::kBFloat16 ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return sha256_; }
    [[nodiscard]] std::string_view licence() const override { return minimax_h3::kLicence; }
    [[nodiscard]] std::string_view credit() const override { return minimax_h3::kCredit; }
    void check(const Direction& direction) const override {
        if (direction.guidance > 1)
            throw Error(ZT_ERROR_UNSUPPORTED, "guidance: expected at most 1 (this model's is in its weights), got " +
                                                  to_text(direction.guidance));
    }
    void check_request(const GenerationRequest& request) const override {
        check(request.first);
        if (request.shot_frames > minimax_h3::kMostFrames)
            throw Error(ZT_ERROR_ARGUMENT, "frames: expected shots of at most " +
                                               std::to_string(minimax_h3::kMostFrames) + " frames, got " +
                                               std::to_string(request.shot_frames));
        if (request.frames == minimax_h3::kTailFrames && request.frames == request.shot_frames)
            minimax_h3::check_frames(request.frames);  // 17 * k + 5 with k from 1 on
        if (!request.images.empty())
            minimax_h3::check_picture_size(model_->parts.pictures, request.width, request.height);
        static_cast<void>(minimax_h3::plan_clip(*model_, request));
    }
    [[nodiscard]] std::string enhance(const EnhanceRequest& request) const override {
        std::vector<minimax_h3::FormShot> shots;
        for (const EnhanceRequest::Shot& shot : request.shots)
            shots.push_back(
                {(2 * shot.first_frame * 1000 * request.rate.den + request.rate.num) / (2 * request.rate.num),
                 shot.prompt});
        return minimax_h3::structured_prompt(shots, {request.first_image, request.last_image, request.frames});
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<minimax_h3::Generation>(model_, request);
    }

private:
    std::shared_ptr<const OpenedModel> model_;
    Limits limits_;
    std::string sha256_;
};

class MinimaxH3Family final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "minimax_h3"; }
    [[nodiscard]] Detection detect(const std::string& path) const override { return minimax_h3::detect(path); }
    [[nodiscard]] bool built_in() const override { return false; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::vector<std::string> other_files(const LoadOptions& options) const override {
        std::vector<std::string> files = minimax_h3::files_of(options.path, options.engine_opts);
        load::add_lora_files(options.lora, files);
        return files;
    }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        return std::make_shared<MinimaxH3Model>(minimax_h3::open_model(options));
    }
};

}  // namespace

const Family& minimax_h3_family() {
    static const MinimaxH3Family family;
    return family;
}

}  // namespace zt::families
