// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The chunk loop; see generation.h.
#include "families/storybook/generation.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "families/storybook/sentence.h"
#include "sample/loop.h"
#include "sample/schedule.h"

namespace zt::storybook {
namespace {

constexpr int64_t kChunkFrames = kSlots * kGroup;
constexpr int64_t kFade = 12;      // frames over which the detail of a given picture fades
constexpr double kMotion = 0.1;    // of the range; differences far above are motion, far below are not

size_t draw_layout(uint64_t seed, size_t count) {
    // splitmix64's finaliser, so that neighbouring seeds differ in the choice too.
    seed = (seed + 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
    return (seed ^ (seed >> 31)) % count;
}

}  // namespace

void report_unknown(const text::WordIds& ids, const families::LogFn& log) {
    for (const auto& [written, read] : ids.corrected) log(ZT_LOG_WARNING, "prompt: " + quote(written) + " is not known and is read as " + quote(read));
    if (!ids.unknown.empty()) {
        std::string list;
        for (const std::string& word : ids.unknown) list += (list.empty() ? "" : " ") + word;
        log(ZT_LOG_WARNING, "prompt: words this model does not know have no effect: " + quote(list));
    }
    if (ids.dropped > 0)
        log(ZT_LOG_WARNING, "prompt: model reads " + std::to_string(ids.ids.size()) + " words, got " +
                                std::to_string(ids.ids.size() + ids.dropped) + "; the rest has no effect");
}

Generation::Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request)
    : weights_(std::move(weights)),
      frames_(request.frames),
      sigmas_(sample::flow_sigmas(request.steps, request.flow_shift > 0 ? request.flow_shift : 1.0)),
      log_(request.log),
      pictures_(request.images),
      fit_(request.fit),
      noise_(request.first.seed),
      seed_(request.first.seed) {}

int64_t Generation::next_frames() const {
    const int64_t frames = std::min(kChunkFrames, most_);
    return frames_ < 0 ? frames : std::min(frames, frames_ - done_);
}

// Takes over what changed since the last chunk.
void Generation::obey(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress) {
    const bool reseeded = direction.seed != seed_;
    if (reseeded) {
        seed_ = direction.seed;
        noise_ = sample::Noise(seed_);
    }
    if (direction.cut) {
        context_ = spare_ = newest_ = detail_ = at::Tensor();
        decoder_ = DecoderState();
        clock_ = 0;
    }
    const bool new_layout = reseeded || (direction.cut && layout_);
    if (new_layout) layout_.reset();
    if (sentence_.defined() && !new_layout && direction.prompt == prompt_) return;
    progress("text", 0, 1);
    prompt_ = direction.prompt;
    const text::WordIds ids = weights_->words.encode(prompt_, static_cast<size_t>(weights_->denoiser.config.text.max_tokens - 1));
    report_unknown(ids, log_);
    if (!pictures_.empty()) begin(ids.ids, cancel, progress);
    const std::vector<int64_t> layouts = layout_ids(weights_->words);
    std::optional<int64_t> layout;
    if (!layouts.empty()) layout = layouts[layout_ ? *layout_ : draw_layout(static_cast<uint64_t>(seed_), layouts.size())];
    sentence_ = sentence_feature(*weights_, ids.ids, layout);
    report_shown(*weights_, prompt_, ids.ids, layout, log_);
}

void Generation::begin(const std::vector<int64_t>& ids, const Cancel& cancel, const families::ProgressFn& progress) {
    progress("picture", 0, 1);
    const Beginning beginning = encode_beginning(weights_->vae, pictures_, fit_);
    pictures_.clear();
    std::vector<at::Tensor> sentences;
    for (const int64_t layout : layout_ids(weights_->words)) sentences.push_back(sentence_feature(*weights_, ids, layout));
    const bool layouts = !sentences.empty();
    if (!layouts) sentences.push_back(sentence_feature(*weights_, ids, {}));
    const Reading reading = read_beginning(weights_->denoiser, beginning, sentences, cancel);
    if (layouts) layout_ = reading.sentence;
    clock_ = reading.clock;
    still_ = of_picture_ = beginning.still;
    const int64_t groups = beginning.latents.size(0);
    context_ = beginning.latents.slice(0, groups - 1).contiguous();
    at::Tensor kept;   // the pictures themselves are there already
    for (int64_t group = 0; group < groups; group++) kept = decode(weights_->vae, beginning.latents.slice(0, group, group + 1), decoder_, &cancel);
    check_world(kept[kGroup - 1], beginning);
    newest_ = beginning.newest;
}

// What the VAE does not keep the clip cannot show: it would dissolve within half a second.
void Generation::check_world(const at::Tensor& kept, const Beginning& beginning) const {
    const int64_t least = weights_->least_edges;
    if (least == 0) return;
    const double edges = 100 * kept_edges(beginning.newest, kept);
    if (edges >= static_cast<double>(least)) return;
    throw Error(ZT_ERROR_UNSUPPORTED, std::string(beginning.still ? "first image" : "history") + ": expected a picture of this model's world, as it makes them, got one far from it (it keeps " +
                                          std::to_string(static_cast<int>(std::max(0.0, edges))) + " % of the edges, of its own at least " + std::to_string(least) +
                                          " %); name a model that animates any picture (model=...)");
}

std::optional<families::FrameBatch> Generation::next(const families::Direction& direction, const Cancel& cancel,
                                                     const families::ProgressFn& progress) {
    const int64_t frames = next_frames();
    if (frames <= 0) return std::nullopt;
    obey(direction, cancel, progress);
    std::vector<at::Tensor> groups;   // at most 15 pictures
    if (spare_.defined()) groups.push_back(spare_);
    const int64_t spare = spare_.defined() ? spare_.size(0) : 0;
    if (spare < frames) make(frames - spare, groups, cancel, progress);
    const at::Tensor made = (groups.size() == 1 ? groups.front() : at::cat(groups, 0)).contiguous();
    spare_ = made.size(0) > frames ? made.slice(0, frames).clone() : at::Tensor();
    join(made.slice(0, 0, frames));
    done_ += frames;
    const auto pixels = std::make_shared<at::Tensor>(made.slice(0, 0, frames));
    return families::FrameBatch{pixels, pixels->const_data_ptr<float>(), frames};
}

// A small difference between the last given frame and the first made one is the networks' doing, a
// large one is motion: only the small ones are made good, and that fades. A still picture is the first
// frame itself, so all of the difference is.
void Generation::join(at::Tensor made) {
    if (newest_.defined()) {
        detail_ = newest_ - made[0].clamp(0, 1);
        if (!of_picture_) detail_ = detail_ * detail_.div(kMotion).square_().neg_().exp_();
        newest_ = at::Tensor();
    }
    for (int64_t i = 0; i < made.size(0) && detail_.defined(); i++) {
        if (done_ + i >= kFade)
            detail_ = at::Tensor();
        else
            made[i].add_(detail_, static_cast<double>(kFade - done_ - i) / kFade);
    }
}

void Generation::make(int64_t frames, std::vector<at::Tensor>& groups, const Cancel& cancel, const families::ProgressFn& progress) {
    const Denoiser& net = weights_->denoiser;
    const at::ScalarType dtype = net.patch_in.weight.scalar_type();
    const int64_t channels = net.config.channels;
    const at::Tensor clock = at::full({1}, clock_ % kClock, at::kLong);
    const at::Tensor present = at::full({1}, !context_.defined() ? 0.f : still_ ? -1.f : 1.f);
    const at::Tensor context = (context_.defined() ? context_ : at::zeros({1, kLatentHeight, kLatentWidth, channels})).to(dtype);
    const Planned plan = forward(net.plan, cues(net.plan, sentence_), clock);

    const auto velocity = [&](const at::Tensor& latents, float sigma) {
        const at::Tensor clean = forward(net, latents.to(dtype), context, present, at::full({1}, sigma), sentence_, clock, plan, &cancel).to(at::kFloat);
        return sample::velocity_from_clean(latents, clean, sigma);
    };
    const at::Tensor latents = sample::denoise(noise_.draw({1, kSlots, kLatentHeight, kLatentWidth, channels}), sigmas_, velocity,
                                               [&](int step, int steps) { progress("denoise", step, steps); }, cancel);
    const int64_t slots = (frames + kGroup - 1) / kGroup;   // a shot that begins within them drops the others
    clock_ += slots;
    context_ = latents.select(1, slots - 1).contiguous();
    still_ = false;

    for (int64_t slot = 0; slot < slots; slot++) {
        progress("decode", static_cast<int>(slot), static_cast<int>(slots));
        cancel.poll();
        groups.push_back(decode(weights_->vae, latents.select(1, slot), decoder_, &cancel));
    }
}

}  // namespace zt::storybook
