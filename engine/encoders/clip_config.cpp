// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See clip_config.h. Keys are those that transformers 4 and 5 write; a key that is missing has the default of their
// class.
#include "encoders/clip_config.h"

#include <array>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "load/config_json.h"
#include "load/part_checks.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::encoders {
namespace {

using load::NameRow;
using load::Shape;
using load::Shapes;
using weights::Checkpoint;

constexpr std::array<std::string_view, 8> kClipLayer = {
    "encoder.layers.{}.layer_norm1",      "encoder.layers.{}.layer_norm2",      "encoder.layers.{}.self_attn.q_proj",
    "encoder.layers.{}.self_attn.k_proj", "encoder.layers.{}.self_attn.v_proj", "encoder.layers.{}.self_attn.out_proj",
    "encoder.layers.{}.mlp.fc1",          "encoder.layers.{}.mlp.fc2"};
constexpr std::array<std::string_view, 3> kClipText = {"embeddings.token_embedding", "embeddings.position_embedding",
                                                       "final_layer_norm"};
constexpr std::array<std::string_view, 4> kClipVision = {"embeddings.patch_embedding", "embeddings.position_embedding",
                                                         "pre_layrnorm", "post_layernorm"};
constexpr std::string_view kClassEmbedding = "embeddings.class_embedding";  // a tensor without a module

std::vector<NameRow> clip_rows(std::span<const std::string_view> own) {
    std::vector<NameRow> rows;
    for (const std::string_view name : kClipLayer) rows.push_back({name});
    for (const std::string_view name : own) rows.push_back({name});
    return rows;
}

load::TableNames make_names(Tower tower) {
    if (tower == Tower::kText)
        return load::TableNames({.title = "a CLIP text encoder",
                                 .rows = clip_rows(kClipText),
                                 .prefixes = {"text_model."},
                                 .lists = {"layers"}});
    std::vector<NameRow> rows = clip_rows(kClipVision);
    rows.push_back({.ours = kClassEmbedding, .others = {"visual.cls_embedding"}, .bare = true, .shape = {-1}});
    // OpenCLIP's tower as the original files of Wan have it, under their names.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOpenClip = {
        {{"encoder.layers.{}.layer_norm1", "visual.transformer.{}.norm1"},
         {"encoder.layers.{}.layer_norm2", "visual.transformer.{}.norm2"},
         {"encoder.layers.{}.self_attn.out_proj", "visual.transformer.{}.attn.proj"},
         {"encoder.layers.{}.mlp.fc1", "visual.transformer.{}.mlp.0"},
         {"encoder.layers.{}.mlp.fc2", "visual.transformer.{}.mlp.2"},
         {"embeddings.patch_embedding", "visual.patch_embedding"},
         {"pre_layrnorm", "visual.pre_norm"},
         {"post_layernorm", "visual.post_norm"}}};
    for (NameRow& row : rows) {
        for (const auto& [ours, other] : kOpenClip)
            if (row.ours == ours) row.others.push_back(other);
        if (row.ours == "embeddings.position_embedding") row.weights = {"visual.pos_embedding"}, row.shape = {-1, -1};
    }
    return load::TableNames(
        {.title = "a CLIP image encoder",
         .rows = std::move(rows),
         .prefixes = {"model.vision_tower.vision_model.", "vision_tower.vision_model.", "clip_vision_h.vision_model.",
                      "clip_vision.vision_model.", "model.vision_tower.", "vision_tower.", "vision_model."},
         .lists = {"layers", "transformer"},
         .unused = {"text_model.", "textual.", "visual.head", "text_projection.", "visual_projection.", "logit_scale",
                    "log_scale", "clip_vision.visual_projection.", "clip_vision_h.visual_projection.",
                    "embeddings.position_ids"},
         .splits = {{"visual.transformer.{}.attn.to_qkv",
                     {"encoder.layers.{}.self_attn.q_proj", "encoder.layers.{}.self_attn.k_proj",
                      "encoder.layers.{}.self_attn.v_proj"}}}});
}

ClipConfig parse_clip(const json::Field& root, ClipConfig c) {
    if (const auto act = root.find("hidden_act"); act && !act->is_null()) {
        if (act->string() != "quick_gelu" && act->string() != "gelu") act->refuse("\"quick_gelu\" or \"gelu\"");
        c.quick_gelu = act->string() == "quick_gelu";
    }
    load::read(root, "hidden_size", c.hidden, load::kMaxWidth);
    load::read(root, "intermediate_size", c.intermediate, 4 * load::kMaxWidth);
    load::read(root, "num_hidden_layers", c.layers, load::kMaxBlocks);
    load::read(root, "num_attention_heads", c.heads, 1024);
    load::read(root, "layer_norm_eps", c.norm_eps, 0.0, 1.0);
    if (c.hidden % c.heads != 0)
        root.at("num_attention_heads").refuse("a divisor of hidden_size = " + std::to_string(c.hidden));
    return c;
}

// Towers that are in circulation.
struct Published {
    int64_t hidden, layers, head_dim;
    bool quick_gelu;
};
constexpr std::array<Published, 1> kTexts = {{{768, 12, 64, true}}};                             // ViT-L/14
constexpr std::array<Published, 2> kPictures = {{{1024, 24, 64, true}, {1280, 32, 80, false}}};  // ViT-L/14, ViT-H/14

