// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/names.h"

namespace zt::wan {

const load::TableNames& transformer_names() {
    // Never destroyed: a session may end after static destructors have run. diffusers numbers the norms of a block
    // otherwise: its second is the original's third.
    static const auto& names = *new load::TableNames({
        .title = "a Wan transformer",
        .rows = {{.ours = "patch_embedding", .shape = {-1, -1, 1, 2, 2}},
                 {"text_embedding.0", {"condition_embedder.text_embedder.linear_1"}},
                 {"text_embedding.2", {"condition_embedder.text_embedder.linear_2"}},
                 {"time_embedding.0", {"condition_embedder.time_embedder.linear_1"}},
                 {"time_embedding.2", {"condition_embedder.time_embedder.linear_2"}},
                 {"time_projection.1", {"condition_embedder.time_proj"}},
                 {"img_emb.proj.0", {"condition_embedder.image_embedder.norm1"}},
                 {"img_emb.proj.1", {"condition_embedder.image_embedder.ff.net.0.proj"}},
                 {"img_emb.proj.3", {"condition_embedder.image_embedder.ff.net.2"}},
                 {"img_emb.proj.4", {"condition_embedder.image_embedder.norm2"}},
                 {.ours = "img_emb.emb_pos",
                  .others = {"condition_embedder.image_embedder.pos_embed"},
                  .bare = true,
                  .shape = {1, -1, -1}},
                 {.ours = "blocks.{}.modulation",
                  .others = {"blocks.{}.scale_shift_table"},
                  .bare = true,
                  .shape = {1, 6, -1}},
                 {"blocks.{}.self_attn.qkv",
                  {"blocks.{}.self_attn.q,self_attn.k,self_attn.v", "blocks.{}.attn1.to_q,attn1.to_k,attn1.to_v"}},
                 {"blocks.{}.self_attn.o", {"blocks.{}.attn1.to_out.0"}},
                 {.ours = "blocks.{}.self_attn.norm_q", .others = {"blocks.{}.attn1.norm_q"}, .bias = false},
                 {.ours = "blocks.{}.self_attn.norm_k", .others = {"blocks.{}.attn1.norm_k"}, .bias = false},
                 {"blocks.{}.norm3", {"blocks.{}.norm2"}},
                 {"blocks.{}.cross_attn.q", {"blocks.{}.attn2.to_q"}},
                 {"blocks.{}.cross_attn.kv",
                  {"blocks.{}.cross_attn.k,cross_attn.v", "blocks.{}.attn2.to_k,attn2.to_v"}},
                 {"blocks.{}.cross_attn.o", {"blocks.{}.attn2.to_out.0"}},
                 {.ours = "blocks.{}.cross_attn.norm_q", .others = {"blocks.{}.attn2.norm_q"}, .bias = false},
                 {.ours = "blocks.{}.cross_attn.norm_k", .others = {"blocks.{}.attn2.norm_k"}, .bias = false},
                 {"blocks.{}.cross_attn.kv_img",
                  {"blocks.{}.cross_attn.k_img,cross_attn.v_img", "blocks.{}.attn2.add_k_proj,attn2.add_v_proj"}},
                 {.ours = "blocks.{}.cross_attn.norm_k_img", .others = {"blocks.{}.attn2.norm_added_k"}, .bias = false},
                 {"blocks.{}.ffn.0", {"blocks.{}.ffn.net.0.proj"}},
                 {"blocks.{}.ffn.2", {"blocks.{}.ffn.net.2"}},
                 {.ours = "head.modulation", .others = {"scale_shift_table"}, .bare = true, .shape = {1, 2, -1}},
                 {"head.head", {"proj_out"}}},
        .prefixes = {"model.diffusion_model.", "generator_ema.model.", "generator.model.", "diffusion_model.",
                     "generator_ema.", "transformer.", "generator.", "model."},
        .wrappers = {"_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod.", "module."},
        .lists = {"blocks"},
        .ignored = {"norm_added_q.weight"},  // of diffusers' folders: no model uses it
        .alone = true,
        .blocks = {"blocks."},
    });
    return names;
}

std::vector<std::string> transformer_tensors(const TransformerConfig& config) {
    return transformer_names().tensors([&](std::string_view module) -> int64_t {
        if (module == "img_emb.emb_pos" && config.image_tokens == 0) return 0;
        const bool picture = module.starts_with("img_emb.") || module.ends_with("_img");
        if (picture && config.image_dim == 0) return 0;
        return module.find("{}") == module.npos ? 1 : config.layers;
    });
}

}  // namespace zt::wan
