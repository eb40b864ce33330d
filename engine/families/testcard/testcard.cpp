// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The test card as a family; see testcard.h. Its own options (engine_opts) let a host's tests meet
// slow and failing generations without a model that is either:
//   delay_ms=N    each chunk takes N milliseconds longer
//   nan_frame=N   frame N holds a NaN
//   image=WORD    whether it takes pictures: never, optional (as it is by itself) or required
//   size=WORD     how large a clip is where nobody says: own (256x144) or as the picture it begins with
//   sample_rate=N of its sound, in hertz; 0 = it is mute
//   cutout=N      whether it can make the card without its backdrop: 1 (as it is by itself) or 0
#include "families/testcard/testcard.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <thread>
#include <utility>

#include "core/broadcast_rates.h"
#include "core/error.h"
#include "core/frame_time.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "families/testcard/drawing.h"
#include "families/testcard/sound.h"

namespace zt::families {

namespace {

constexpr int kChunkFrames = 12;
constexpr int kMorphFrames = 24;
constexpr int kDefaultFrames = 144;
constexpr int kHistory = 16;  // frames; it shows the newest
constexpr int64_t kMaxDelayMs = 60'000;
constexpr int kSampleRate = 32'000;
constexpr int64_t kMaxSampleRate = 192'000;

struct Settings {
    int64_t delay_ms = 0;
    int64_t nan_frame = -1;
    zt_use image = ZT_USE_OPTIONAL;
    bool size_of_picture = false;
    int sample_rate = kSampleRate;
    bool cutout = true;
};

class TestcardGeneration final : public Generation {
public:
    TestcardGeneration(const GenerationRequest& request, const Settings& settings)
        : request_(request), settings_(settings), sound_(settings.sample_rate) {
        for (const Picture& picture : request.images) {  // the newest of the history comes last
            (picture.role == ZT_IMAGE_LAST ? last_ : backdrop_) =
                testcard::fit_picture(picture, request.fit, request.width, request.height);
        }
        request_.images.clear();
    }

    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override {
        const int64_t frames = std::min<int64_t>(kChunkFrames, most_);
        return request_.frames < 0 ? frames : std::min(frames, request_.frames - next_frame_);
    }

    std::optional<FrameBatch> next(const Direction& direction, const Cancel& cancel,
                                   const ProgressFn& progress) override {
        const int64_t frames = next_frames();
        if (frames == 0) return std::nullopt;
        progress("denoise", 0, 1);
        wait(cancel);
        obey(direction);
        const size_t samples = size_t{3} * static_cast<size_t>(request_.width) * static_cast<size_t>(request_.height);
        const auto made = std::make_shared<Made>();
        made->pixels.resize(samples * static_cast<size_t>(frames));
        if (request_.cutout) made->alpha.resize(samples / 3 * static_cast<size_t>(frames));
        make_sound(direction, frames, *made);
        for (int64_t index = 0; index < frames; ++index, ++next_frame_) {
            cancel.poll();
            float* const picture = made->pixels.data() + samples * static_cast<size_t>(index);
            const testcard::Card card = testcard::blend_cards(before_, card_, next_frame_ - changed_at_, kMorphFrames);
            testcard::draw_card(card, next_frame_, request_.width, request_.height, picture,
                                backdrop_at(next_frame_, static_cast<float>(direction.strength)));
            if (request_.cutout)
                testcard::draw_alpha(card, next_frame_, request_.width, request_.height,
                                     made->alpha.data() + samples / 3 * static_cast<size_t>(index));
            if (next_frame_ == settings_.nan_frame) *picture = std::numeric_limits<float>::quiet_NaN();
        }
        progress("denoise", 1, 1);
        return FrameBatch{made,
                          made->pixels.data(),
                          frames,
                          request_.sound ? made->samples.data() : nullptr,
                          static_cast<int64_t>(made->samples.size()) / testcard::kChannels,
                          request_.cutout ? made->alpha.data() : nullptr};
    }

private:
    struct Made {
        std::vector<float> pixels;   // [frames, 3, height, width]
        std::vector<float> samples;  // [count, channels]
        std::vector<float> alpha;    // [frames, height, width]
    };

    [[nodiscard]] int64_t samples_before(int64_t frame) const {
        return zt_samples_before(frame, settings_.sample_rate, request_.rate.num, request_.rate.den);
    }

    void make_sound(const Direction& direction, int64_t frames, Made& made) {
        if (!request_.sound) return;
        const int64_t begin = samples_before(next_frame_);
        if (direction.cut) sound_.cut(begin);
        made.samples = sound_.make(begin, samples_before(next_frame_ + frames));
    }

    // Another prompt without a cut changes the colours little by little, from what is now seen.
    void obey(const Direction& direction) {
        const testcard::Card card = testcard::make_card(direction.seed, direction.prompt);
        if (next_frame_ > 0 && !direction.cut && direction.prompt != prompt_) {
            before_ = testcard::blend_cards(before_, card_, next_frame_ - changed_at_, kMorphFrames);
            changed_at_ = next_frame_;
        } else if (next_frame_ == 0 || direction.cut) {
            before_ = card;
            changed_at_ = next_frame_;
        }
        prompt_ = direction.prompt;
        card_ = card;
    }

    // The first picture, and little by little the last one; or that alone, out of the bars. A cutout is without.
    testcard::Backdrop backdrop_at(int64_t frame, float strength) {
        if (request_.cutout) return {};
        if (last_.empty()) return {backdrop_, strength};
        const float done = static_cast<float>(frame) / static_cast<float>(std::max<int64_t>(request_.frames - 1, 1));
        if (backdrop_.empty()) return {last_, strength * done};
        blended_.resize(last_.size());
        for (size_t i = 0; i < last_.size(); ++i) blended_[i] = (1.0F - done) * backdrop_[i] + done * last_[i];
        return {blended_, strength};
    }

