// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The samplers of warp.h and layer.h on all threads of the worker; see painter.h.
#include <optional>

#include "device/parallel.h"
#include "families/tableau/painter.h"

namespace zt::tableau {
namespace {

class CpuPainter final : public Painter {
public:
    explicit CpuPainter(const Texture& texture) : texture_(texture) {}
    void take(Layer layer) override { layer_ = std::move(layer); }
    void paint(const Look& look, float* rgb, const Cancel& cancel) override {
        cancel.poll();
        const bool lifted = look.layer.columns > 0;
        const Texture& ground = lifted ? layer_->behind : texture_;
        device::parallel(texture_.height, [&](int64_t begin, int64_t end) {
            const auto from = static_cast<int>(begin), to = static_cast<int>(end);
            if (look.weight.empty())
                warp_rows(ground, look.first, rgb, from, to);
            else
                warp_rows(ground, look.first, look.second, look.weight, rgb, from, to);
            if (lifted) lay_rows(*layer_, look.layer, rgb, from, to);
        });
    }

private:
    const Texture& texture_;
    std::optional<Layer> layer_;
};

}  // namespace

std::unique_ptr<Painter> make_cpu_painter(const Texture& texture) { return std::make_unique<CpuPainter>(texture); }

}  // namespace zt::tableau
