// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See qwen3_vl_config.h.
#include "encoders/qwen3_vl_config.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "core/utf8.h"
#include "load/config_json.h"
#include "load/part_checks.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::encoders {
namespace {

using load::Shape;
using load::Shapes;
using weights::Checkpoint;

constexpr int64_t kMaxTaps = 16;

std::vector<load::NameRow> rows() {
    return {
        {"patch_embed.proj", {"v.patch_embd"}, load::RowOrder::kSame, false, true, {-1, 3, 2, 16, 16}},
        {.ours = kPatchHalves[0], .others = {"v.patch_embd.weight"}, .bare = true, .shape = {-1, 3, 16, 16}},
        {.ours = kPatchHalves[1], .others = {"v.patch_embd.weight.1"}, .bare = true, .shape = {-1, 3, 16, 16}},
        {"pos_embed", {"v.position_embd"}},
        {"blocks.{}.norm1", {"v.blk.{}.ln1"}},
        {"blocks.{}.norm2", {"v.blk.{}.ln2"}},
        {"blocks.{}.attn.qkv", {"v.blk.{}.attn_qkv"}},
        {"blocks.{}.attn.proj", {"v.blk.{}.attn_out"}},
        {"blocks.{}.mlp.linear_fc1", {"v.blk.{}.ffn_up"}},
        {"blocks.{}.mlp.linear_fc2", {"v.blk.{}.ffn_down"}},
        {"merger.norm", {"v.post_ln"}},
        {"merger.linear_fc1", {"mm.0"}},
        {"merger.linear_fc2", {"mm.2"}},
        {"deepstack_merger_list.{}.norm", {"v.deepstack.{}.norm"}},
        {"deepstack_merger_list.{}.linear_fc1", {"v.deepstack.{}.fc1"}},
        {"deepstack_merger_list.{}.linear_fc2", {"v.deepstack.{}.fc2"}},
    };
}

// Number of the merger of tap i in the names.
int64_t tap_number(const Qwen3VlVisionConfig& c, size_t i) {
    return c.taps_by_block ? c.taps[i] : static_cast<int64_t>(i);
}

// The numbers of the mergers of taps, ascending.
std::vector<int64_t> merger_numbers(const Checkpoint& file) {
    std::vector<int64_t> numbers;
    for (const weights::CheckpointEntry& entry : file.entries()) {
        const auto placed = qwen3_vl_vision_names().place(entry.name);
        if (!placed || !placed->module.ends_with(".norm") || placed->leaf != "weight") continue;
        if (const int64_t number = load::block_number(placed->module, "deepstack_merger_list."); number >= 0)
            numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

void check_taps(const std::vector<int64_t>& taps, int64_t layers, const std::string& where) {
    const bool ascending = std::adjacent_find(taps.begin(), taps.end(), std::greater_equal<>()) == taps.end();
    if (!ascending || (!taps.empty() && taps.back() >= layers) || static_cast<int64_t>(taps.size()) > kMaxTaps)
        throw Error(ZT_ERROR_WEIGHTS, where + ": expected at most " + std::to_string(kMaxTaps) +
                                          " ascending numbers of blocks below " + std::to_string(layers) +
                                          ", got others");
}

int64_t side_of(int64_t positions, const std::string& where) {
    int64_t side = 1;
    while (side * side < positions && side < 4096) ++side;
    if (side * side != positions)
        throw Error(ZT_ERROR_WEIGHTS,
                    where + ": expected a square number of positions, got " + std::to_string(positions));
    return side;
}

// Heads and taps of a file without config.json: from GGUF's keys, else those of the published tower.
void read_untold(const Checkpoint& file, Qwen3VlVisionConfig& c) {
    const Qwen3VlVisionConfig published;
    const std::vector<int64_t> numbers = merger_numbers(file);
    const bool known = c.hidden == published.hidden && c.layers == published.layers;
    const std::optional<double> heads = file.number_value("clip.vision.attention.head_count");
    if (!heads && !known)
        load::refuse_kind(file, "expected a vision tower of width " + std::to_string(published.hidden) + " and " +
                                    std::to_string(published.layers) +
                                    " blocks, or a config.json beside the file, got width " + std::to_string(c.hidden) +
                                    " and " + std::to_string(c.layers) + " blocks");
    if (heads && !(*heads >= 1 && *heads <= 1024))
        load::refuse_kind(file, "clip.vision.attention.head_count: expected 1 to 1024, got another");
    c.heads = heads ? static_cast<int64_t>(*heads) : published.heads;
    c.taps_by_block = std::any_of(file.entries().begin(), file.entries().end(),
                                  [](const auto& entry) { return entry.name.find("v.deepstack.") != entry.name.npos; });
    if (c.taps_by_block) c.taps = numbers;
    if (!c.taps_by_block && known) c.taps = published.taps;
    if (!c.taps_by_block && !known && !numbers.empty())
        load::refuse_kind(file, "expected a config.json that names the blocks of " + std::to_string(numbers.size()) +
                                    " DeepStack mergers, got none");
    if (!c.taps_by_block && !known) c.taps.clear();
    check_taps(c.taps, c.layers, file.name() + ": v.deepstack.*");
    if (numbers.size() != c.taps.size())
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": deepstack_merger_list.*: expected " +
                                          std::to_string(c.taps.size()) + " mergers, got " +
                                          std::to_string(numbers.size()));
}

void check_heads(const Qwen3VlVisionConfig& c, const std::string& where) {
    if (c.hidden % c.heads != 0 || c.hidden / c.heads % 4 != 0)
        throw Error(ZT_ERROR_WEIGHTS, where + ": expected heads of a multiple of 4 values, got width " +
                                          std::to_string(c.hidden) + " for " + std::to_string(c.heads) + " heads");
}

}  // namespace

const load::TableNames& qwen3_vl_vision_names() {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& names = *new load::TableNames(
        {.title = "a Qwen3-VL vision tower",
         .rows = rows(),
         .prefixes = {"model.visual.", "visual.", "model."},
         .lists = {"blocks", "blk", "deepstack_merger_list", "deepstack"},
         .alone = true,
         .unused = {"language_model.", "layers.", "embed_tokens.", "norm.", "lm_head."}});  // the text model
    return names;
}

Qwen3VlVisionConfig parse_qwen3_vl_vision_config(std::string_view text, const std::string& file) {
    const load::ConfigJson config(text, file);
    const json::Field root = config.section("vision_config");
    Qwen3VlVisionConfig c;
    c.out_hidden = 3584;  // what a file leaves out is the default of transformers' class
    if (const auto type = root.find("model_type"); type && !type->is_null() && type->string() != "qwen3_vl")
        load::demand(root, "model_type", "qwen3_vl_vision");
    load::demand(root, "hidden_act", "gelu_pytorch_tanh");
    load::read(root, "depth", c.layers, load::kMaxBlocks);
    load::read(root, "hidden_size", c.hidden, load::kMaxWidth);
    load::read(root, "intermediate_size", c.intermediate, 4 * load::kMaxWidth);
    load::read(root, "num_heads", c.heads, 1024);
    load::read(root, "out_hidden_size", c.out_hidden, load::kMaxWidth);
    const auto demand_number = [&](std::string_view key, int64_t value) {
        int64_t got = value;
        load::read(root, key, got, load::kMaxWidth);
        if (got != value) root.at(key).refuse(std::to_string(value));
    };
    demand_number("in_channels", 3);
    demand_number("patch_size", Qwen3VlVisionConfig::patch);
    demand_number("temporal_patch_size", Qwen3VlVisionConfig::frames);
    demand_number("spatial_merge_size", Qwen3VlVisionConfig::merge);
    int64_t positions = c.position_side * c.position_side;
    load::read(root, "num_position_embeddings", positions, load::kMaxVocabulary);
    c.position_side = side_of(positions, root.name() + ": num_position_embeddings");
    if (const auto taps = root.find("deepstack_visual_indexes"); taps && !taps->is_null()) {
        c.taps.clear();
        if (taps->size() > static_cast<size_t>(kMaxTaps)) taps->refuse("at most 16 numbers");
        for (size_t i = 0; i < taps->size(); i++)
            c.taps.push_back(static_cast<int64_t>(taps->at(i).integer(0, load::kMaxBlocks)));
    }
    check_taps(c.taps, c.layers, root.name() + ": deepstack_visual_indexes");
    check_heads(c, root.name() + ": num_heads");
    return c;
}

Qwen3VlVisionConfig qwen3_vl_vision_config_of(const Checkpoint& file) {
    const Shapes shapes(file, qwen3_vl_vision_names());
    if (const auto type = file.text_value("clip.projector_type"); type && *type != "qwen3vl_merger")
        load::refuse_kind(file, "clip.projector_type: expected \"qwen3vl_merger\", got " + quote(*type));
    Qwen3VlVisionConfig c;
    const Shape& positions = shapes.at("pos_embed.weight", 2);
    c.hidden = positions[1];
    c.position_side = side_of(positions[0], file.name() + ": tensor \"pos_embed.weight\"");
    c.layers = shapes.count("blocks.");
    if (c.layers < 1) load::refuse_kind(file, "expected blocks of a vision tower, got none");
    c.intermediate = shapes.at("blocks.0.mlp.linear_fc1.weight", 2)[0];
    c.out_hidden = shapes.at("merger.linear_fc2.weight", 2)[0];
    read_untold(file, c);
    check_heads(c, file.name());
    return c;
}

std::vector<std::string> qwen3_vl_vision_tensors(const Qwen3VlVisionConfig& c, const Checkpoint& file) {
    std::vector<std::string> all;
    for (const load::NameRow& row : rows()) {
        if (row.bare || row.ours == "patch_embed.proj" || row.ours.starts_with("deepstack")) continue;
        load::add_tensors(row.ours, c.layers, row.ours != "pos_embed", all);
    }
    for (size_t i = 0; i < c.taps.size(); i++)
        for (const std::string_view module : {"norm", "linear_fc1", "linear_fc2"})
            load::add_tensors("deepstack_merger_list." + std::to_string(tap_number(c, i)) + "." + std::string(module),
                              1, true, all);
    all.emplace_back("patch_embed.proj.bias");
    if (Shapes(file, qwen3_vl_vision_names()).has(std::string(kPatchHalves[0])))
        all.insert(all.end(), std::begin(kPatchHalves), std::end(kPatchHalves));
    else
        all.emplace_back("patch_embed.proj.weight");
    return all;
}

bool has_qwen3_vl_vision(const Checkpoint& file) {
    return std::any_of(file.entries().begin(), file.entries().end(),
                       [](const auto& entry) { return qwen3_vl_vision_names().place(entry.name).has_value(); });
}

std::string find_mmproj(const std::string& text_file) {
    namespace fs = std::filesystem;
    const fs::path file(text_file), folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (file.extension() != ".gguf") return {};
    std::string found;
    size_t count = 0;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (!name.starts_with("mmproj") || at->path().extension() != ".gguf") continue;
        found = at->path().string();
        ++count;
    }
    return count == 1 ? found : std::string();
}

