// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See llm_config.h. Keys are those that transformers 4 and 5 write; a key that is missing has the default of their
// class.
#include "encoders/llm_config.h"

#include <algorithm>
#include <cstring>
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

// Qwen3-VL 32B.
constexpr int64_t kQwenHeadDim = 128;
constexpr std::array<int64_t, 3> kQwenSections = {24, 20, 20};
constexpr double kQwenTheta = 5e6, kQwenEps = 1e-6;

// What one kind of LLM is called, and where it differs.
struct KindFacts {
    std::string_view model_type, whole_type;  // in config.json: of the LLM alone, and of the model around it
    std::string_view architecture;            // of GGUF, where it begins every key
    LlmConfig defaults;                       // of transformers' class
    int64_t least_layers;
};

const KindFacts& facts(LlmKind kind) {
    static const auto& all = *new std::array<KindFacts, 2>{{
        {"llama",
         "llama",
         "llama",
         {.vocab = 32'000, .intermediate = 11'008, .rms_eps = 1e-6, .rope_theta = 10'000.0},
         3},
        {"qwen3_vl_text",
         "qwen3_vl",
         "qwen3vl",
         {.kind = LlmKind::kQwen3Vl,
          .vocab = 151'936,
          .intermediate = 22'016,
          .heads = 32,
          .kv_heads = 32,
          .head_dim = kQwenHeadDim,
          .rms_eps = kQwenEps,
          .skip_layers = 0,
          .head_norms = true,
          .sections = kQwenSections},
         1},
    }};
    return all[static_cast<size_t>(kind)];
}

std::vector<NameRow> rows_of(LlmKind kind) {
    std::vector<NameRow> rows = {
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
    if (kind == LlmKind::kLlama) return rows;
    // llama.cpp turns these heads as transformers does, so it leaves their rows as they are.
    for (NameRow& row : rows) row.order = RowOrder::kSame;
    rows.push_back({"layers.{}.self_attn.q_norm", {"blk.{}.attn_q_norm"}});
    rows.push_back({"layers.{}.self_attn.k_norm", {"blk.{}.attn_k_norm"}});
    return rows;
}

load::TableNames names_of(LlmKind kind) {
    load::NameTable table{.title = "a LLaMA text encoder",
                          .rows = rows_of(kind),
                          .prefixes = {"model.language_model.", "language_model.model.", "language_model.", "model."},
                          .lists = {"layers", "blk"}};
    if (kind == LlmKind::kQwen3Vl) {
        table.title = "a Qwen3-VL text encoder";
        table.alone = true;
        table.unused = {"visual.", "lm_head.", "output.", "rope_freqs."};  // of the whole model
    }
    return load::TableNames(std::move(table));
}

// The turning of heads: rope_theta, and the sections where a token has several positions.
void read_rope(const json::Field& root, LlmConfig& c) {
    load::read(root, "rope_theta", c.rope_theta, 1.0, 1e12);
    for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
        const auto rope = root.find(key);
        if (!rope || rope->is_null()) continue;
        load::read(*rope, "rope_theta", c.rope_theta, 1.0, 1e12);
        load::demand(*rope, "rope_type", "default");
        if (c.kind != LlmKind::kQwen3Vl) continue;
        load::demand_flag(*rope, "mrope_interleaved", true);
        const auto sections = rope->find("mrope_section");
        if (!sections || sections->is_null()) continue;
        if (sections->size() != c.sections.size()) sections->refuse("three sections");
        for (size_t i = 0; i < c.sections.size(); i++)
            c.sections[i] = static_cast<int64_t>(sections->at(i).integer(0, 1024));
    }
}

LlmConfig parse_kind(std::string_view text, const std::string& file, LlmKind kind) {
    const load::ConfigJson config(text, file);
    const json::Field root = config.section("text_config");
    const KindFacts& known = facts(kind);
    LlmConfig c = known.defaults;
    if (const auto type = root.find("model_type"); type && !type->is_null() && type->string() != known.whole_type)
        load::demand(root, "model_type", known.model_type);
    load::demand(root, "hidden_act", "silu");
    load::demand_flag(root, "attention_bias", false);
    load::demand_flag(root, "mlp_bias", false);
    load::read(root, "vocab_size", c.vocab, load::kMaxVocabulary);
    load::read(root, "hidden_size", c.hidden, load::kMaxWidth);
    load::read(root, "intermediate_size", c.intermediate, 4 * load::kMaxWidth);
    load::read(root, "num_hidden_layers", c.layers, load::kMaxBlocks, static_cast<uint64_t>(known.least_layers));
    load::read(root, "num_attention_heads", c.heads, 1024);
    if (kind == LlmKind::kLlama) c.kv_heads = c.heads;
    load::read(root, "num_key_value_heads", c.kv_heads, 1024);
    load::read(root, "rms_norm_eps", c.rms_eps, 0.0, 1.0);
    read_rope(root, c);
    if (kind == LlmKind::kLlama && c.hidden % c.heads != 0)
        root.at("num_attention_heads").refuse("a divisor of hidden_size = " + std::to_string(c.hidden));
    if (c.heads % c.kv_heads != 0)
        root.at("num_key_value_heads").refuse("a divisor of num_attention_heads = " + std::to_string(c.heads));
    if (kind == LlmKind::kLlama) c.head_dim = c.hidden / c.heads;
    load::read(root, "head_dim", c.head_dim, 1024);
    if (kind == LlmKind::kQwen3Vl && c.head_dim % 2 != 0) root.at("head_dim").refuse("an even number");
    return c;
}

// A whole number under a key of GGUF.
int64_t number_of(const Checkpoint& file, const std::string& key, int64_t otherwise) {
    const std::optional<double> value = file.number_value(key);
    if (!value) return otherwise;
    if (!(*value >= 1 && *value <= 1024)) load::refuse_kind(file, key + ": expected 1 to 1024, got another");
    return static_cast<int64_t>(*value);
}

// "qwen3vl.rope.dimension_sections" of GGUF: four numbers, the last one 0; false: there are none.
bool read_sections(const Checkpoint& file, const std::string& key, LlmConfig& c) {
    if (file.gguf() == nullptr) return false;
    const auto found = file.gguf()->arrays().find(key);
    constexpr uint32_t kUnsigned = 4, kSigned = 5;  // of 32 bits
    if (found == file.gguf()->arrays().end()) return false;
    const weights::GgufArray& array = found->second;
    if ((array.type != kUnsigned && array.type != kSigned) || array.count < 3 || array.count > 4)
        load::refuse_kind(file, key + ": expected three or four numbers of 32 bits, got another array");
    const std::string bytes = file.gguf()->read(array);
    for (size_t i = 0; i < c.sections.size(); i++) {
        int32_t value = 0;
        std::memcpy(&value, bytes.data() + i * sizeof(value), sizeof(value));
        if (value < 0 || value > 1024) load::refuse_kind(file, key + ": expected 0 to 1024, got another");
        c.sections[i] = value;
    }
    return true;
}

// Heads, their size and how they turn, from the shapes and the keys of GGUF.
void read_heads(const Checkpoint& file, const Shapes& shapes, LlmConfig& c) {
    const std::string prefix(facts(c.kind).architecture);
    const std::string attention = "layers.0.self_attn.";
    const int64_t query = shapes.at(attention + "q_proj.weight", 2)[0],
                  key = shapes.at(attention + "k_proj.weight", 2)[0];
    if (c.head_norms) c.head_dim = shapes.at(attention + "q_norm.weight", 1)[0];
    c.heads = number_of(file, prefix + ".attention.head_count", query / c.head_dim);
    c.kv_heads = number_of(file, prefix + ".attention.head_count_kv", key / c.head_dim);
    if (c.heads < 1 || c.kv_heads < 1 || query % c.heads != 0 || key % c.kv_heads != 0 ||
        query / c.heads != key / c.kv_heads || c.heads % c.kv_heads != 0)
        load::refuse_kind(file, "expected query and key rows that fit heads of one size, got " + std::to_string(query) +
                                    " and " + std::to_string(key) + " for " + std::to_string(c.heads) + " and " +
                                    std::to_string(c.kv_heads) + " heads");
    c.head_dim = query / c.heads;
    if (c.head_dim % 2 != 0)
        load::refuse_kind(file, "expected an even number of values a head, got " + std::to_string(c.head_dim));
    c.rms_eps = file.number_value(prefix + ".attention.layer_norm_rms_epsilon").value_or(c.rms_eps);
    c.rope_theta = file.number_value(prefix + ".rope.freq_base").value_or(c.rope_theta);
    if (!(c.rms_eps >= 0 && c.rms_eps < 1) || !(c.rope_theta >= 1 && c.rope_theta <= 1e12))
        load::refuse_kind(file, "expected a usable norm epsilon and rope base, got others");
    if (c.kind != LlmKind::kQwen3Vl || read_sections(file, prefix + ".rope.dimension_sections", c)) return;
    if (c.head_dim != kQwenHeadDim)
        load::refuse_kind(file, "expected " + std::to_string(kQwenHeadDim) +
                                    " values a head, or a config.json beside the file, got " +
                                    std::to_string(c.head_dim));
}

// The configuration `c` of a published model, made to fit the file. published: layers of the model that is as wide; 0:
// a file may have any number.
LlmConfig config_of(const Checkpoint& file, LlmConfig c, int64_t published) {
    const Shapes shapes(file, llm_names(c.kind));
    const KindFacts& known = facts(c.kind);
    const std::string prefix(known.architecture);
    // Some makers leave the architecture empty.
    if (const auto architecture = file.text_value("general.architecture");
        architecture && *architecture != prefix && !(c.kind == LlmKind::kQwen3Vl && architecture->empty()))
        load::refuse_kind(file, "general.architecture: expected " + quote(prefix) + ", got " + quote(*architecture));
    const Shape& table = shapes.at("embed_tokens.weight", 2);
    const int64_t width = c.hidden;
    c.vocab = table[0];
    c.hidden = table[1];
    c.layers = shapes.count("layers.");
    if (c.layers < known.least_layers)
        load::refuse_kind(file, "expected an LLM of at least " + std::to_string(known.least_layers) + " layer" +
                                    (known.least_layers > 1 ? "s" : "") + ", got " + std::to_string(c.layers));
    const std::optional<double> blocks = file.number_value(prefix + ".block_count");
    if (blocks && *blocks != static_cast<double>(c.layers))
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": blk.*: expected " + to_text(*blocks) + " blocks (" + prefix +
                                          ".block_count), got " + std::to_string(c.layers));
    if (published > 0 && !blocks && c.hidden == width)
        load::check_published(file, "layers.", c.hidden, c.layers, published);
    c.intermediate = shapes.at("layers.0.mlp.up_proj.weight", 2)[0];
    read_heads(file, shapes, c);
    return c;
}

}  // namespace

