// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Wan as a family: limits, checks, sessions.
#include "families/wan/wan.h"

#include <utility>

#include "core/error.h"
#include "core/text_number.h"
#include "families/wan/causal.h"
#include "families/wan/detection.h"
#include "families/wan/generation.h"

namespace zt::families {
namespace {

using wan::OpenedModel;

Limits limits_of(const OpenedModel& model) {
    const auto& parts = model.parts;
    const bool is_5b = parts.known_frames(), is_small = parts.transformer.heads <= 12,
               causal = parts.sampler == "causal";
    Limits limits;
    limits.width = is_small ? 832 : 1280;
    limits.height = is_small ? 480 : is_5b ? 704 : 720;
    limits.size_step = static_cast<int>(parts.vae.spatial_compression() * wan::TransformerConfig::patch);
    limits.min_width = limits.min_height = limits.size_step;
    limits.max_width = limits.max_height = 4096 / limits.size_step * limits.size_step;
    limits.rates = {{16, 1}, {24, 1}, {24000, 1001}, {25, 1}, {30000, 1001}, {30, 1}};
    if (is_5b) std::swap(limits.rates[0], limits.rates[1]);
    limits.frames_step = wan::VaeConfig::temporal_compression;
    limits.frames_offset = 1;
    limits.default_frames = parts.usual_frames();
    limits.chunk_frames = wan::VaeConfig::temporal_compression;
    limits.true_guidance = true;
    limits.steerable = false;
    limits.shots_alone = true;
    limits.first_image = parts.beside_noise() ? ZT_USE_REQUIRED : is_5b ? ZT_USE_OPTIONAL : ZT_USE_NEVER;
    // Models with 36 channels were not all trained to end with a picture, but take one; FLF2V cannot go without.
    limits.last_image = parts.needs_last() ? ZT_USE_REQUIRED : parts.beside_noise() ? ZT_USE_OPTIONAL : ZT_USE_NEVER;
    limits.history_images = model.takes_picture() ? 1 : 0;  // a clip's last frame, animated like any picture
    limits.morph = false;
    limits.default_steps = parts.usual_steps();
    limits.default_guidance = parts.usual_guidance();
    if (!causal) return limits;
    limits.frames_step = 1, limits.frames_offset = 0;  // cut from the last block
    limits.chunk_frames = wan::kBlockLatents * wan::VaeConfig::temporal_compression;
    limits.endless = limits.steerable = limits.morph = true;
    limits.shots_alone = false;
    limits.true_guidance = false;
    return limits;
}

// Immutable.
class WanModel final : public Model {
public:
    explicit WanModel(std::shared_ptr<const OpenedModel> model)
        : model_(std::move(model)), limits_(limits_of(*model_)), sha256_(identity(*model_)) {}

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return model_->device.str(); }
    [[nodiscard]] std::string precision() const override { return model_->type == at::kBFloat16 ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return sha256_; }
    void check(const Direction& direction) const override {
        if (!limits_.true_guidance && direction.guidance > 1)
            throw Error(ZT_ERROR_UNSUPPORTED, "guidance: expected at most 1 (this model makes one pass a step), got " +
                                                  to_text(direction.guidance));
    }
    void check_request(const GenerationRequest& request) const override {
        check(request.first);
        static_cast<void>(wan::plan_clip(*model_, request));
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        if (model_->parts.sampler == "causal") return std::make_unique<wan::CausalGeneration>(model_, request);
        return std::make_unique<wan::Generation>(model_, request);
    }

private:
    std::shared_ptr<const OpenedModel> model_;
    Limits limits_;
    std::string sha256_;
};

class WanFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "wan"; }
    [[nodiscard]] Detection detect(const std::string& path) const override { return wan::detect(path); }
    [[nodiscard]] bool built_in() const override { return false; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::vector<std::string> other_files(const LoadOptions& options) const override {
        std::vector<std::string> files = wan::files_of(options.path, options.engine_opts);
        load::add_lora_files(options.lora, files);
        return files;
    }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        return std::make_shared<WanModel>(wan::open_model(options));
    }
};

}  // namespace

const Family& wan_family() {
    static const WanFamily family;
    return family;
}

}  // namespace zt::families
