// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Options and weights of a case as Wan's stages take them: weights come under "w." and the names of the original files.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/text_number.h"
#include "families/wan/names.h"
#include "families/wan/transformer/transformer.h"
#include "stage.h"

namespace zt::parity {

inline int64_t number(const Case& c, const std::string& name, int64_t otherwise = 0) {
    const std::string text = c.option(name);
    return text.empty() ? otherwise : parse_int64(text).value();
}
inline at::ScalarType type_of(const Case& c) { return c.option("type", "fp32") == "bf16" ? at::kBFloat16 : at::kFloat; }

// The weights of a case under our names, fused as the loader would.
inline weights::Tensors ours(const Case& c, const load::PartNames& names) {
    std::map<std::string, std::vector<at::Tensor>> pieces;
    for (const auto& [name, t] : c.under("w.")) {
        const auto placed = names.place(name);
        if (!placed) {
            if (names.is_ignored(name)) continue;
            throw std::runtime_error("unplaced: " + name);
        }
        auto& list = pieces[placed->name()];
        list.resize(static_cast<size_t>(placed->pieces));
        list[static_cast<size_t>(placed->piece)] = t;
    }
    weights::Tensors fused;
    for (auto& [name, list] : pieces) fused[name] = list.size() == 1 ? list.front() : at::cat(list);
    return fused;
}

// Puts tensors into what each or visit names.
struct Put {
    const weights::Tensors& tensors;
    at::ScalarType type;
    void operator()(const std::string& name, at::Tensor& t) const {
        const at::Tensor& found = tensors.at(name);
        if (found.sizes() != t.sizes()) throw std::runtime_error("shape of " + name);
        t = found.to(type);
    }
    void operator()(const std::string& name, nn::PackedLinear& l) const {
        (*this)(name + ".weight", l.weight);
        if (l.bias.defined()) (*this)(name + ".bias", l.bias);
    }
};

inline wan::TransformerConfig transformer_of(const Case& c) {
    wan::TransformerConfig config;
    config.heads = number(c, "heads"), config.head_dim = number(c, "head_dim");
    config.in_channels = number(c, "in_channels"), config.out_channels = number(c, "out_channels");
    config.layers = number(c, "layers"), config.ffn_dim = number(c, "ffn"), config.text_dim = number(c, "text_dim"),
    config.freq_dim = number(c, "freq_dim", 256);
    config.image_dim = number(c, "image_dim"), config.image_tokens = number(c, "pos_tokens");
    return config;
}

struct WanTransformer {
    wan::Embedders embedders;
    wan::Ends ends;
    std::vector<wan::Block> blocks;
    [[nodiscard]] wan::BlockSource source() const {
        return [this](int64_t i) -> const wan::Block& { return blocks[static_cast<size_t>(i)]; };
    }
};
inline WanTransformer transformer_in(const Case& c, const wan::TransformerConfig& config, at::ScalarType type) {
    const weights::Tensors w = ours(c, wan::transformer_names());
    WanTransformer made{wan::make_embedders(config), wan::make_ends(config), {}};
    made.embedders.each(Put{w, type});
    made.embedders.tables.each(Put{w, at::kFloat});
    made.ends.each(Put{w, type});
    made.ends.tables.each(Put{w, at::kFloat});
    for (int64_t i = 0; i < config.layers; i++) {
        made.blocks.push_back(wan::make_block(config));
        made.blocks.back().each(Put{w, type}, i);
        made.blocks.back().tables.each(Put{w, at::kFloat}, i);
    }
    return made;
}

}  // namespace zt::parity
