// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The chunk loop; see generation.h.
#include "families/storybook/generation.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <mutex>

#include "core/error.h"
#include "core/utf8.h"
#include "device/parallel.h"
#include "image/fit.h"
#include "text/word_list.h"

namespace zt::storybook {
namespace {

// A change of the play takes so long.
constexpr double kChange = 1.5;
// How a history is found again: how far into a play is looked, how small its pictures are at first, how many of the
// nearest are looked at in full, and how near (mean squared difference of 0..1) the right one is at least, after lossy
// coding too.
constexpr double kLookedThrough = 60;
constexpr int kSmallWidth = 32, kSmallHeight = 18;
constexpr size_t kLookedAt = 12;
constexpr double kSame = 0.0016;  // 28 dB

// draw(i, canvas) for each of `count` pictures, on the session's threads, a canvas for each part. Throws the first that
// one throws.
void draw_each(int64_t count, int width, int height, const Cancel& cancel,
               const std::function<void(int64_t, Canvas&)>& draw) {
    std::mutex mutex;
    std::exception_ptr thrown;
    device::parallel(count, [&](int64_t from, int64_t to) {
        try {
            Canvas canvas(width, height);
            for (int64_t i = from; i < to; i++) {
                cancel.poll();
                draw(i, canvas);
            }
        } catch (const std::exception&) {  // no exception may leave a part
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::current_exception();
        }
    });
    if (thrown) std::rethrow_exception(thrown);
}

// Of the three colours; both of the same size.
double difference(const Canvas& canvas, const image::Picture& picture) {
    double sum = 0;
    const size_t count = canvas.pixels.size() / 4;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 3; k++) {
            const double d = std::clamp(canvas.pixels[4 * i + k], 0.F, 1.F) - picture.rgb[3 * i + k] / 255.0;
            sum += d * d;
        }
    return sum / static_cast<double>(3 * count);
}

std::string names_of(const World& world) {
    std::vector<std::string> names;
    for (const SubjectInfo& s : world.subjects) names.push_back(s.name);
    return text::join_list(names, ", ");
}

}  // namespace

int64_t chunk_frames(zt_rational rate) {
    const int64_t native = int64_t{kRates[0].num} * rate.den, own = int64_t{rate.num} * kRates[0].den;
    return own <= native ? kChunkFrames : (kChunkFrames * own + native - 1) / native;
}

CastResult understand(const Weights& w, const std::string& prompt, int64_t seed, const Play* before,
                      const families::LogFn& log) {
    const Wish wish = read_sentence(w.lexicon, prompt);
    for (const std::string& note : wish.notes) log(ZT_LOG_WARNING, "prompt: " + note);
    if (!wish.not_understood.empty())
        log(ZT_LOG_WARNING, "prompt: words this model does not know have no effect: " +
                                quote(text::join_list(wish.not_understood, " ")));
    CastResult drawn = cast(w.world, wish, seed, before);
    if (!drawn.nobody.empty())
        log(ZT_LOG_WARNING, "prompt: no subject that this model knows in " + quote(prompt) + "; shown is " +
                                tell(w.world, drawn.play.actors.front()) + " (subjects: " + names_of(w.world) + ")");
    log(ZT_LOG_INFO, "storybook: " + tell(w.world, drawn.play) +
                         (drawn.open.empty() ? "" : "; by the seed: " + text::join_list(drawn.open, ", ")));
    return drawn;
}

Generation::Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request,
                       Layers layers)
    : weights_(std::move(weights)), width_(request.width), height_(request.height), rate_(request.rate),
      frames_(request.frames), log_(request.log), pictures_(request.images), fit_(request.fit), layers_(layers),
      cutout_(request.cutout) {}

int64_t Generation::next_frames() const {
    const int64_t frames = std::min(chunk_frames(rate_), most_);
    return frames_ < 0 ? frames : std::min(frames, frames_ - done_);
}

double Generation::seconds(int64_t frames) const {
    const bool native = int64_t{rate_.num} * kRates[0].den <= int64_t{kRates[0].num} * rate_.den;
    // One division, so that the same moment is the same number at every rate.
    return native ? static_cast<double>(frames) / kRates[0].num : static_cast<double>(frames * rate_.den) / rate_.num;
}

std::shared_ptr<const Stage> Generation::stage_of(const Play& play, LayerPtr backdrop, const Cancel& cancel) const {
    return std::make_shared<const Stage>(weights_->world, play, *weights_->layers, std::move(backdrop),
                                         cutout_ || layers_ != Layers::kAll, [&] { cancel.poll(); });
}

LayerPtr Generation::backdrop_of(const image::Picture& fitted) const {
    const World& world = weights_->world;
    const double scale = std::max(width_ / world.width, height_ / world.height);
    auto layer = std::make_shared<Layer>();
    layer->left = (world.width - width_ / scale) / 2, layer->top = (world.height - height_ / scale) / 2;
    Level whole;
    whole.width = width_, whole.height = height_, whole.scale = scale;
    const size_t count = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    whole.pixels.assign(count * kPixelFloats, 0.F);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 3; k++)
            whole.pixels[i * kPixelFloats + k] = static_cast<float>(fitted.rgb[3 * i + k]) / 255.F;
        whole.pixels[i * kPixelFloats + kAlpha] = 1;
    }
    layer->levels.push_back(std::move(whole));
    complete(*layer, 1);
    return layer;
}

