// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip: text, transformer, decode (residency.h tells what is in memory in which). All latents are
// made in the first call of next(); frames leave as each tile of the decoder is final.
#pragma once

#include <memory>
#include <optional>

#include "families/family.h"
#include "families/hunyuan_video/model.h"

namespace zt::hunyuan_video {

// One thread at a time.
class Generation final : public families::Generation {
public:
    Generation(std::shared_ptr<const OpenedModel> model, const families::GenerationRequest& request);

    [[nodiscard]] int64_t next_frames() const override;
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override;

private:
    [[nodiscard]] at::Tensor make_latents(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress);

    std::shared_ptr<const OpenedModel> model_;
    families::GenerationRequest request_;
    Budget budget_;
    std::array<int64_t, 4> latents_size_;            // channels, t, h, w
    std::shared_ptr<const VaeDecoder> decoder_;      // outlives stream_
    std::optional<StreamingDecoder> stream_;         // once there are latents
};

}  // namespace zt::hunyuan_video
