// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/config.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/utf8.h"
#include "families/wan/names.h"
#include "load/config_json.h"
#include "load/shapes.h"

namespace zt::wan {
namespace {

using weights::Checkpoint;

constexpr uint64_t kMost = 1 << 20;

}  // namespace

TransformerConfig parse_transformer_config(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    const json::Field root = config.root();
    TransformerConfig c;
    load::read(root, "num_attention_heads", c.heads, kMost);
    load::read(root, "attention_head_dim", c.head_dim, kMost);
    load::read(root, "in_channels", c.in_channels, kMost);
    load::read(root, "out_channels", c.out_channels, kMost);
    load::read(root, "num_layers", c.layers, kMost);
    load::read(root, "ffn_dim", c.ffn_dim, kMost);
    load::read(root, "text_dim", c.text_dim, kMost);
    load::read(root, "freq_dim", c.freq_dim, kMost, 2);
    load::read(root, "image_dim", c.image_dim, kMost);
    load::read(root, "pos_embed_seq_len", c.image_tokens, kMost);
    const auto only = [&](const char* key, const std::string& expected, bool same) {
        if (!same) root.at(key).refuse(expected);
    };
    if (const auto patch = root.find("patch_size"))
        only("patch_size", "1, 2, 2",
             patch->size() == 3 && patch->at(0).integer(1, 16) == 1 && patch->at(1).integer(1, 16) == 2 &&
                 patch->at(2).integer(1, 16) == 2);
    if (const auto norm = root.find("qk_norm"))
        only("qk_norm", "rms_norm_across_heads", !norm->is_null() && norm->string() == "rms_norm_across_heads");
    if (const auto cross = root.find("cross_attn_norm")) only("cross_attn_norm", "true", cross->boolean());
    if (c.head_dim % 2 != 0 || c.head_dim < 6) root.at("attention_head_dim").refuse("an even number from 6");
    if (c.freq_dim % 2 != 0) root.at("freq_dim").refuse("an even number");
    return c;
}

int64_t parse_original_heads(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    const json::Field root = config.root();
    int64_t heads = 0;
    load::read(root, "num_heads", heads, kMost);
    if (heads == 0) return 0;
    constexpr std::array<std::string_view, 4> kKinds = {"t2v", "i2v", "flf2v", "ti2v"};
    if (const auto kind = root.find("model_type");
        kind && std::find(kKinds.begin(), kKinds.end(), kind->string()) == kKinds.end())
        throw Error(ZT_ERROR_UNSUPPORTED, name + ": model_type: expected t2v, i2v, flf2v or ti2v, got " +
                                              quote(kind->string()) + ", another kind of Wan");
    return heads;
}

void refuse_other_kinds(const Checkpoint& file) {
    constexpr load::KindMark kOthers[] = {{"vace_", "VACE"},
                                          {"ref_conv.", "Fun (reference)"},
                                          {"control_adapter.", "Fun (camera)"},
                                          {"motion_encoder.", "Animate"},
                                          {"face_adapter.", "Animate"},
                                          {"casual_audio_encoder.", "S2V"},
                                          {"audio_proj.", "a talking head (HuMo, MultiTalk)"}};
    load::refuse_marked(file, kOthers, "Wan text to video or picture to video");
}

TransformerConfig transformer_config_of(const Checkpoint& file, int64_t heads) {
    const load::Shapes shapes(file, transformer_names());
    if (!shapes.has("head.modulation") || !shapes.has("blocks.0.self_attn.norm_q.weight"))
        load::refuse_kind(file, "expected a Wan transformer, got none (no tensor \"head.modulation\")");
    TransformerConfig c;
    const int64_t width = shapes.at("head.modulation", 3)[2];
    if (heads > 0 && width % (2 * heads) == 0) c.head_dim = width / heads;
    if (width % c.head_dim != 0)
        load::refuse_kind(
            file,
            "tensor \"head.modulation\": expected a multiple of 128 columns, or a config.json beside the file, got " +
                std::to_string(width));
    c.heads = width / c.head_dim;
    c.layers = shapes.count("blocks.");
    c.in_channels = shapes.at("patch_embedding.weight", 5)[1];
    c.out_channels = shapes.at("head.head.weight", 2)[0] / 4;
    c.ffn_dim = shapes.at("blocks.0.ffn.0.weight", 2)[0];
    c.text_dim = shapes.at("text_embedding.0.weight", 2)[1];
    c.freq_dim = shapes.at("time_embedding.0.weight", 2)[1];
    if (shapes.has("img_emb.proj.0.bias")) c.image_dim = shapes.at("img_emb.proj.0.bias", 1)[0];
    if (shapes.has("img_emb.emb_pos")) c.image_tokens = shapes.at("img_emb.emb_pos", 3)[1];
    const bool known = (c.in_channels == 16 && c.out_channels == 16) || (c.in_channels == 36 && c.out_channels == 16) ||
                       (c.in_channels == 48 && c.out_channels == 48);
    if (!known)
        load::refuse_kind(file, "expected 16, 36 or 48 input channels, got " + std::to_string(c.in_channels) +
                                    " beside " + std::to_string(c.out_channels) +
                                    " output channels (another kind of Wan)");
    return c;
}

}  // namespace zt::wan
