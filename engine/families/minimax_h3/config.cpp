// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/config.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "families/minimax_h3/names.h"
#include "load/config_json.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::minimax_h3 {
namespace {

using weights::Checkpoint;

constexpr uint64_t kMost = 1 << 20;
constexpr int64_t kVectors = 6;  // of a block's modulation: shift, scale and gate, twice

double positive(const json::Field& root, const char* key, double otherwise) {
    const auto field = root.find(key);
    if (!field) return otherwise;
    const double value = field->number();
    if (!(value > 0 && value < 1e12)) field->refuse("a number above 0");
    return value;
}

// Of each axis. A table of them is in some files; else they turn three quarters of a head, as in every known model.
int64_t rope_frequencies(const Checkpoint& file, int64_t head_dim) {
    for (const weights::CheckpointEntry& entry : file.entries())
        if (entry.name.ends_with("rope.inv_freq") && entry.shape.size() == 1 && entry.rows() > 0 &&
            2 * 3 * entry.rows() <= head_dim)
            return entry.rows();
    return std::max<int64_t>(1, head_dim / 8);
}

}  // namespace

TransformerConfig parse_transformer_config(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    const json::Field root = config.root();
    TransformerConfig c;
    load::read(root, "num_attention_heads", c.heads, kMost);
    load::read(root, "attention_head_dim", c.head_dim, kMost);
    load::read(root, "hidden_size", c.hidden, kMost);
    load::read(root, "num_layers", c.layers, kMost);
    load::read(root, "num_refiner_layers", c.refiner_layers, kMost);
    load::read(root, "ffn_dim", c.ffn_dim, kMost);
    load::read(root, "in_channels", c.channels, kMost);
    load::read(root, "audio_in_channels", c.audio_channels, kMost);
    load::read(root, "text_dim", c.text_dim, kMost);
    load::read(root, "freq_dim", c.freq_dim, kMost, 2);
    load::read(root, "time_embed_hidden_dim", c.time_hidden, kMost);
    load::read(root, "time_embed_dim", c.time_dim, kMost);
    load::read(root, "rope_freq_dim", c.rope_frequencies, kMost);
    c.rope_theta = positive(root, "rope_theta", c.rope_theta);
    c.norm_eps = positive(root, "norm_eps", c.norm_eps);
    c.qk_norm_eps = positive(root, "qk_norm_eps", c.qk_norm_eps);
    c.final_norm_eps = positive(root, "final_norm_eps", c.final_norm_eps);
    if (const auto patch = root.find("patch_size"))
        if (patch->size() != 3 || patch->at(0).integer(1, 16) != 1 || patch->at(1).integer(1, 16) != 2 ||
            patch->at(2).integer(1, 16) != 2)
            patch->refuse("1, 2, 2");
    if (c.freq_dim % 2 != 0) root.at("freq_dim").refuse("an even number");
    if (2 * 3 * c.rope_frequencies > c.head_dim)
        throw Error(ZT_ERROR_WEIGHTS, name + ": rope_freq_dim: expected at most " + std::to_string(c.head_dim / 6) +
                                          " (a sixth of attention_head_dim), got " +
                                          std::to_string(c.rope_frequencies));
    return c;
}

void refuse_other_kinds(const Checkpoint& file) {
    constexpr load::KindMark kOthers[] = {{"attn.to_gate_compress", "FastH3 with sparse attention"},
                                          {"control_blocks.", "ControlNet"},
                                          {"controlnet", "ControlNet"},
                                          {"control_patch_proj", "ControlNet"}};
    load::refuse_marked(file, kOthers, "MiniMax-H3 text or keyframes to video");
}

TransformerConfig transformer_config_of(const Checkpoint& file) {
    const load::Shapes shapes(file, transformer_names(QkvOrder::kStacked));
    if (!shapes.has("video_patch_proj.weight") || !shapes.has("audio_patch_proj.weight"))
        load::refuse_kind(file,
                          "expected a MiniMax-H3 transformer, got none (no tensor \"video_patch_proj.weight\" "
                          "and \"audio_patch_proj.weight\")");
    TransformerConfig c;
    const load::Shape& video = shapes.at("video_patch_proj.weight", 2);
    c.hidden = video[0], c.channels = video[1] / (c.patch * c.patch);
    c.audio_channels = shapes.at("audio_patch_proj.weight", 2)[1];
    c.head_dim = shapes.at("blocks.0.attn.q_norm.weight", 1)[0];
    const int64_t qkv = shapes.at("blocks.0.attn.qkv.weight", 2)[0];
    c.heads = qkv / 3 / c.head_dim;
    if (c.heads < 1 || 3 * c.inner() != qkv)
        load::refuse_kind(file, "tensor \"blocks.0.attn.qkv_proj.weight\": expected three times as many rows as " +
                                    std::to_string(c.head_dim) + " channels of some heads, got " + std::to_string(qkv));
    c.rope_frequencies = rope_frequencies(file, c.head_dim);
    c.layers = shapes.count("blocks.");
    c.refiner_layers = shapes.count("token_refiner.blocks.");
    c.ffn_dim = shapes.at("blocks.0.mlp.fc1.weight", 2)[0] / 2;
    c.text_dim = shapes.at("condition_proj.weight", 2)[1];
    if (shapes.has("adaln_t_table")) {
        const load::Shape& table = shapes.at("adaln_t_table", 2);
        c.table_points = table[0], c.time_dim = table[1];
        c.freq_dim = c.time_hidden = 0;
        if (c.table_points < 2)
            load::refuse_kind(
                file, "tensor \"adaln_t_table\": expected 2 rows or more, got " + std::to_string(c.table_points));
    } else {
        c.freq_dim = shapes.at("time_embedder.proj_in.weight", 2)[1];
        c.time_hidden = shapes.at("time_embedder.proj_in.weight", 2)[0];
        c.time_dim = shapes.at("time_embedder.proj_out.weight", 2)[0];
    }
    const int64_t heads_out = shapes.at("final_layer.video_out.weight", 2)[0];
    if (heads_out != c.video_row())
        load::refuse_kind(file, "tensor \"final_layer.video_out.weight\": expected " + std::to_string(c.video_row()) +
                                    " rows, got " + std::to_string(heads_out) +
                                    (heads_out % std::max<int64_t>(1, c.video_row()) == 0 ? " (a bank of heads)" : ""));
    const int64_t vectors = kVectors * kModalities * c.hidden;
    if (const int64_t rows = shapes.at("blocks.0.adaln_proj.linear.weight", 2)[0]; rows != vectors)
        load::refuse_kind(file, "tensor \"blocks.0.adaln_proj.linear.weight\": expected " + std::to_string(vectors) +
                                    " rows, got " + std::to_string(rows));
    return c;
}

TransformerConfig read_transformer_config(load::PartFile& part) {
    refuse_other_kinds(*part.checkpoint);
    const std::optional<load::ConfigText> config = load::config_of(part.path, kTransformerClass);
    // One of a folder is found whatever its class.
    part.from_shapes = !config || config->text.find(kTransformerClass) == config->text.npos;
    return part.from_shapes ? transformer_config_of(*part.checkpoint)
                            : parse_transformer_config(config->text, config->name);
}

}  // namespace zt::minimax_h3