// Takes over what changed since the last chunk.
void Generation::obey(const families::Direction& direction, const Cancel& cancel,
                      const families::ProgressFn& progress) {
    if (before_.stage && seconds(done_ - changed_) >= kChange) before_ = {};
    const bool first = !now_.stage;
    if (!first && !direction.cut && direction.prompt == prompt_ && direction.seed == seed_) return;
    progress("text", 0, 1);
    prompt_ = direction.prompt, seed_ = direction.seed;
    const CastResult drawn = understand(*weights_, prompt_, seed_, first ? nullptr : &now_.stage->play(), log_);
    if (first && !pictures_.empty()) {
        begin(drawn, cancel, progress);
        return;
    }
    const auto stage = stage_of(drawn.play, nullptr, cancel);
    if (first || direction.cut) {
        now_ = {stage, done_};
        before_ = {};
    } else {  // its time goes on, so that who stays keeps its step
        before_ = now_, changed_ = done_;
        now_ = {stage, now_.begin};
    }
}

void Generation::begin(const CastResult& drawn, const Cancel& cancel, const families::ProgressFn& progress) {
    progress("picture", 0, 1);
    const families::Picture& given = pictures_.back();  // of a history the newest
    const bool history = given.role == ZT_IMAGE_HISTORY;
    const image::Picture fitted = image::fit({given.width, given.height, *given.rgb}, width_, height_, fit_);
    pictures_.clear();
    if (!history) {
        now_ = {stage_of(drawn.play, backdrop_of(fitted), cancel), done_};
        return;
    }
    now_ = {stage_of(drawn.play, nullptr, cancel), done_};
    const int64_t next = find(*now_.stage, fitted, cancel);
    if (next >= 0) {
        now_.begin = done_ - next;
        log_(ZT_LOG_INFO, "history: goes on behind frame " + std::to_string(next - 1) + " of this prompt and seed");
        return;
    }
    log_(ZT_LOG_INFO, "history: not of this prompt and seed; its newest frame changes into the clip");
    Play nobody = drawn.play;
    nobody.actors.clear();
    nobody.camera = 0, nobody.weather = 0, nobody.time = 0;
    before_ = {stage_of(nobody, backdrop_of(fitted), cancel), done_};
    changed_ = done_;
}

int64_t Generation::find(const Stage& stage, const image::Picture& newest, const Cancel& cancel) const {
    const image::Picture small = image::fit(newest, kSmallWidth, kSmallHeight, ZT_FIT_STRETCH);
    const auto count = static_cast<int64_t>(kLookedThrough * rate_.num / rate_.den);
    std::vector<std::pair<double, int64_t>> all(static_cast<size_t>(count));
    draw_each(count, kSmallWidth, kSmallHeight, cancel, [&](int64_t i, Canvas& canvas) {
        stage.draw(canvas, seconds(i));
        all[static_cast<size_t>(i)] = {difference(canvas, small), i};
    });
    const size_t looked = std::min(kLookedAt, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(looked), all.end());
    std::pair<double, int64_t> best{1, -1};
    Canvas canvas(width_, height_);
    for (size_t i = 0; i < looked; i++) {
        cancel.poll();
        stage.draw(canvas, seconds(all[i].second));
        best = std::min(best, {difference(canvas, newest), all[i].second});
    }
    return best.first <= kSame ? best.second + 1 : -1;
}

std::optional<families::FrameBatch> Generation::next(const families::Direction& direction, const Cancel& cancel,
                                                     const families::ProgressFn& progress) {
    const int64_t frames = next_frames();
    if (frames <= 0) return std::nullopt;
    obey(direction, cancel, progress);
    progress("decode", 0, 1);
    const size_t plane = static_cast<size_t>(width_) * static_cast<size_t>(height_), samples = 3 * plane;
    const auto count = static_cast<size_t>(frames);
    const auto pixels = std::make_shared<std::vector<float>>((samples + (cutout_ ? plane : 0)) * count);
    float* const alpha = cutout_ ? pixels->data() + samples * count : nullptr;  // behind the colours of all frames
    draw_each(frames, width_, height_, cancel, [&](int64_t i, Canvas& canvas) {
        const double at = seconds(done_ + i - now_.begin),
                     changed = before_.stage ? seconds(done_ + i + 1 - changed_) / kChange : 1;
        if (changed < 1)
            now_.stage->draw_change(canvas, at, *before_.stage, seconds(done_ + i - before_.begin), changed);
        else
            now_.stage->draw(canvas, at);
        const auto index = static_cast<size_t>(i);
        float* const rgb = pixels->data() + samples * index;
        if (cutout_) return write_cutout(canvas, rgb, alpha + plane * index);
        const auto write = layers_ == Layers::kAll ? write_planar : layers_ == Layers::kKey ? write_key : write_fill;
        write(canvas, rgb);
    });
    done_ += frames;
    families::FrameBatch batch{pixels, pixels->data(), frames};
    batch.alpha = alpha;
    return batch;
}

}  // namespace zt::storybook
