// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/cogvideox/generation.h"

#include <string>
#include <utility>

#include "device/devices.h"
#include "families/cogvideox/clip.h"
#include "ranks/team.h"

namespace zt::cogvideox {

Generation::Generation(std::shared_ptr<const OpenedModel> model, const families::GenerationRequest& request)
    : model_(std::move(model)), request_(request), plan_(plan_clip(*model_, request_)) {
    const ModelParts& parts = model_->parts;
    const ModelParts::Size usual = parts.usual_size();
    const int64_t trained = parts.transformer.sample_frames, made = parts.made_frames(request_.shot_frames);
    const bool length = made == trained || (parts.transformer.is_15() && made == 2 * trained - 1);
    if (!length || request_.width != usual.width || request_.height != usual.height)
        request_.log(ZT_LOG_INFO, "size: the model's own is " + std::to_string(trained) + " frames of " +
                                      std::to_string(usual.width) + "x" + std::to_string(usual.height) +
                                      ", this clip has " + std::to_string(made) + " of " +
                                      std::to_string(request_.width) + "x" + std::to_string(request_.height));
}

int64_t Generation::next_frames() const {
    if (stream_) return std::min(stream_->next_frames(), left_);
    const int64_t shot = shot_frames();
    if (shot < 1) return 0;
    const int64_t latents = (model_->parts.made_frames(shot) - 1) / kTimeCompression + 1;
    return std::min(autoencoders::batched::frames_of_batch(autoencoders::batched::batch_at(true, latents, 0).count),
                    shot);
}

std::optional<families::FrameBatch> Generation::next(const families::Direction& direction, const Cancel& cancel,
                                                     const families::ProgressFn& progress) {
    if (next_frames() == 0) return std::nullopt;
    if (!stream_) {
        load::let_go(model_->blocks, model_->decoder, plan_.budget);
        // Ranks that have other memory must code alike.
        plan_.coding.tiled = ranks::on_any_rank(plan_.coding.tiled);
        plan_.coding.half_history = ranks::on_any_rank(plan_.coding.half_history);
        const Work work{request_, direction, plan_, cancel, progress};
        const at::Tensor latents = make_latents(*model_, work, model_->parts.made_frames(shot_frames()));
        device::return_freed_memory();
        const ranks::Tiles tiles =
            autoencoders::batched::decoder_tiles(model_->parts.vae, latents.size(2), latents.size(3), plan_.coding);
        if (!tiles.spread()) ranks::end_of_shared_work();
        progress("load", 0, 1);
        decoder_ = tiles.any_here()
                       ? model_->decoder.get(plan_.budget.keep, [&] { return read_coder(*model_, true, cancel); })
                       : std::make_shared<const Coder>(autoencoders::batched::make_coder(model_->parts.vae, true));
        stream_.emplace(*decoder_, latents, plan_.coding);
        left_ = shot_frames();
    }
    progress("decode", static_cast<int>(stream_->batches_done()), static_cast<int>(stream_->batches()));
    const auto made = std::make_shared<const at::Tensor>(stream_->next(cancel).to(at::kCPU));
    const int64_t frames = std::min(made->size(0), left_);
    done_ += frames, left_ -= frames;
    if (left_ == 0) stream_.reset(), decoder_.reset();
    return families::FrameBatch{made, made->const_data_ptr<float>(), frames};
}

}  // namespace zt::cogvideox
