// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/cogvideox/names.h"

namespace zt::cogvideox {
const load::TableNames& transformer_names() {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& names = *new load::TableNames({
        .title = "a CogVideoX transformer",
        .rows = {{"patch_embed.proj"},
                 {"patch_embed.text_proj"},
                 {.ours = "patch_embed.pos_embedding", .bare = true, .shape = {1, -1, -1}},
                 {"time_embedding.linear_1"},
                 {"time_embedding.linear_2"},
                 {"ofs_embedding.linear_1"},
                 {"ofs_embedding.linear_2"},
                 {"transformer_blocks.{}.norm1.linear"},
                 {"transformer_blocks.{}.norm1.norm"},
                 {"transformer_blocks.{}.attn1.qkv", {"transformer_blocks.{}.attn1.to_q,attn1.to_k,attn1.to_v"}},
                 {"transformer_blocks.{}.attn1.norm_q"},
                 {"transformer_blocks.{}.attn1.norm_k"},
                 {"transformer_blocks.{}.attn1.to_out.0"},
                 {"transformer_blocks.{}.norm2.linear"},
                 {"transformer_blocks.{}.norm2.norm"},
                 {"transformer_blocks.{}.ff.net.0.proj"},
                 {"transformer_blocks.{}.ff.net.2"},
                 {"norm_final"},
                 {"norm_out.linear"},
                 {"norm_out.norm"},
                 {"proj_out"}},
        .prefixes = {"model.diffusion_model.", "diffusion_model.", "transformer.", "model."},
        .wrappers = {"_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.", "module."},
        .lists = {"transformer_blocks"},
        .alone = true,
        .blocks = {"transformer_blocks."},
    });
    return names;
}

std::vector<std::string> transformer_tensors(const TransformerConfig& c) {
    return transformer_names().tensors([&](std::string_view module) -> int64_t {
        if (module.ends_with("pos_embedding")) return c.learned ? 1 : 0;
        if (module.starts_with("ofs_embedding.")) return c.ofs_dim > 0 ? 1 : 0;
        return module.find("{}") == module.npos ? 1 : c.layers;
    });
}

}  // namespace zt::cogvideox
