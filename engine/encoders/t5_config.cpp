// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shapes and names; see t5_config.h and t5_names.h.
#include "encoders/t5_config.h"

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "encoders/t5_names.h"
#include "load/config_json.h"
#include "load/part_checks.h"
#include "load/shapes.h"

namespace zt::encoders {

namespace {

// No layer has a bias.
std::vector<load::NameRow> rows(std::vector<load::NameRow> all) {
    for (load::NameRow& row : all) row.bias = false;
    return all;
}

}  // namespace

const load::TableNames& t5_names() {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& names = *new load::TableNames({
        .title = "a T5 or UMT5 encoder",
        .rows = rows({{"shared", {"token_embedding", "token_embd"}},
                      {"encoder.embed_tokens"},
                      {"encoder.block.{}.layer.0.layer_norm", {"blocks.{}.norm1", "enc.blk.{}.attn_norm"}},
                      {"encoder.block.{}.layer.0.SelfAttention.q", {"blocks.{}.attn.q", "enc.blk.{}.attn_q"}},
                      {"encoder.block.{}.layer.0.SelfAttention.k", {"blocks.{}.attn.k", "enc.blk.{}.attn_k"}},
                      {"encoder.block.{}.layer.0.SelfAttention.v", {"blocks.{}.attn.v", "enc.blk.{}.attn_v"}},
                      {"encoder.block.{}.layer.0.SelfAttention.o", {"blocks.{}.attn.o", "enc.blk.{}.attn_o"}},
                      {"encoder.block.{}.layer.0.SelfAttention.relative_attention_bias",
                       {"blocks.{}.pos_embedding.embedding", "enc.blk.{}.attn_rel_b"}},
                      {"encoder.block.{}.layer.1.layer_norm", {"blocks.{}.norm2", "enc.blk.{}.ffn_norm"}},
                      {"encoder.block.{}.layer.1.DenseReluDense.wi_0", {"blocks.{}.ffn.gate.0", "enc.blk.{}.ffn_gate"}},
                      {"encoder.block.{}.layer.1.DenseReluDense.wi_1", {"blocks.{}.ffn.fc1", "enc.blk.{}.ffn_up"}},
                      {"encoder.block.{}.layer.1.DenseReluDense.wo", {"blocks.{}.ffn.fc2", "enc.blk.{}.ffn_down"}},
                      {"encoder.final_layer_norm", {"norm", "enc.output_norm"}}}),
        .prefixes = {"text_encoders.umt5xxl.transformer.", "text_encoders.t5xxl.transformer.", "umt5xxl.transformer.",
                     "t5xxl.transformer.", "text_model.", "model."},
        .lists = {"block", "blocks", "blk"},
        .ignored = {kSentencePieceTensor, "logit_scale"},  // of ComfyUI
        .alone = true,
        .unused = {"decoder.", "dec.", "lm_head.", "output."},  // of whole models
    });
    return names;
}

T5Config parse_t5_config(std::string_view text, const std::string& name) {
    constexpr uint64_t kMost = 1 << 20;
    const json::Origin origin{name, ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(text, {}, origin);
    const json::Field root(value, origin);
    T5Config c;
    load::read(root, "vocab_size", c.vocab, kMost);
    load::read(root, "d_model", c.d_model, kMost);
    load::read(root, "d_kv", c.d_kv, kMost);
    load::read(root, "num_heads", c.heads, kMost);
    load::read(root, "d_ff", c.d_ff, kMost);
    load::read(root, "num_layers", c.layers, load::kMaxBlocks);
    load::read(root, "relative_attention_num_buckets", c.buckets, kMost);
    load::read(root, "relative_attention_max_distance", c.max_distance, kMost);
    if (c.buckets < 4 || c.buckets % 4 != 0) root.at("relative_attention_num_buckets").refuse("a multiple of 4");
    if (c.max_distance <= c.buckets / 4)
        root.at("relative_attention_max_distance").refuse("more than a quarter of the buckets");
    if (const auto kind = root.find("model_type")) {
        if (kind->string() != "umt5" && kind->string() != "t5") kind->refuse("umt5 or t5");
        c.own_positions = kind->string() == "umt5";
    }
    if (const auto act = root.find("feed_forward_proj"); act && act->string() != "gated-gelu")
        act->refuse("gated-gelu");
    return c;
}

T5Config t5_config_of(const weights::Checkpoint& file) {
    const load::Shapes shapes(file, t5_names());
    const std::string first = "encoder.block.0.layer.";
    T5Config c;
    c.vocab = shapes.at(t5_embedding(shapes), 2)[0];
    c.d_model = shapes.at(t5_embedding(shapes), 2)[1];
    c.layers = shapes.count("encoder.block.");
    c.buckets = shapes.at(first + "0.SelfAttention.relative_attention_bias.weight", 2)[0];
    c.heads = shapes.at(first + "0.SelfAttention.relative_attention_bias.weight", 2)[1];
    const int64_t width = shapes.at(first + "0.SelfAttention.q.weight", 2)[0];
    if (width % c.heads != 0)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": expected rows of the query for " + std::to_string(c.heads) +
                                          " heads, got " + std::to_string(width));
    c.d_kv = width / c.heads;
    c.d_ff = shapes.at(first + "1.DenseReluDense.wi_0.weight", 2)[0];
    c.own_positions = shapes.has("encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight");
    return c;
}

std::vector<std::string> t5_tensors(const T5Config& config, const weights::Checkpoint& file) {
    std::vector<std::string> all = t5_names().tensors([&](std::string_view module) -> int64_t {
        if (module.ends_with("relative_attention_bias")) return config.own_positions ? config.layers : 1;
        return module.find("{}") == module.npos ? 1 : config.layers;
    });
    // One of the two names of the embeddings will do.
    const load::Shapes shapes(file, t5_names());
    for (const char* name : {"shared.weight", "encoder.embed_tokens.weight"})
        if (!shapes.has(name) && name != std::string_view(t5_embedding(shapes))) std::erase(all, name);
    return all;
}

void check_t5(const T5Config& config, const weights::Checkpoint& file) {
    load::check_scales(file, t5_names());
    load::check_tensors(file, t5_names(), t5_tensors(config, file));
    const weights::CheckpointEntry *first = nullptr, *second = nullptr;
    for (const weights::CheckpointEntry& entry : file.entries()) {
        const auto placed = t5_names().place(entry.name);
        if (placed && placed->name() == "shared.weight") first = &entry;
        if (placed && placed->name() == "encoder.embed_tokens.weight") second = &entry;
    }
    if (first != nullptr && second != nullptr && !load::same_bytes(file, *first, *second))
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": tensor " + quote(second->name) + ": expected the numbers of " +
                                          quote(first->name) + ", which are the same embeddings, got others");
}

load::Phase t5_phase(const T5Config& c, const weights::Checkpoint* file, int64_t tokens, const load::Resident& as) {
    const auto u = [](int64_t n) { return static_cast<uint64_t>(n); };
    load::Phase phase{.name = "text"};
    if (file != nullptr)
        phase.weights = phase.least_weights = load::two_blocks(*file, t5_names(), as, "encoder.block.");
    // States, q, k, v, two halves of the MLP; scores in fp32, twice.
    phase.data = u(tokens) * u(6 * c.width() + 3 * c.d_ff) * u(as.element_bytes) +
                 2 * u(tokens) * u(tokens) * u(c.heads) * 4 + load::decoded_matrix(file, as);
    return phase;
}

}  // namespace zt::encoders
