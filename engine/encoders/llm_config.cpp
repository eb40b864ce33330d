// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See llm_config.h. Keys are those that transformers 4 and 5 write; a key that is missing has the default of their
// class.
#include "encoders/llm_config.h"

#include <optional>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "load/config_json.h"
#include "load/part_checks.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::encoders {
namespace {

using load::NameRow;
using load::RowOrder;
using load::Shape;
using load::Shapes;
using weights::Checkpoint;

const std::vector<NameRow>& rows() {
    static const auto& all = *new std::vector<NameRow>{
        {"embed_tokens", {"token_embd"}},
        {"norm", {"output_norm"}},
        {"layers.{}.input_layernorm", {"blk.{}.attn_norm"}},
        {"layers.{}.post_attention_layernorm", {"blk.{}.ffn_norm"}},
        {"layers.{}.self_attn.q_proj", {"blk.{}.attn_q"}, RowOrder::kLlamaQuery},
        {"layers.{}.self_attn.k_proj", {"blk.{}.attn_k"}, RowOrder::kLlamaKey},
        {"layers.{}.self_attn.v_proj", {"blk.{}.attn_v"}},
        {"layers.{}.self_attn.o_proj", {"blk.{}.attn_output"}},
        {"layers.{}.mlp.gate_proj", {"blk.{}.ffn_gate"}},
        {"layers.{}.mlp.up_proj", {"blk.{}.ffn_up"}},
        {"layers.{}.mlp.down_proj", {"blk.{}.ffn_down"}},
    };
    return all;
}

}  // namespace

const load::PartNames& llm_names() {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& names = *new load::TableNames(
        {.title = "a LLaMA text encoder",
         .rows = rows(),
         .prefixes = {"model.language_model.", "language_model.model.", "language_model.", "model."},
         .lists = {"layers", "blk"}});
    return names;
}

std::vector<std::string> llm_tensors(int64_t layers) {
    std::vector<std::string> names;
    for (const NameRow& row : rows())
        if (row.ours != "norm") load::add_tensors(row.ours, layers, false, names);  // the last norm is not used
    return names;
}

LlmConfig parse_llm_config(std::string_view text, const std::string& file) {
    const load::ConfigJson config(text, file);
    const json::Field root = config.section("text_config");
    // What a file leaves out is the default of transformers' class, not of the published model.
    LlmConfig c;
    c.vocab = 32'000;
    c.intermediate = 11'008;
    c.rms_eps = 1e-6;
    c.rope_theta = 10'000.0;
    load::demand(root, "model_type", "llama");
    load::demand(root, "hidden_act", "silu");
    load::demand_flag(root, "attention_bias", false);
    load::demand_flag(root, "mlp_bias", false);
    load::read(root, "vocab_size", c.vocab, load::kMaxVocabulary);
    load::read(root, "hidden_size", c.hidden, load::kMaxWidth);
    load::read(root, "intermediate_size", c.intermediate, 4 * load::kMaxWidth);
    load::read(root, "num_hidden_layers", c.layers, load::kMaxBlocks, 3);
    load::read(root, "num_attention_heads", c.heads, 1024);
    c.kv_heads = c.heads;
    load::read(root, "num_key_value_heads", c.kv_heads, 1024);
    load::read(root, "rms_norm_eps", c.rms_eps, 0.0, 1.0);
    load::read(root, "rope_theta", c.rope_theta, 1.0, 1e12);
    for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
        const auto rope = root.find(key);
        if (!rope || rope->is_null()) continue;
        load::read(*rope, "rope_theta", c.rope_theta, 1.0, 1e12);
        load::demand(*rope, "rope_type", "default");
    }
    if (c.hidden % c.heads != 0)
        root.at("num_attention_heads").refuse("a divisor of hidden_size = " + std::to_string(c.hidden));
    if (c.heads % c.kv_heads != 0)
        root.at("num_key_value_heads").refuse("a divisor of num_attention_heads = " + std::to_string(c.heads));
    c.head_dim = c.hidden / c.heads;
    load::read(root, "head_dim", c.head_dim, 1024);
    return c;
}

LlmConfig llm_config_of(const Checkpoint& file) {
    const Shapes shapes(file, llm_names());
    LlmConfig c;
    if (const auto architecture = file.text_value("general.architecture"); architecture && *architecture != "llama")
        load::refuse_kind(file, "general.architecture: expected \"llama\", got " + quote(*architecture));
    const Shape& table = shapes.at("embed_tokens.weight", 2);
    c.vocab = table[0];
    c.hidden = table[1];
    c.layers = shapes.count("layers.");
    if (c.layers < 3) load::refuse_kind(file, "expected an LLM of at least 3 layers, got " + std::to_string(c.layers));
    const std::optional<double> blocks = file.number_value("llama.block_count");
    if (blocks && *blocks != static_cast<double>(c.layers))
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": blk.*: expected " + to_text(*blocks) +
                                          " blocks (llama.block_count), got " + std::to_string(c.layers));
    if (const LlmConfig published; !blocks && c.hidden == published.hidden)
        load::check_published(file, "layers.", c.hidden, c.layers, published.layers);
    c.intermediate = shapes.at("layers.0.mlp.up_proj.weight", 2)[0];
    const int64_t query = shapes.at("layers.0.self_attn.q_proj.weight", 2)[0],
                  key = shapes.at("layers.0.self_attn.k_proj.weight", 2)[0];
    const auto from_file = [&](const char* name, int64_t otherwise) {
        const std::optional<double> value = file.number_value(name);
        if (!value) return otherwise;
        if (!(*value >= 1 && *value <= 1024))
            load::refuse_kind(file, std::string(name) + ": expected 1 to 1024, got another");
        return static_cast<int64_t>(*value);
    };
    c.heads = from_file("llama.attention.head_count", query / c.head_dim);
    c.kv_heads = from_file("llama.attention.head_count_kv", key / c.head_dim);
    if (c.heads < 1 || c.kv_heads < 1 || query % c.heads != 0 || key % c.kv_heads != 0 ||
        query / c.heads != key / c.kv_heads || c.heads % c.kv_heads != 0)
        load::refuse_kind(file, "expected query and key rows that fit heads of one size, got " + std::to_string(query) +
                                    " and " + std::to_string(key) + " for " + std::to_string(c.heads) + " and " +
                                    std::to_string(c.kv_heads) + " heads");
    c.head_dim = query / c.heads;
    c.rms_eps = file.number_value("llama.attention.layer_norm_rms_epsilon").value_or(c.rms_eps);
    c.rope_theta = file.number_value("llama.rope.freq_base").value_or(c.rope_theta);
    if (!(c.rms_eps >= 0 && c.rms_eps < 1) || !(c.rope_theta >= 1 && c.rope_theta <= 1e12))
        load::refuse_kind(file, "expected a usable norm epsilon and rope base, got others");
    return c;
}

// The layers behind the last used one may be missing; one more than the configuration says would shift which that is.
void check_blocks(const LlmConfig& config, const Checkpoint& file) {
    const int64_t got = Shapes(file, llm_names()).count("layers.");
    if (got < config.layers - config.skip_layers || got > config.layers)
        load::check_count(file, "layers.", got, config.layers);
}

}  // namespace zt::encoders
