// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/expert.h"

namespace zt::wan {

Prepared prepare(const OpenedModel& model, bool low, std::span<const float> t, const Conditions& conditions,
                 const Cancel& cancel) {
    const TransformerConfig& config = model.parts.transformer;
    const load::PartReader reader = model.transformer(low, cancel);
    Embedders embedders = make_embedders(config);
    reader.fill(embedders, model.type, true);
    reader.fill(embedders.tables, at::kFloat, false);
    Prepared p;
    const Times steps = embed_times(config, embedders, t, model.type);
    for (int64_t i = 0; i < steps.vector.size(0); i++)
        p.steps.push_back({steps.vector.narrow(0, i, 1), steps.modulation.narrow(0, i, 1)});
    const float zero = 0;
    p.clean = embed_times(config, embedders, {&zero, 1}, model.type);
    p.context = embed_context(config, embedders, conditions.positive->states, conditions.clip, model.type);
    if (conditions.negative != nullptr)
        p.negative = embed_context(config, embedders, conditions.negative->states, conditions.clip, model.type);
    return p;
}

std::function<Block(int64_t)> block_reader(const OpenedModel& model, bool low, const Cancel& cancel) {
    return [&model, reader = std::make_shared<const load::PartReader>(model.transformer(low, cancel))](int64_t i) {
        return read_block(model.parts.transformer, *reader, model.type, i);
    };
}

ResidentWeights read_weights(const OpenedModel& model, bool low, const load::Budget& budget, const Cancel& cancel,
                             const families::ProgressFn& progress, const Log& log) {
    const load::PartReader reader = model.transformer(low, cancel);
    const size_t which = low ? 1 : 0;
    return {model.ends[which].get(budget.keep,
                                  [&] {
                                      auto made = std::make_shared<Ends>(make_ends(model.parts.transformer));
                                      reader.fill(*made, model.type, true);
                                      reader.fill(made->tables, at::kFloat, false);
                                      return made;
                                  }),
            load::hold_blocks<Block>(
                model.blocks[which], budget, model.parts.transformer.layers, block_reader(model, low, cancel),
                [&](int64_t i, int64_t n) { progress("load", static_cast<int>(i), static_cast<int>(n)); }, log)};
}

Expert::Expert(const OpenedModel& model, const ResidentWeights& weights, const Cancel& cancel)
    : model_(model), cancel_(cancel), ends_(weights.ends),
      blocks_(weights.blocks.whole, model.parts.transformer.layers, weights.blocks.others, weights.blocks.ahead) {}

at::Tensor Expert::velocity(const Pass& pass, const at::Tensor& input) {
    return wan::velocity(
        model_.parts.transformer, *ends_, [&](int64_t i) -> const Block& { return blocks_(i); }, pass, input, cancel_);
}

}  // namespace zt::wan
