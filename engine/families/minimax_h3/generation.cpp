// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Everything of a clip meets here; see generation.h.
#include "families/minimax_h3/generation.h"

#include <string>
#include <utility>
#include <vector>

#include "core/frame_time.h"
#include "core/sha256.h"
#include "device/devices.h"
#include "ranks/team.h"

namespace zt::minimax_h3 {

using families::Direction;
using families::GenerationRequest;
using families::ProgressFn;

namespace {

// Of the noise that turns every keyframe's distribution into a latent: always the same (diffusers 0.42.1, encoders.py).
constexpr int64_t kKeyframeSeed = 42;

// Everything that decides the states of a prompt.
std::string text_key(const std::string& prompt, const Keyframes& keyframes) {
    std::string key = prompt;
    for (const image::Picture& picture : keyframes.pictures)
        key += '\0' + std::to_string(picture.width) + "x" +
               sha256_hex({reinterpret_cast<const char*>(picture.rgb.data()), picture.rgb.size()});
    return key;
}

std::shared_ptr<const TextState> read_prompt(const OpenedModel& model, const std::string& prompt,
                                             const Keyframes& keyframes, const Cancel& cancel,
                                             const ProgressFn& progress) {
    const std::string key = text_key(prompt, keyframes);
    if (auto found = model.texts.find(key)) return found;
    progress("text", 0, 1);
    const load::PartReader text = model.text_reader(cancel);
    std::optional<load::PartReader> vision;
    if (!keyframes.pictures.empty()) vision.emplace(model.vision_reader(cancel));
    const TextEncoder encoder{
        *model.tokenizer, model.parts.text, text, vision ? &model.parts.vision : nullptr, vision ? &*vision : nullptr,
        model.type()};
    auto made = std::make_shared<const TextState>(text_state(encoder, prompt, keyframes.pictures, cancel));
    model.texts.keep(key, made);
    return made;
}

// Each as the transformer is given it, [channels, 1, height, width], in packed order.
std::vector<at::Tensor> keyframe_latents(const OpenedModel& model, const Keyframes& keyframes, const Cancel& cancel,
                                         const ProgressFn& progress) {
    std::vector<at::Tensor> latents;
    if (keyframes.pictures.empty()) return latents;
    progress("picture", 0, 1);
    const VideoVaeEncoder encoder = load_video_vae_encoder(model.parts.video_vae, model.vae_options(cancel));
    for (const image::Picture& picture : keyframes.pictures) {
        const at::Tensor pixels = at::from_blob(const_cast<uint8_t*>(picture.rgb.data()),  // read only
                                                {picture.height, picture.width, 3}, at::kByte)
                                      .permute({2, 0, 1})
                                      .to(at::kFloat)
                                      .div(255.0)
                                      .to(model.device());
        const at::Tensor moments = encode_moments(encoder, pixels, &cancel);
        const at::Tensor noise =
            sample::Noise(kKeyframeSeed)
                .draw({1, model.parts.transformer.channels, 1, moments.size(1), moments.size(2)})[0]
                .to(model.device());
        latents.push_back(sample_latent(model.parts.video_vae.config, moments, noise).to(at::kCPU));
    }
    return latents;
}

}  // namespace

Generation::Generation(std::shared_ptr<const OpenedModel> model, const GenerationRequest& request)
    : model_(std::move(model)), request_(request), budget_(plan_clip(*model_, request)) {
    load::tell_budget(request_.log, budget_, model_->parts.transformer.layers);
}

int64_t Generation::next_frames() const {
    if (stream_) return std::min(stream_->next_frames(), left_);
    const int64_t shot = shot_frames();
    if (shot <= 0) return 0;
    return std::min(shot, clip_frames(shot) == kClipFrames + kTailFrames ? kClipFrames + kTailFrames : kClipFrames);
}

// Stereo, one sample after the other.
at::Tensor Generation::sound_of(const at::Tensor& rows, const Cancel& cancel) const {
    const AudioVaeDecoder decoder = load_audio_vae_decoder(model_->parts.audio_vae, model_->vae_options(cancel));
    return decode_audio(decoder, audio_latents_of(rows), &cancel).t().to(at::kCPU).contiguous();
}

void Generation::begin_clip(const Direction& direction, const Cancel& cancel, const ProgressFn& tell) {
    const OpenedModel& model = *model_;
    const TransformerConfig& config = model.parts.transformer;
    const ProgressFn progress = [&](const char* phase, int done, int of) {  // what is prepared is read from the files
        tell(std::string_view(phase) == "prepare" ? "load" : phase, done, of);
    };
    load::let_go(model.transformer.blocks, model.decoder, budget_);
    const int64_t frames = clip_frames(shot_frames());
    const Keyframes keyframes = keyframes_of(request_);
    const auto text = read_prompt(model, direction.prompt, keyframes, cancel, progress);
    device::return_freed_memory();
    const std::vector<at::Tensor> latents = keyframe_latents(model, keyframes, cancel, progress);
    device::return_freed_memory();

    const double shift = request_.flow_shift > 0 ? request_.flow_shift : model.schedule.video_shift;
    const sample::Levels video = levels_of(request_.steps, shift), audio = levels_of(request_.steps, kAudioShift);
    const Geometry geometry = geometry_of(frames, {request_.width, request_.height});
    sample::Noise noise(direction.seed);
    const Start start = draw_start(config, geometry, noise, latents);
    Request request{text->states, text->tags, geometry, keyframes.anchors, start.keyframes, {}, {}};
    const auto steps = static_cast<size_t>(request_.steps);
    request.video_times.assign(video.t.begin(), video.t.begin() + static_cast<std::ptrdiff_t>(steps));
    request.audio_times.assign(audio.t.begin(), audio.t.begin() + static_cast<std::ptrdiff_t>(steps));
    Rows made;
    {
        const Prepared prepared = prepare(model.transformer, request, cancel, progress);
        device::return_freed_memory();
        Denoiser denoiser(model.transformer, budget_, cancel, progress, request_.log);
        made = make_latents(denoiser, prepared, start.noise, video, audio, cancel, progress);
    }
    device::return_freed_memory();
    const VideoVaePart& vae = model.parts.video_vae;
    const TileGroups tiles = tile_groups(vae.config, request_.height, request_.width, model.device().is_cpu());
    if (!tiles.groups.spread()) ranks::end_of_shared_work();
    progress("decode", 0, 1);
    if (request_.sound && ranks::leads()) sound_ = sound_of(made.audio, cancel);  // others decode tiles meanwhile
    const auto read = [&] {
        return std::make_shared<const VideoVaeDecoder>(
            load_video_vae_decoder(vae, model.vae_kept, model.vae_products(), model.vae_options(cancel)));
    };
    decoder_ = tiles.groups.any_here() ? model.decoder.get(budget_.keep, read)
                                       : std::make_shared<const VideoVaeDecoder>(make_video_vae_decoder(vae.config));
    stream_.emplace(*decoder_, latents_of(made.video, geometry));
    left_ = shot_frames();
    begun_ = done_;
}

// Sound of the clip may end up to 8.3 ms before its picture; there is silence then.
void Generation::add_sound(families::FrameBatch& batch, int64_t first) {
    const auto before = [&](int64_t frame) {
        return zt_samples_before(frame, kSampleRate, request_.rate.num, request_.rate.den);
    };
    const int64_t from = before(first) - before(begun_), count = before(first + batch.frames) - before(first);
    const int64_t there = std::clamp<int64_t>(sound_.size(0) - from, 0, count);
    at::Tensor samples = at::zeros({count, kAudioChannels});
    if (there > 0) samples.narrow(0, 0, there).copy_(sound_.narrow(0, from, there));
    auto both = std::make_shared<std::pair<std::shared_ptr<const void>, at::Tensor>>(batch.owner, samples);
    batch.samples = both->second.const_data_ptr<float>();
    batch.sample_count = count;
    batch.owner = std::move(both);
}

std::optional<families::FrameBatch> Generation::next(const Direction& direction, const Cancel& cancel,
                                                     const ProgressFn& progress) {
    if (next_frames() == 0) return std::nullopt;
    if (!stream_) begin_clip(direction, cancel, progress);
    const VideoDecoding how{&cancel, [&](int64_t done, int64_t total) {
                                progress("decode", static_cast<int>(done), static_cast<int>(total));
                            }};
    const auto made = std::make_shared<const at::Tensor>(stream_->next(how).to(at::kCPU).contiguous());
    families::FrameBatch batch{made, made->const_data_ptr<float>(), std::min(made->size(0), left_)};
    if (request_.sound) add_sound(batch, done_);
    done_ += batch.frames;
    left_ -= batch.frames;
    if (left_ == 0) stream_.reset(), decoder_.reset(), sound_.reset();
    return batch;
}

}  // namespace zt::minimax_h3
