// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The stage that reads ids with T5's or UMT5's encoder, for the families that have one.
#pragma once

#include <cstdint>
#include <vector>

#include "encoders/t5.h"
#include "encoders/t5_names.h"
#include "wan_weights.h"

namespace zt::parity {

// own_positions: of UMT5, every layer has a table of its own.
inline void t5_stage(Case& c, bool own_positions) {
    encoders::T5Config config;
    config.own_positions = own_positions;
    config.vocab = number(c, "vocab"), config.d_model = number(c, "d_model"), config.d_kv = number(c, "d_kv"),
    config.heads = number(c, "heads"), config.d_ff = number(c, "d_ff"), config.layers = number(c, "layers");
    const at::ScalarType type = type_of(c);
    const weights::Tensors w = ours(c, encoders::t5_names());
    std::vector<encoders::T5Layer> layers;
    for (int64_t i = 0; i < config.layers; i++) {
        layers.push_back(encoders::make_t5_layer(config, i));
        layers.back().each(Put{w, type}, i);
    }
    const at::Tensor embedded = w.at("shared.weight").to(type).index_select(0, c.input("ids").to(at::kLong));
    c.out["states"] =
        encoders::t5_states(config, embedded,
                            [&](int64_t i) -> const encoders::T5Layer& { return layers[static_cast<size_t>(i)]; },
                            w.at(encoders::kT5FinalNorm).to(type), {})
            .to(at::kFloat);
}

}  // namespace zt::parity
