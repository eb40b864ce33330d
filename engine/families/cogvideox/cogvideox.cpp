// SPDX-License-Identifier: LGPL-2.1-or-later
//
// CogVideoX as a family: limits, checks, sessions.
#include "families/cogvideox/cogvideox.h"

#include <utility>

#include "core/error.h"
#include "core/text_number.h"
#include "families/cogvideox/generation.h"
#include "families/cogvideox/model.h"
#include "load/part_file.h"

namespace zt::families {
namespace {

using cogvideox::OpenedModel;

constexpr int kSteps = 50, kLongest = 4096;

Limits limits_of(const OpenedModel& model) {
    const auto& parts = model.parts;
    const cogvideox::TransformerConfig& t = parts.transformer;
    Limits limits;
    limits.width = static_cast<int>(parts.usual_size().width),
    limits.height = static_cast<int>(parts.usual_size().height);
    limits.size_step = static_cast<int>(cogvideox::kSpaceCompression * cogvideox::kPatch);
    limits.min_width = limits.min_height = limits.size_step;
    limits.max_width = limits.max_height = kLongest;
    limits.rates = {{8, 1}, {16, 1}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}};
    if (t.is_15()) std::swap(limits.rates[0], limits.rates[1]);
    limits.frames_step = cogvideox::kVideoStep;
    limits.frames_offset = 1;
    limits.default_frames = cogvideox::clip_frames(t.sample_frames);
    limits.chunk_frames = cogvideox::kVideoStep + 1;
    if (t.learned) {  // the places of its tokens are a table
        limits.min_width = limits.max_width = limits.width;
        limits.min_height = limits.max_height = limits.height;
        limits.frames_step = t.sample_frames - 1;
        limits.frames_offset = t.sample_frames;
    }
    limits.true_guidance = true;
    limits.steerable = false;
    limits.shots_alone = true;
    limits.first_image = t.takes_picture() ? ZT_USE_REQUIRED : ZT_USE_NEVER;
    limits.history_images = t.takes_picture() ? 1 : 0;  // a clip's last frame, animated like any picture
    limits.morph = false;
    limits.default_steps = kSteps;
    limits.default_guidance = cogvideox::ModelParts::kGuidance;
    return limits;
}

// Immutable.
class CogVideoXModel final : public Model {
public:
    explicit CogVideoXModel(std::shared_ptr<const OpenedModel> model)
        : model_(std::move(model)), limits_(limits_of(*model_)),
          sha256_(load::digest_of(cogvideox::part_rows(model_->parts))) {}

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return model_->device.str(); }
    [[nodiscard]] std::string precision() const override { return model_->type == at::kBFloat16 ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return sha256_; }
    [[nodiscard]] std::string_view licence() const override { return model_->parts.licence(); }
    void check(const Direction&) const override {}
    void check_request(const GenerationRequest& request) const override {
        if (request.flow_shift > 0)
            throw Error(ZT_ERROR_UNSUPPORTED, "flow_shift: expected none (this model's levels are no flow's), got " +
                                                  to_text(request.flow_shift));
        GenerationRequest silent = request;
        silent.log = nullptr;  // the generation tells
        static_cast<void>(cogvideox::plan_clip(*model_, silent));
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<cogvideox::Generation>(model_, request);
    }

private:
    std::shared_ptr<const OpenedModel> model_;
    Limits limits_;
    std::string sha256_;
};

class CogVideoXFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "cogvideox"; }
    [[nodiscard]] Detection detect(const std::string& path) const override { return cogvideox::detect(path); }
    [[nodiscard]] bool built_in() const override { return false; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::vector<std::string> other_files(const LoadOptions& options) const override {
        std::vector<std::string> files = cogvideox::files_of(options.path, options.engine_opts);
        load::add_lora_files(options.lora, files);
        return files;
    }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        return std::make_shared<CogVideoXModel>(cogvideox::open_model(options));
    }
};

}  // namespace

const Family& cogvideox_family() {
    static const CogVideoXFamily family;
    return family;
}

}  // namespace zt::families