void check_qwen3_vl_vision(const Qwen3VlVisionConfig& c, const Checkpoint& file) {
    load::check_count(file, "blocks.", Shapes(file, qwen3_vl_vision_names()).count("blocks."), c.layers);
    load::check_tensors(file, qwen3_vl_vision_names(), qwen3_vl_vision_tensors(c, file));
    load::check_scales(file, qwen3_vl_vision_names());
}

load::Phase qwen3_vl_vision_phase(const Qwen3VlVisionConfig& c, const Checkpoint* file, int64_t width, int64_t height,
                                  int64_t pictures, const load::Resident& as) {
    const auto u = [](int64_t n) { return static_cast<uint64_t>(n); };
    load::Phase phase{.name = "vision"};
    const auto is_end = [](std::string_view name) { return !name.starts_with("blocks."); };
    if (file != nullptr)
        phase.weights = phase.least_weights = load::two_blocks(*file, qwen3_vl_vision_names(), as, "blocks.") +
                                              load::resident_bytes(*file, qwen3_vl_vision_names(), as, is_end);
    const int64_t patches = (width / c.patch) * (height / c.patch), tokens = patches / (c.merge * c.merge);
    // Of all pictures: states, the merged tokens and the taps. Of one: pixels, q, k, v twice, the MLP, a merger.
    const int64_t kept = pictures * (patches * c.hidden + tokens * c.out_hidden * (1 + std::ssize(c.taps)));
    const int64_t passing = patches * std::max(8 * c.hidden + c.intermediate, c.patch_values() + 2 * c.hidden);
    phase.data = u(kept + passing) * u(as.element_bytes) + load::decoded_matrix(file, as);
    return phase;
}

}  // namespace zt::encoders
