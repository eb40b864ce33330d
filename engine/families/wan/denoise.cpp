// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See denoise.h.
#include "families/wan/denoise.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "device/devices.h"
#include "families/wan/wan.h"
#include "load/read_ahead.h"
#include "sample/loop.h"
#include "sample/noise.h"

namespace zt::wan {
namespace {

using families::ProgressFn;

// What a transformer makes of levels and text before the first step. Each expert has its own.
struct Prepared {
    Times steps, clean;            // clean: of level 0, where the first frame is known
    at::Tensor context, negative;  // of the prompts; negative undefined without guidance
};

// The embedders are in memory only here.
Prepared prepare(const OpenedModel& model, bool low, const sample::Levels& levels, const Conditions& conditions,
                 const Cancel& cancel) {
    const TransformerConfig& config = model.parts.transformer;
    const load::PartReader reader = model.transformer(low, cancel);
    Embedders embedders = make_embedders(config);
    reader.fill(embedders, model.type, true);
    reader.fill(embedders.tables, at::kFloat, false);
    Prepared p;
    p.steps = embed_times(config, embedders, levels.t, model.type);
    const float zero = 0;
    if (conditions.first.defined()) p.clean = embed_times(config, embedders, {&zero, 1}, model.type);
    p.context = embed_context(config, embedders, conditions.positive->states, conditions.clip, model.type);
    if (conditions.negative != nullptr)
        p.negative = embed_context(config, embedders, conditions.negative->states, conditions.clip, model.type);
    return p;
}

// The blocks from memory, those that do not fit from disk, again at every pass.
class Blocks {
public:
    Blocks(const OpenedModel& model, const load::PartReader& reader, std::shared_ptr<const std::vector<Block>> resident)
        : resident_(std::move(resident)), first_streamed_(static_cast<int64_t>(resident_->size())),
          layers_(model.parts.transformer.layers), streamed_([&model, &reader](int64_t i) {
              return read_block(model.parts.transformer, reader, model.type, i);
          }) {}
    const Block& operator()(int64_t i) {
        if (i < first_streamed_) return (*resident_)[static_cast<size_t>(i)];
        return streamed_.take(i, i + 1 < layers_ ? i + 1 : first_streamed_);
    }

private:
    std::shared_ptr<const std::vector<Block>> resident_;
    int64_t first_streamed_, layers_;
    load::ReadAhead<Block> streamed_;
};

// One transformer at work: all of the model's, or the expert for high or low noise.
class Expert {
public:
    Expert(const OpenedModel& model, bool low, const Prepared& prepared, const load::Budget& budget,
           const Cancel& cancel, const ProgressFn& progress)
        : model_(model), prepared_(prepared), reader_(model.transformer(low, cancel)),
          ends_(model.ends[low ? 1 : 0].get(budget.keep,
                                            [&] {
                                                auto made = std::make_shared<Ends>(make_ends(model.parts.transformer));
                                                reader_.fill(*made, model.type, true);
                                                reader_.fill(made->tables, at::kFloat, false);
                                                return made;
                                            })),
          blocks_(model, reader_, model.blocks[low ? 1 : 0].get(budget.keep, [&] {
              auto made = std::make_shared<std::vector<Block>>();
              for (int64_t i = 0; i < budget.resident_blocks; i++) {
                  progress("load", static_cast<int>(i), static_cast<int>(budget.resident_blocks));
                  made->push_back(read_block(model.parts.transformer, reader_, model.type, i));
              }
              return made;
          })) {}

    // input [in_channels, T, h, w] -> [out_channels, T, h, w]
    at::Tensor velocity(const at::Tensor& input, int64_t step, bool away, const Rope& rope, const Cancel& cancel) {
        const Times now{prepared_.steps.vector.narrow(0, step, 1), prepared_.steps.modulation.narrow(0, step, 1)};
        const Pass pass{now, prepared_.clean, away ? &prepared_.negative : &prepared_.context,
                        away ? &cross_away_ : &cross_, &rope};
        return wan::velocity(
            model_.parts.transformer, *ends_, [&](int64_t i) -> const Block& { return blocks_(i); }, pass, input,
            cancel);
    }

private:
    const OpenedModel& model_;
    const Prepared& prepared_;
    load::PartReader reader_;
    std::shared_ptr<const Ends> ends_;
    Blocks blocks_;
    std::vector<CrossContext> cross_, cross_away_;
};

}  // namespace

at::Tensor make_latents(const OpenedModel& model, const families::GenerationRequest& request,
                        const families::Direction& direction, const Conditions& conditions, int64_t latent_frames,
                        const load::Budget& budget, const Cancel& cancel, const ProgressFn& progress) {
    constexpr float kTimes = 1000;
    const ModelParts& parts = model.parts;
    const TransformerConfig& config = parts.transformer;
    const bool distilled = parts.sampler == "distilled", two = parts.has_experts();
    const sample::Levels levels =
        sample::make_levels(distilled ? "distilled" : "unipc", request.steps,
                            request.flow_shift > 0 ? request.flow_shift : parts.flow_shift.value_or(kFlowShift));
    const auto is_low = [&](int64_t step) {
        return two && levels.t[static_cast<size_t>(step)] < static_cast<float>(parts.boundary) * kTimes;
    };
    progress("load", 0, 1);
    std::array<Prepared, 2> prepared;
    for (const bool low : {false, true})
        if (!low || two) prepared[low ? 1 : 0] = prepare(model, low, levels, conditions, cancel);
    device::return_freed_memory();

    const std::array<int64_t, 4> size = {config.out_channels, latent_frames,
                                         request.height / parts.vae.spatial_compression(),
                                         request.width / parts.vae.spatial_compression()};
    const Rope rope = make_rope(config, 0, size[1], size[2] / TransformerConfig::patch,
                                size[3] / TransformerConfig::patch, model.device);
    std::optional<Expert> expert;
    std::optional<bool> at_work;
    const sample::VelocityFn network = [&](const at::Tensor& latents, int64_t step, bool away) {
        if (at_work != is_low(step)) {
            expert.reset();  // gives its memory back before the next one's is taken
            device::return_freed_memory();
            at_work = is_low(step);
            expert.emplace(model, *at_work, prepared[*at_work ? 1 : 0], budget, cancel, progress);
            progress("denoise", static_cast<int>(step), static_cast<int>(request.steps));
        }
        at::Tensor input = latents;
        if (conditions.first.defined())
            input = at::cat({conditions.first, latents.narrow(1, 1, latents.size(1) - 1)}, 1);
        if (conditions.beside.defined()) input = at::cat({latents, conditions.beside});
        return expert->velocity(input, step, away, rope, cancel);
    };
    const auto solver =
        sample::make_solver(distilled ? "euler" : "unipc", levels,
                            model.type == at::kFloat ? sample::Rounding::kFp32 : sample::Rounding::kProduct);
    const sample::Loop loop{
        levels, *solver,
        [&](int64_t step) {
            return is_low(step) && direction.guidance > 1 ? parts.guidance_2.value_or(direction.guidance)
                                                          : direction.guidance;
        },
        [&](int64_t i, int64_t n) { progress("denoise", static_cast<int>(i), static_cast<int>(n)); }};
    const at::Tensor made =
        sample::denoise(loop, sample::Noise(direction.seed).draw(size).to(model.device), network, cancel);
    return conditions.first.defined() ? at::cat({conditions.first, made.narrow(1, 1, latent_frames - 1)}, 1) : made;
}

}  // namespace zt::wan
