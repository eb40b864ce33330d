// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The chunk loop; see generation.h.
#include "families/tableau/generation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/utf8.h"
#include "device/parallel.h"
#include "families/tableau/discs.h"
#include "families/tableau/fire.h"
#include "families/tableau/open_sky.h"
#include "families/tableau/plain_ground.h"
#include "families/tableau/specks.h"
#include "image/fit.h"
#include "text/word_list.h"

namespace zt::tableau {
namespace {

constexpr double kClipSeconds = 6;  // of a round of an endless loop
constexpr float kAScene = 0.9F;     // of the picture: what covers so much of it is nobody
constexpr double kChange = 1.2;     // seconds that one sentence takes to give way to the next

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
    const size_t begin = static_cast<size_t>(from) * static_cast<size_t>(texture.width),
                 end = static_cast<size_t>(to) * static_cast<size_t>(texture.width);
    for (size_t i = begin; i < end; i++)
        for (size_t c = 0; c < 3; c++) rgb[c * plane + i] = texture.pixels[4 * i + c];
}

}  // namespace

Generation::Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request,
                       at::Device device)
    : weights_(std::move(weights)), request_(request), rate_(request.rate), device_(device) {
    continues_ = request.images.back().role == ZT_IMAGE_HISTORY;
    if (request.loop)
        loop_frames_ = request.frames > 0 ? request.frames
                                          : std::max<int64_t>(1, std::llround(kClipSeconds * rate_.num / rate_.den));
}

double Generation::time_of(int64_t frame, const Part& part) const {
    const int64_t since = frame - part.begin + (continues_ ? 1 : 0);
    return seconds(loop_frames_ > 0 ? since % loop_frames_ : since);
}

int64_t Generation::next_frames() const {
    // The first frame is the picture itself, which need not wait until it has been looked at.
    const bool alone = (done_ == 0 && !continues_) || int64_t{request_.width} * request_.height > kLargePixels;
    const int64_t chunk = alone ? 1 : kChunkFrames;
    const int64_t frames = std::min(chunk, most_);
    return request_.frames < 0 ? frames : std::min(frames, request_.frames - done_);
}

void Generation::open_picture() {
    const families::Picture& given = request_.images.back();  // of a history the newest
    picture_ = image::fit({given.width, given.height, *given.rgb}, request_.width, request_.height, request_.fit,
                          image::kFitFilter);
    texture_ = texture_of(picture_);
    painter_ = device_.is_cpu() ? make_cpu_painter(texture_) : make_tensor_painter(texture_, device_);
}

void Generation::look_at_picture(const Cancel& cancel, const families::ProgressFn& progress) {
    progress("picture", 0, 1);
    const families::Picture& given = request_.images.back();
    const int width = request_.width, height = request_.height;
    sight_ = weights_->eyes ? weights_->eyes->see(picture_, cancel) : expect(width, height);
    // A mask or an alpha channel that came with the picture says who moves.
    const auto take = [&](const std::vector<uint8_t>& rgb, int w, int h) {
        const image::Picture levels = image::fit({w, h, rgb}, width, height, request_.fit, image::Filter::kBilinear);
        std::vector<uint8_t> values(levels.rgb.size() / 3);
        for (size_t i = 0; i < values.size(); i++) values[i] = levels.rgb[3 * i + 1];
        sight_.subject = map_of(values, width, height, sight_.subject);
        sight_.given = sight_.exact = true, sight_.sure = 1;
        for (size_t i = 0; i < sight_.depth.values.size(); i++)
            sight_.depth.values[i] = std::max(0.4F * sight_.depth.values[i], 0.8F * sight_.subject.values[i]);
    };
    if (request_.mask) {
        take(*request_.mask->rgb, request_.mask->width, request_.mask->height);
    } else if (given.alpha) {
        std::vector<uint8_t> grey(3 * given.alpha->size());
        for (size_t i = 0; i < grey.size(); i++) grey[i] = (*given.alpha)[i / 3];
        take(grey, given.width, given.height);
    } else if (std::optional<Map> drawn = on_plain_ground(texture_, sight_.subject)) {
        sight_.subject = *std::move(drawn), sight_.exact = true, sight_.sure = 1;
    }
    if (!sight_.given && body_of(sight_.subject).area > kAScene) sight_.sure = 0, sight_.exact = false;
    if (sight_.sky.mean() > kLeastOfAPart) sight_.open_sky = open_sky(texture_, sight_.sky);
    request_.images.clear(), request_.mask.reset(), picture_ = {};
}