ClipConfig clip_of(const Checkpoint& file, const Shapes& shapes, int64_t hidden, std::span<const Published> published) {
    ClipConfig c;
    c.hidden = hidden;
    c.layers = shapes.count("encoder.layers.");
    int64_t head_dim = 64;
    for (const Published& known : published) {
        if (known.hidden != hidden) continue;
        load::check_published(file, "encoder.layers.", hidden, c.layers, known.layers);
        head_dim = known.head_dim, c.quick_gelu = known.quick_gelu;
    }
    c.intermediate = shapes.at("encoder.layers.0.mlp.fc1.weight", 2)[0];
    if (hidden % head_dim != 0)
        load::refuse_kind(file, "expected a CLIP width that is a multiple of " + std::to_string(head_dim) +
                                    ", or a config.json beside the file, got " + std::to_string(hidden));
    c.heads = hidden / head_dim;
    return c;
}

}  // namespace

const load::TableNames& clip_names(Tower tower) {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& all = *new std::array<load::TableNames, 2>{make_names(Tower::kText), make_names(Tower::kVision)};
    return all[static_cast<size_t>(tower)];
}

std::vector<std::string> clip_tensors(Tower tower, int64_t layers) {
    std::vector<std::string> names;
    for (const std::string_view name : kClipLayer) load::add_tensors(name, layers, true, names);
    if (tower == Tower::kText) {
        for (const std::string_view name : kClipText)
            load::add_tensors(name, layers, name == "final_layer_norm", names);
        return names;
    }
    names.emplace_back(kClassEmbedding);
    for (const std::string_view name : {"embeddings.patch_embedding", "embeddings.position_embedding"})
        load::add_tensors(name, layers, false, names);
    load::add_tensors("pre_layrnorm", layers, true, names);
    return names;
}

ClipConfig parse_clip_text_config(std::string_view text, const std::string& file) {
    const load::ConfigJson config(text, file);
    const json::Field root = config.section("text_config");
    ClipConfig c = parse_clip(root, {.hidden = 512, .intermediate = 2048, .layers = 12, .heads = 8});
    load::read(root, "vocab_size", c.vocab, load::kMaxVocabulary);
    load::read(root, "max_position_embeddings", c.positions, load::kMaxWidth);
    c.eos = c.vocab - 1;
    load::read(root, "eos_token_id", c.eos, static_cast<uint64_t>(c.vocab) - 1, 0);
    if (c.eos == 2) c.eos = c.vocab - 1;  // legacy: the largest id of the prompt is meant
    return c;
}

ClipConfig parse_clip_vision_config(std::string_view text, const std::string& file) {
    const load::ConfigJson config(text, file);
    const json::Field root = config.section("vision_config");
    ClipConfig c = parse_clip(
        root, {.hidden = 768, .intermediate = 3072, .layers = 12, .heads = 12, .image_size = 224, .patch = 32});
    load::read(root, "image_size", c.image_size, 4096);
    load::read(root, "patch_size", c.patch, 1024);
    if (c.patch > c.image_size) root.at("patch_size").refuse("at most image_size = " + std::to_string(c.image_size));
    return c;
}

void check_blocks(const ClipConfig& config, const Checkpoint& file, Tower tower) {
    const std::string prefix = "encoder.layers.";
    const int64_t got = Shapes(file, clip_names(tower)).count(prefix);
    if (got < config.layers - (tower == Tower::kVision ? 1 : 0) || got > config.layers)
        load::check_count(file, prefix, got, config.layers);
}

void check_clip_vision(const ClipConfig& config, const Checkpoint& file) {
    const load::TableNames& names = clip_names(Tower::kVision);
    check_blocks(config, file, Tower::kVision);
    load::check_names(file, names, clip_tensors(Tower::kVision, config.layers - 1));
    load::check_scales(file, names);
    for (const weights::CheckpointEntry& entry : file.entries())
        if (!names.place(entry.name) && !names.is_unused(entry.name))
            throw Error(ZT_ERROR_WEIGHTS, file.name() + ": tensor " + quote(entry.name) +
                                              ": expected only tensors of CLIP, got one more");
}

ClipConfig clip_text_config_of(const Checkpoint& file) {
    const Shapes shapes(file, clip_names(Tower::kText));
    const Shape& table = shapes.at("embeddings.token_embedding.weight", 2);
    ClipConfig c = clip_of(file, shapes, table[1], kTexts);
    c.vocab = table[0];
    c.eos = c.vocab - 1;
    c.positions = shapes.at("embeddings.position_embedding.weight", 2)[0];
    return c;
}

ClipConfig clip_vision_config_of(const Checkpoint& file) {
    const Shapes shapes(file, clip_names(Tower::kVision));
    const Shape& patches = shapes.at("embeddings.patch_embedding.weight", 4);
    ClipConfig c = clip_of(file, shapes, patches[0], kPictures);
    c.patch = patches[3];
    const int64_t tokens = shapes.at("embeddings.position_embedding.weight", 2)[0] - 1;
    int64_t side = 1;
    while (side * side < tokens && side < 4096) ++side;
    if (side * side != tokens)
        load::refuse_kind(
            file,
            "tensor \"embeddings.position_embedding.weight\": expected 1 more than a square number of rows, got " +
                std::to_string(tokens + 1));
    c.image_size = side * c.patch;
    return c;
}

}  // namespace zt::encoders
