// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See batched_names.h.
#include "autoencoders/batched_names.h"

#include <deque>
#include <utility>

namespace zt::autoencoders::batched {
namespace {

// Of the autoencoder's halves: a stage is at its own place in the name, the number that rows count is the resnet's.
std::vector<load::NameRow> vae_rows() {
    static auto& texts = *new std::deque<std::string>;  // rows borrow them
    std::vector<load::NameRow> rows;
    const auto add = [&](std::string name) { rows.push_back({.ours = texts.emplace_back(std::move(name))}); };
    for (const bool decodes : {false, true}) {
        const std::string half = decodes ? "decoder." : "encoder.";
        const auto add_norm = [&](const std::string& name) {
            if (!decodes) return add(name);
            for (const char* part : {".norm_layer", ".conv_y.conv", ".conv_b.conv"}) add(name + part);
        };
        const auto add_resnets = [&](const std::string& block) {
            for (const char* norm : {".norm1", ".norm2"}) add_norm(block + ".resnets.{}" + norm);
            for (const char* conv : {".conv1.conv", ".conv2.conv"}) add(block + ".resnets.{}" + conv);
        };
        add(half + "conv_in.conv"), add(half + "conv_out.conv");
        add_norm(half + "norm_out"), add_resnets(half + "mid_block");
        for (int i = 0; i < 4; i++) {
            const std::string block = half + (decodes ? "up_blocks." : "down_blocks.") + std::to_string(i);
            add_resnets(block);
            add(block + ".resnets.{}.conv_shortcut");
            if (i < 3) add(block + (decodes ? ".upsamplers.0.conv" : ".downsamplers.0.conv"));
        }
    }
    return rows;
}

}  // namespace

const load::TableNames& vae_names() {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& names = *new load::TableNames({.title = "the autoencoder of CogVideoX",
                                                      .rows = vae_rows(),
                                                      .prefixes = {"first_stage_model.", "vae."},
                                                      .lists = {"resnets"},
                                                      .alone = true});
    return names;
}

std::vector<std::string> vae_tensors(const VaeConfig& c) {
    return vae_names().tensors([&](std::string_view module) -> int64_t {
        if (module.find("{}") == module.npos) return 1;
        if (module.find(".mid_block.") != module.npos) return 2;
        const bool decodes = module.starts_with("decoder.");
        if (!module.ends_with(".conv_shortcut")) return c.layers + (decodes ? 1 : 0);
        const auto i = static_cast<size_t>(module[module.find("_blocks.") + 8] - '0');
        if (i == 0) return 0;  // the first of a stage alone has one
        const size_t here = decodes ? 3 - i : i, before = decodes ? 4 - i : i - 1;
        return c.channels[here] != c.channels[before] ? 1 : 0;
    });
}

}  // namespace zt::autoencoders::batched
