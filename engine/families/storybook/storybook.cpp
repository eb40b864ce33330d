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

namespace zt::families {
namespace {

using storybook::kRates;

constexpr int64_t kClipFrames = 144;
constexpr int kWidth = 512, kHeight = 288, kLeastSide = 32, kMostWidth = 1920, kMostHeight = 1080;
// Resident set of a process that plays it for ever at its own size and rate, rounded up. LibTorch's own pages are half
// of it.
constexpr uint64_t kLeastMemory = uint64_t{416} << 20;
// A history is found again by its newest frame; more are taken, so that a host need not know that.
constexpr int kHistoryImages = 16;

struct Settings {
    bool strict = false;  // a sentence without a known subject is an error
    storybook::Layers layers = storybook::Layers::kAll;
    uint64_t memory = 0;  // to plan within, bytes; 0: as much as it takes
};

// Bytes of a chunk: its frames in fp32, of so many planes, and canvases of four floats a pixel to draw them on.
int64_t chunk_bytes(int width, int height, zt_rational rate, int planes) {
    return int64_t{width} * height * (planes * storybook::chunk_frames(rate) + 4 * 4) * int64_t{sizeof(float)};
}

void check_memory(uint64_t given, int width, int height, zt_rational rate, int planes = 3) {
    const int64_t more = chunk_bytes(width, height, rate, planes) - chunk_bytes(kWidth, kHeight, kRates[0], 3);
    const uint64_t least = kLeastMemory + static_cast<uint64_t>(std::max<int64_t>(0, more));
    if (given != 0 && given < least)
        throw Error(ZT_ERROR_MEMORY, "memory: expected at least " + std::to_string((least + 1048575) >> 20) +
                                         "M for storybook at " + std::to_string(width) + "x" + std::to_string(height) +
                                         ", got " + std::to_string(given) + " bytes");
}

// Immutable.
class StorybookModel final : public Model {
public:
    StorybookModel(std::unique_ptr<storybook::Weights> weights, at::ScalarType dtype, Settings settings)
        : weights_(std::move(weights)), dtype_(dtype), settings_(settings) {
        limits_.width = kWidth, limits_.height = kHeight;
        limits_.min_width = limits_.min_height = kLeastSide;
        limits_.max_width = kMostWidth, limits_.max_height = kMostHeight;
        limits_.rates.assign(std::begin(kRates), std::end(kRates));
        limits_.keeps_time = true;
        limits_.default_frames = kClipFrames;
        limits_.endless = true;
        limits_.first_image = ZT_USE_OPTIONAL;
        limits_.history_images = kHistoryImages;
        for (const zt_rational rate : kRates)
            limits_.chunk_frames = std::max(limits_.chunk_frames, storybook::chunk_frames(rate));
        limits_.threads = 2;
        limits_.cutout = true;
    }

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return "cpu"; }
    [[nodiscard]] std::string precision() const override { return dtype_ == at::kBFloat16 ? "bf16" : "fp32"; }
    [[nodiscard]] std::string sha256() const override { return weights_->sha256; }
    void check(const Direction& direction) const override {
        if (direction.guidance != limits_.default_guidance)
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "guidance: expected -1 (storybook is not guided), got " + to_text(direction.guidance));
        if (!settings_.strict) return;
        const storybook::CastResult drawn =
            cast(weights_->world, read_sentence(weights_->lexicon, direction.prompt), direction.seed, nullptr);
        if (!drawn.nobody.empty())
            throw Error(ZT_ERROR_UNSUPPORTED, "prompt: expected a subject that this model knows (strict=1), got " +
                                                  quote(drawn.nobody == "?" ? direction.prompt : drawn.nobody));
    }
    void check_request(const GenerationRequest& request) const override {
        check_memory(settings_.memory, request.width, request.height, request.rate, request.cutout ? 4 : 3);
        check_cutout(request);
        if (settings_.layers != storybook::Layers::kAll && !request.images.empty())
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "engine_opts: layers: expected all with a picture, which is the ground, got "
                        "fill or key");
        check(request.first);
    }
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<storybook::Generation>(weights_, request, settings_.layers);
    }

private:
    void check_cutout(const GenerationRequest& request) const {
        if (!request.cutout) return;
        if (!request.images.empty())
            throw Error(ZT_ERROR_UNSUPPORTED, "cutout: expected 0 with a picture, which is the backdrop, got 1");
        if (settings_.layers != storybook::Layers::kAll)
            throw Error(ZT_ERROR_ARGUMENT, "cutout: expected 0 with layers=fill or layers=key, got 1");
    }

    std::shared_ptr<const storybook::Weights> weights_;
    at::ScalarType dtype_;
    Settings settings_;
    Limits limits_;
};

storybook::Layers read_layers(const std::string& value) {
    if (value == "all") return storybook::Layers::kAll;
    if (value == "fill") return storybook::Layers::kFill;
    if (value == "key") return storybook::Layers::kKey;
    throw Error(ZT_ERROR_ARGUMENT, "engine_opts: layers: expected all, fill or key, got " + quote(value));
}

Settings settings_of(const LoadOptions& options) {
    Settings settings;
    settings.memory = options.memory_bytes;
    for (const auto& [key, value] : options.engine_opts) {
        if (key == "layers") {
            settings.layers = read_layers(value);
            continue;
        }
        if (key != "strict")
            throw Error(ZT_ERROR_ARGUMENT,
                        "engine_opts: expected strict or layers (storybook has no other), got " + quote(key));
        if (value != "0" && value != "1")
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: strict: expected 0 or 1, got " + quote(value));
        settings.strict = value == "1";
    }
    return settings;
}

class StorybookFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "storybook"; }
    // Another storybook than the built-in one: a folder with its files.
    [[nodiscard]] Detection detect(const std::string& path) const override { return storybook::detect(path); }
    [[nodiscard]] bool built_in() const override { return true; }
    [[nodiscard]] bool has_weights() const override { return true; }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        if (options.device != "auto" && options.device != "cpu")
            throw Error(ZT_ERROR_DEVICE,
                        "device: expected auto or cpu (storybook runs on the CPU in this version), got " +
                            quote(options.device));
        if (!options.lora.empty())
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "lora: expected none (storybook takes no adapters), got " + quote(options.lora));
        check_memory(options.memory_bytes, kWidth, kHeight, kRates[0]);
        const Settings settings = settings_of(options);
        const at::ScalarType dtype = device::cpu_precision(options.precision);
        return std::make_shared<StorybookModel>(storybook::load_weights(options.path, dtype), dtype, settings);
    }
};

}  // namespace

const Family& storybook_family() {
    static const StorybookFamily family;
    return family;
}

}  // namespace zt::families