// Takes over what changed since the last chunk.
void Generation::obey(const families::Direction& direction, const families::ProgressFn& progress) {
    if (before_.choreography && seconds(done_ - changed_) >= kChange) before_ = {};
    const bool first = !now_.choreography;
    if (!first && !direction.cut && direction.prompt == prompt_ && direction.seed == seed_) return;
    progress("text", 0, 1);
    prompt_ = direction.prompt, seed_ = direction.seed;
    const Asked asked = weights_->words.read(prompt_);
    // Looked for once, when first asked for.
    const auto now = [&](bool& looked, auto asks) {
        const bool look = !looked && std::any_of(asked.deeds.begin(), asked.deeds.end(), asks);
        looked = looked || look;
        return look;
    };
    // With a mask or an alpha channel who moves has been said.
    if (!sight_.given && now(looked_.specks, falls_all_over)) sight_.specks = find_specks(texture_);
    if (now(looked_.discs, asks_for_round)) {
        sight_.discs = find_discs(texture_);
        const float aspect = static_cast<float>(request_.width) / static_cast<float>(request_.height);
        if (sight_.given)
            std::erase_if(sight_.discs, [&](const Disc& d) { return sight_.subject.at(d.x / aspect, d.y) < 0.5F; });
    }
    if (now(looked_.fire, [](const Deed& d) { return d.region == kFire; }))
        sight_.fire = find_fire(texture_, sight_.subject);
    if (now(looked_.eyes, [](const Deed& d) { return d.motion == kBlink; }))
        sight_.eyes = find_eyes(texture_, sight_.subject);
    Settings settings;
    settings.motion = static_cast<float>(request_.motion), settings.tempo = static_cast<float>(request_.tempo);
    settings.loop = seconds(loop_frames_);
    settings.seconds = request_.shot_frames > 0 ? seconds(request_.shot_frames) : 0;
    const auto choreography =
        std::make_shared<const Choreography>(asked, sight_, request_.width, request_.height, seed_, settings);
    for (const std::string& note : choreography->notes()) request_.log(ZT_LOG_WARNING, "prompt: " + note);
    if (!asked.no_effect.empty())
        request_.log(ZT_LOG_INFO,
                     "prompt: words without effect on the motion: " + quote(text::join_list(asked.no_effect, " ")));
    request_.log(ZT_LOG_INFO, "tableau: " + choreography->told());
    if (!first && !direction.cut)
        before_ = now_, changed_ = done_, std::swap(look_, old_look_);
    else
        before_ = {};
    now_ = {choreography, first && !direction.cut ? 0 : done_};  // the first sentence's time began with the picture
    look_ = {};
    const Choreography::Lifted lifted = choreography->lifted();
    const bool whoever = lifted == Choreography::kWhoeverItIsOf, below = whoever && choreography->goes_on_below();
    const bool another = lifted != lifted_ || choreography->turning() != turning_ || below != below_ ||
                         choreography->subject().values != of_.values;
    if (lifted != Choreography::kNothing && another) {
        lifted_ = lifted, of_ = choreography->subject(), turning_ = choreography->turning(), below_ = below;
        Layer layer = lifted == Choreography::kDiscs    ? lift(texture_, turning_)
                      : lifted == Choreography::kSpecks ? lift(texture_, sight_.specks, kOfSpecks)
                                                        : lift(texture_, of_,
                                                               !whoever       ? kBeforeSky
                                                               : sight_.exact ? kExact
                                                                              : kGuessed);
        layer.goes_on_below = below, layer.goes_on = lifted == Choreography::kAllButSky;
        painter_->take(std::move(layer));
        if (before_.choreography && before_.choreography->lifted() != Choreography::kNothing)
            before_ = {};  // of another layer
    }
}

void Generation::show_picture(float* rgb) const {
    device::parallel(request_.height, [&](int64_t from, int64_t to) {
        copy_rows(texture_, rgb, static_cast<int>(from), static_cast<int>(to));
    });
}

void Generation::draw(int64_t frame, float* rgb, const Cancel& cancel) {
    const auto left = static_cast<float>(before_.choreography ? 1 - seconds(frame + 1 - changed_) / kChange
                                                              : 0.0);  // of what was before
    if (left <= 0 && now_.choreography->at_rest(time_of(frame, now_))) {
        show_picture(rgb);
        return;
    }
    const auto fill = [&](const Part& part, Look& look) {
        part.choreography->prepare(look);
        device::parallel(look.first.rows + 1, [&](int64_t from, int64_t to) {
            part.choreography->fill(look, time_of(frame, part), static_cast<int>(from), static_cast<int>(to) - 1);
        });
    };
    fill(now_, look_);
    Look* shown = &look_;
    Look mixed;
    if (left > 0) {
        fill(before_, old_look_);
        mixed = look_, shown = &mixed;
        if (mixed.weight.empty() && !old_look_.weight.empty())
            mixed.second = mixed.first, mixed.weight.assign(mixed.first.x.size(), 0.F);
        if (mixed.layer.columns == 0 && old_look_.layer.columns > 0) mixed.layer = mixed.first;
        mix(mixed, old_look_, left * left * (3 - 2 * left));
    }
    painter_->paint(*shown, rgb, cancel);
}

std::optional<families::FrameBatch> Generation::next(const families::Direction& direction, const Cancel& cancel,
                                                     const families::ProgressFn& progress) {
    const int64_t frames = next_frames();
    if (frames <= 0) return std::nullopt;
    const size_t samples = size_t{3} * static_cast<size_t>(request_.width) * static_cast<size_t>(request_.height);
    const auto pixels = std::make_shared<std::vector<float>>(samples * static_cast<size_t>(frames));
    if (texture_.pixels.empty()) {
        open_picture();
        if (!continues_) {
            show_picture(pixels->data());
            done_ = 1;
            return families::FrameBatch{pixels, pixels->data(), 1};
        }
    }
    if (!request_.images.empty()) look_at_picture(cancel, progress);
    obey(direction, progress);
    progress("decode", 0, 1);
    for (int64_t i = 0; i < frames; i++) draw(done_ + i, pixels->data() + samples * static_cast<size_t>(i), cancel);
    done_ += frames;
    return families::FrameBatch{pixels, pixels->data(), frames};
}

}  // namespace zt::tableau
