// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt_frame: a reference-counted frame of output. It stays valid after its session and model are gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "include/zoetrope/zoetrope.h"
#include "pipeline/color.h"

namespace zt::pipeline {

// A prompt and its digest, shared by all frames that obey it. Immutable.
struct PromptTag {
    std::string text;
    std::string sha256;
};

// Bytes that start at a multiple of kPlaneAlign, zeroed. Immutable size.
class AlignedBytes {
public:
    explicit AlignedBytes(size_t bytes);
    [[nodiscard]] uint8_t* data() const noexcept { return bytes_.get(); }

private:
    struct Free {
        void operator()(uint8_t* bytes) const noexcept { ::operator delete (bytes, std::align_val_t{kPlaneAlign}); }
    };
    std::unique_ptr<uint8_t, Free> bytes_;
};

}  // namespace zt::pipeline

// The count is thread-safe; who holds the only reference may write the pixels.
struct zt_frame {
    // alpha: as in plane_layout.
    zt_frame(zt_pixel_format format, int width, int height, std::shared_ptr<const zt::pipeline::PromptTag> tag,
             bool alpha = false);

    std::atomic<int> references{1};
    std::shared_ptr<const zt::pipeline::PromptTag> prompt;
    zt::pipeline::AlignedBytes pixels;
    std::vector<float> sound;  // [info.sample_count, info.channels]
    zt_frame_info info{};
};

namespace zt::pipeline {

void ref_frame(zt_frame& frame) noexcept;
void unref_frame(zt_frame* frame) noexcept;  // frees with the last reference

struct FrameUnref {
    void operator()(zt_frame* frame) const noexcept { unref_frame(frame); }
};
// One reference.
using FramePtr = std::unique_ptr<zt_frame, FrameUnref>;

}  // namespace zt::pipeline
