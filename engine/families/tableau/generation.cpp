// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The chunk loop; see generation.h.
#include "families/tableau/generation.h"

#include <algorithm>
#include <cmath>

#include "core/utf8.h"
#include "device/parallel.h"
#include "image/fit.h"

namespace zt::tableau {
namespace {

constexpr double kClipSeconds = 6;   // of a round of an endless loop
constexpr double kChange = 1.2;   // seconds that one sentence takes to give way to the next

Texture texture_of(const image::Picture& picture) {
    Texture t;
    t.width = static_cast<int>(picture.width), t.height = static_cast<int>(picture.height);
    const size_t count = static_cast<size_t>(t.width) * static_cast<size_t>(t.height);
    t.pixels.resize(4 * count);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++) t.pixels[4 * i + c] = static_cast<float>(picture.rgb[3 * i + c]) / 255.F;
    return t;
}

void copy_rows(const Texture& texture, float* rgb, int from, int to) {
    const size_t plane = static_cast<size_t>(texture.width) * static_cast<size_t>(texture.height);
    const size_t begin = static_cast<size_t>(from) * static_cast<size_t>(texture.width), end = static_cast<size_t>(to) * static_cast<size_t>(texture.width);
    for (size_t i = begin; i < end; i++)
        for (size_t c = 0; c < 3; c++) rgb[c * plane + i] = texture.pixels[4 * i + c];
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace

Generation::Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request)
    : weights_(std::move(weights)), request_(request), rate_(request.rate) {
    if (request.loop) loop_frames_ = request.frames > 0 ? request.frames : std::max<int64_t>(1, std::llround(kClipSeconds * rate_.num / rate_.den));
}

double Generation::time_of(int64_t frame, const Part& part) const {
    const int64_t since = frame - part.begin;
    return seconds(loop_frames_ > 0 ? since % loop_frames_ : since);
}

int64_t Generation::next_frames() const {
    const int64_t chunk = int64_t{request_.width} * request_.height > kLargePixels ? 1 : kChunkFrames;
    const int64_t frames = std::min(chunk, most_);
    return request_.frames < 0 ? frames : std::min(frames, request_.frames - done_);
}

void Generation::open_picture(const Cancel& cancel, const families::ProgressFn& progress) {
    progress("picture", 0, 1);
    const families::Picture& given = request_.images.back();   // of a history the newest
    const int width = request_.width, height = request_.height;
    const auto fitted = [&](const std::vector<uint8_t>& rgb, int w, int h, image::Filter filter) { return image::fit({w, h, rgb}, width, height, request_.fit, filter); };
    const image::Picture picture = fitted(*given.rgb, given.width, given.height, image::kFitFilter);
    texture_ = texture_of(picture);
    sight_ = weights_->eyes ? weights_->eyes->see(picture, cancel) : expect(width, height);
    // A mask or an alpha channel that came with the picture says who moves.
    const auto take = [&](const std::vector<uint8_t>& rgb, int w, int h) {
        const image::Picture levels = fitted(rgb, w, h, image::Filter::kBilinear);
        std::vector<uint8_t> values(levels.rgb.size() / 3);
        for (size_t i = 0; i < values.size(); i++) values[i] = levels.rgb[3 * i + 1];
        sight_.subject = map_of(values, width, height, sight_.subject);
        sight_.given = true, sight_.sure = 1;
        for (size_t i = 0; i < sight_.depth.values.size(); i++) sight_.depth.values[i] = std::max(0.4F * sight_.depth.values[i], 0.8F * sight_.subject.values[i]);
    };
    if (request_.mask) {
        take(*request_.mask->rgb, request_.mask->width, request_.mask->height);
    } else if (given.alpha) {
        std::vector<uint8_t> grey(3 * given.alpha->size());
        for (size_t i = 0; i < grey.size(); i++) grey[i] = (*given.alpha)[i / 3];
        take(grey, given.width, given.height);
    }
    request_.images.clear(), request_.mask.reset();
}

// Takes over what changed since the last chunk.
void Generation::obey(const families::Direction& direction, const families::ProgressFn& progress) {
    if (before_.choreography && seconds(done_ - changed_) >= kChange) before_ = {};
    const bool first = !now_.choreography;
    if (!first && !direction.cut && direction.prompt == prompt_ && direction.seed == seed_) return;
    progress("text", 0, 1);
    prompt_ = direction.prompt, seed_ = direction.seed;
    const Asked asked = weights_->words.read(prompt_);
    Settings settings;
    settings.motion = static_cast<float>(request_.motion), settings.tempo = static_cast<float>(request_.tempo);
    settings.loop = seconds(loop_frames_);
    settings.seconds = request_.shot_frames > 0 ? seconds(request_.shot_frames) : 0;
    const auto choreography = std::make_shared<const Choreography>(asked, sight_, request_.width, request_.height, seed_, settings);
    for (const std::string& note : choreography->notes()) request_.log(ZT_LOG_WARNING, "prompt: " + note);
    if (!asked.no_effect.empty()) request_.log(ZT_LOG_INFO, "prompt: words without effect on the motion: " + quote(joined(asked.no_effect)));
    request_.log(ZT_LOG_INFO, "tableau: " + choreography->told());
    if (!first && !direction.cut) before_ = now_, changed_ = done_, std::swap(look_, old_look_);
    else before_ = {};
    now_ = {choreography, done_};
    look_ = {};
    if (choreography->lifts() && !layer_) layer_ = lift(texture_, sight_.subject);
}

void Generation::draw(int64_t frame, float* rgb, const Cancel& cancel) {
    cancel.poll();
    const int height = request_.height;
    const auto left = static_cast<float>(before_.choreography ? 1 - seconds(frame + 1 - changed_) / kChange : 0.0);   // of what was before
    if (left <= 0 && now_.choreography->at_rest(time_of(frame, now_))) {
        device::parallel(height, [&](int64_t from, int64_t to) { copy_rows(texture_, rgb, static_cast<int>(from), static_cast<int>(to)); });
        return;
    }
    const auto fill = [&](const Part& part, Look& look) {
        part.choreography->prepare(look);
        device::parallel(look.first.rows + 1, [&](int64_t from, int64_t to) { part.choreography->fill(look, time_of(frame, part), static_cast<int>(from), static_cast<int>(to) - 1); });
    };
    fill(now_, look_);
    Look* shown = &look_;
    Look mixed;
    if (left > 0) {
        fill(before_, old_look_);
        mixed = look_, shown = &mixed;
        if (mixed.weight.empty() && !old_look_.weight.empty()) mixed.second = mixed.first, mixed.weight.assign(mixed.first.x.size(), 0.F);
        if (mixed.layer.columns == 0 && old_look_.layer.columns > 0) mixed.layer = mixed.first;
        mix(mixed, old_look_, left * left * (3 - 2 * left));
    }
    cancel.poll();
    const bool lifted = shown->layer.columns > 0;
    const Texture& ground = lifted ? layer_->behind : texture_;
    device::parallel(height, [&](int64_t begin, int64_t end) {
        const auto from = static_cast<int>(begin), to = static_cast<int>(end);
        if (shown->weight.empty()) warp_rows(ground, shown->first, rgb, from, to);
        else warp_rows(ground, shown->first, shown->second, shown->weight, rgb, from, to);
        if (lifted) lay_rows(*layer_, shown->layer, rgb, from, to);
    });
}

std::optional<families::FrameBatch> Generation::next(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress) {
    const int64_t frames = next_frames();
    if (frames <= 0) return std::nullopt;
    if (texture_.pixels.empty()) open_picture(cancel, progress);
    obey(direction, progress);
    progress("decode", 0, 1);
    const size_t samples = size_t{3} * static_cast<size_t>(request_.width) * static_cast<size_t>(request_.height);
    const auto pixels = std::make_shared<std::vector<float>>(samples * static_cast<size_t>(frames));
    for (int64_t i = 0; i < frames; i++) draw(done_ + i, pixels->data() + samples * static_cast<size_t>(i), cancel);
    done_ += frames;
    return families::FrameBatch{pixels, pixels->data(), frames};
}

}  // namespace zt::tableau