    void wait(const Cancel& cancel) const {
        using namespace std::chrono_literals;
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(settings_.delay_ms);
        for (cancel.poll(); std::chrono::steady_clock::now() < until; cancel.poll()) std::this_thread::sleep_for(1ms);
    }

    GenerationRequest request_;
    const Settings settings_;
    std::vector<float> backdrop_, last_, blended_;  // [3, height, width], empty without a picture
    int64_t next_frame_ = 0;
    int64_t most_ = std::numeric_limits<int64_t>::max();  // frames up to the next shot
    std::string prompt_;
    testcard::Card card_{}, before_{};  // of prompt_; what a morph begins with
    int64_t changed_at_ = 0;            // frame the morph, or else the shot, began at
    testcard::Sound sound_;
};

// Immutable.
class TestcardModel final : public Model {
public:
    explicit TestcardModel(const Settings& settings) : settings_(settings) {
        limits_.width = 256;
        limits_.height = 144;
        limits_.min_width = limits_.min_height = 16;
        limits_.max_width = limits_.max_height = 4096;
        limits_.size_step = 2;
        limits_.rates.assign(std::begin(kBroadcastRates), std::end(kBroadcastRates));
        limits_.default_frames = kDefaultFrames;
        limits_.chunk_frames = kChunkFrames;
        limits_.endless = true;
        limits_.threads = 1;
        limits_.first_image = settings.image;
        if (settings.image != ZT_USE_NEVER) {
            limits_.last_image = ZT_USE_OPTIONAL;
            limits_.history_images = kHistory;
        }
        limits_.strength = settings.image != ZT_USE_NEVER;
        limits_.size_of_picture = settings.size_of_picture;
        limits_.sample_rate = settings.sample_rate;
        limits_.channels = settings.sample_rate > 0 ? testcard::kChannels : 0;
        limits_.cutout = settings.cutout;
    }

    [[nodiscard]] const Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return "cpu"; }
    [[nodiscard]] std::string precision() const override { return "fp32"; }
    [[nodiscard]] std::string sha256() const override { return ""; }
    void check(const Direction&) const override {}  // any prompt will do
    [[nodiscard]] std::unique_ptr<Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<TestcardGeneration>(request, settings_);
    }

private:
    Limits limits_;
    const Settings settings_;
};

zt_use read_use(const std::string& value) {
    if (value == "never") return ZT_USE_NEVER;
    if (value == "optional") return ZT_USE_OPTIONAL;
    if (value == "required") return ZT_USE_REQUIRED;
    throw Error(ZT_ERROR_ARGUMENT, "engine_opts: image: expected never, optional or required, got " + quote(value));
}

bool read_size(const std::string& value) {
    if (value == "own" || value == "picture") return value == "picture";
    throw Error(ZT_ERROR_ARGUMENT, "engine_opts: size: expected own or picture, got " + quote(value));
}

int64_t read_number(const std::string& name, const std::string& value, int64_t most) {
    const auto number = parse_int64(value);
    if (!number || *number < 0 || *number > most) {
        throw Error(ZT_ERROR_ARGUMENT,
                    "engine_opts: " + name + ": expected 0 to " + std::to_string(most) + ", got " + quote(value));
    }
    return *number;
}

Settings read_settings(const LoadOptions& options) {
    Settings settings;
    for (const auto& [name, value] : options.engine_opts) {
        if (name == "image") {
            settings.image = read_use(value);
            continue;
        }
        if (name == "size") {
            settings.size_of_picture = read_size(value);
            continue;
        }
        if (name == "delay_ms")
            settings.delay_ms = read_number(name, value, kMaxDelayMs);
        else if (name == "nan_frame")
            settings.nan_frame = read_number(name, value, std::numeric_limits<int32_t>::max());
        else if (name == "sample_rate")
            settings.sample_rate = static_cast<int>(read_number(name, value, kMaxSampleRate));
        else if (name == "cutout")
            settings.cutout = read_number(name, value, 1) == 1;
        else
            throw Error(
                ZT_ERROR_ARGUMENT,
                "engine_opts: expected delay_ms, nan_frame, image, size, sample_rate or cutout, got " + quote(name));
    }
    return settings;
}

constexpr uint64_t kLeastMemory = uint64_t{64} << 20;  // frames of the largest size in flight

class TestcardFamily final : public Family {
public:
    [[nodiscard]] std::string_view name() const override { return "testcard"; }
    [[nodiscard]] Detection detect(const std::string&) const override { return {}; }  // has no files
    [[nodiscard]] bool built_in() const override { return true; }
    [[nodiscard]] bool has_weights() const override { return false; }
    [[nodiscard]] std::shared_ptr<const Model> load(const LoadOptions& options) const override {
        if (options.device != "auto" && options.device != "cpu") {
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "device: expected auto or cpu (testcard computes nothing else), got " + quote(options.device));
        }
        if (options.precision != "auto" && options.precision != "fp32") {
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "precision: expected auto or fp32 (testcard has no other), got " + quote(options.precision));
        }
        if (!options.lora.empty()) {
            throw Error(ZT_ERROR_UNSUPPORTED,
                        "lora: expected none (testcard takes no adapters), got " + quote(options.lora));
        }
        if (options.memory_bytes != 0 && options.memory_bytes < kLeastMemory) {
            throw Error(ZT_ERROR_MEMORY,
                        "memory: expected at least 64M for testcard, got " + std::to_string(options.memory_bytes));
        }
        return std::make_shared<TestcardModel>(read_settings(options));
    }
};

}  // namespace

const Family& testcard_family() {
    static const TestcardFamily family;
    return family;
}

}  // namespace zt::families
