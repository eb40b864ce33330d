// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train clips: a contact sheet of the diffusion transformer's training data, and how fast this machine renders it.
#include <chrono>

#include "clips.h"
#include "sheet.h"
#include "stages.h"

namespace zt::training {

void draw_clips(Settings& settings) {
    using Clock = std::chrono::steady_clock;
    ClipShape shape;
    const std::string folder = settings.text("model", kCompositorModel),
                      out = settings.text("out", "build/training/clips.ppm");
    shape.width = static_cast<int>(settings.integer("width", shape.width)),
    shape.height = static_cast<int>(settings.integer("height", shape.height));
    shape.frames = static_cast<int>(settings.integer("frames", shape.frames));
    const int renderers = static_cast<int>(settings.integer("renderers", 1)),
              columns = static_cast<int>(settings.integer("columns", 8));
    const double seconds = settings.number("seconds", 20);
    const int64_t seed = settings.integer("seed", 1), shown = settings.integer("shown", 12);
    settings.done();
    TORCH_CHECK(renderers > 0 && shown > 0 && columns > 0, "renderers, shown, columns: expected at least 1, got ",
                renderers, ", ", shown, " and ", columns);
    const ClipSource source(folder, shape);
    ClipQueue queue(source, seed, 1, 1, renderers);
    std::vector<at::Tensor> rows;
    const auto started = Clock::now();
    const auto since = [&] { return std::chrono::duration<double>(Clock::now() - started).count(); };
    int64_t count = 0, early = 0;  // clips, and those of the first half: it decodes the layers
    double half = 0;
    do {
        const Clip clip = queue.take(count, 0)[0];
        if (count++ < shown) {
            std::printf("%s\n", clip.sentence.c_str());
            rows.push_back(film_strip(clip.pixels.to(at::kFloat).div(255), columns));
        }
        if (half == 0 && since() > seconds / 2) half = since(), early = count;
    } while (since() < seconds || count < shown);
    std::printf(
        "%ld clips of %d frames with %d threads: %.1f a second, %.1f in the second half; %.0f MiB of decoded layers "
        "are held\n",
        static_cast<long>(count), shape.frames, renderers, static_cast<double>(count) / since(),
        half > 0 ? static_cast<double>(count - early) / (since() - half) : 0.0,
        static_cast<double>(source.held_bytes()) / (1 << 20));
    write_ppm(out, at::cat(rows, 0));
}

}  // namespace zt::training
