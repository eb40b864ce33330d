// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The invisible mark, written into finished frames (method and amounts: layout.h). It is put on the RGB floats before
// they become a pixel format: there it is the same for every format, and the same amount on red, green and blue changes
// luma alone. Each frame by itself: no frame depends on another, on threads or on where a clip begins.
#pragma once

#include <cstdint>
#include <vector>

#include "marks/area.h"
#include "marks/layout.h"
#include "marks/payload.h"

namespace zt::marks {

// One size and payload. One thread at a time.
class Watermark {
public:
    // model: model_number(). Throws as layout_for().
    Watermark(int width, int height, uint16_t model);
    // in, out: [3, height, width], values of `in` are clamped to 0..1, and those of `out` are to be by whoever rounds
    // them; both may be the same.
    void apply(const float* in, float* out);

private:
    void survey(const float* rgb);
    void choose_amounts();
    void paint(const float* in, float* out);

    const int width_, height_;
    const Layout& layout_;
    const CodeWord word_;
    const AreaMap across_, down_;
    std::vector<float> rows_;                     // [3, width]: luma and what is full or empty, of one row of cells
    std::vector<float> luma_, full_, empty_;      // [cells]
    std::vector<float> parts_, amounts_, field_;  // [carriers], [carriers], [cells]
    std::vector<float> heights_;                  // [tiles, kPatterns]
    std::vector<int> tile_of_column_;             // [columns + 1]: where a tile begins, in samples
    std::vector<float> sine_one_, sine_two_;      // [width]
};

}  // namespace zt::marks