const load::PartNames& llm_names(LlmKind kind) {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& all =
        *new std::array<load::TableNames, 2>{names_of(LlmKind::kLlama), names_of(LlmKind::kQwen3Vl)};
    return all[static_cast<size_t>(kind)];
}

std::vector<std::string> llm_tensors(int64_t layers, LlmKind kind) {
    std::vector<std::string> names;
    for (const NameRow& row : rows_of(kind))
        if (row.ours != "norm") load::add_tensors(row.ours, layers, false, names);  // the last norm is not used
    return names;
}

LlmConfig parse_llm_config(std::string_view text, const std::string& file) {
    return parse_kind(text, file, LlmKind::kLlama);
}

LlmConfig parse_qwen3_vl_text_config(std::string_view text, const std::string& file) {
    return parse_kind(text, file, LlmKind::kQwen3Vl);
}

LlmConfig llm_config_of(const Checkpoint& file) {
    const LlmConfig published;
    return config_of(file, published, published.layers);
}

LlmConfig qwen3_vl_text_config_of(const Checkpoint& file) {
    LlmConfig published = facts(LlmKind::kQwen3Vl).defaults;
    published.rope_theta = kQwenTheta;
    return config_of(file, published, 0);  // ComfyUI's files leave out layers that are not used
}

load::Phase llm_phase(const LlmConfig& c, const Checkpoint* file, int64_t tokens, int64_t longest,
                      const load::Resident& as) {
    const auto u = [](int64_t n) { return static_cast<uint64_t>(n); };
    const auto is_used = [&](std::string_view name) {
        const int64_t layer = load::block_number(name, "layers.");
        return layer >= 0 && layer < c.layers - c.skip_layers;
    };
    load::Phase phase{.name = "text"};
    if (file != nullptr)
        phase.weights = phase.least_weights = load::two_blocks(*file, llm_names(c.kind), as, "layers.", is_used);
    // Of every sequence its states; of the one that passes a layer: states normed in fp32 and rounded; queries, keys
    // and values as they come, turned, and repeated for every query head, and the result; or the two halves of the MLP.
    const int64_t heads = 4 * c.heads * c.head_dim + 4 * c.kv_heads * c.head_dim;
    phase.data = u(tokens) * u(c.hidden) * u(as.element_bytes) +
                 u(longest) * (u(3 * c.hidden + std::max(heads, 2 * c.intermediate)) * u(as.element_bytes) +
                               u(2 * c.hidden) * 4) +
                 load::decoded_matrix(file, as);
    return phase;
}

// The layers behind the last used one may be missing; one more than the configuration says would shift which that is.
void check_blocks(const LlmConfig& config, const Checkpoint& file) {
    const int64_t got = Shapes(file, llm_names(config.kind)).count("layers.");
    if (got < config.layers - config.skip_layers || got > config.layers)
        load::check_count(file, "layers.", got, config.layers);
}

}  // namespace zt::encoders
