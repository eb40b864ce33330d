// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/names.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::minimax_h3 {
namespace {

using load::NameRow;
using load::RowOrder;

// The layers that blocks and refiner have alike. The last spelling of a row has its order of rows.
void add_layers(std::vector<NameRow>& rows, std::string_view ours, std::string_view theirs, QkvOrder qkv) {
    // Never freed: rows hold views.
    const auto name = [](std::string_view list, std::string_view module) -> std::string_view {
        return *new std::string(std::string(list) + std::string(module));
    };
    const auto add = [&](std::string_view module, std::string_view other, RowOrder order = RowOrder::kSame) {
        rows.push_back({.ours = name(ours, module), .others = {name(theirs, other)}, .order = order, .bias = false});
    };
    rows.push_back({.ours = name(ours, "attn.qkv"),
                    .others = {name(theirs, "attn.to_q,attn.to_k,attn.to_v"), name(ours, "attn.qkv_proj")},
                    .order = qkv == QkvOrder::kPerHead ? RowOrder::kPerHead : RowOrder::kSame,
                    .bias = false});
    add("norm1", "norm1");
    add("norm2", "norm2");
    add("attn.q_norm", "attn.norm_q");
    add("attn.k_norm", "attn.norm_k");
    add("attn.out_proj", "attn.to_out.0");
    add("mlp.fc1", "ff.net.0.proj", RowOrder::kSwapHalves);
    add("mlp.fc2", "ff.net.2");
}

load::NameTable table(QkvOrder qkv) {
    std::vector<NameRow> rows = {
        {"video_patch_proj", {"proj_in"}},
        {"audio_patch_proj", {"audio_proj_in"}},
        {"condition_proj", {"context_embedder"}},
        {"time_embedder.proj_in", {"time_embedder.linear_1"}},
        {"time_embedder.proj_out", {"time_embedder.linear_2"}},
        {.ours = "adaln_t_table", .bare = true},
        {.ours = "token_refiner.final_norm", .bias = false},
        {.ours = "final_layer.norm", .others = {"norm_out.norm"}, .bias = false},
        {"final_layer.adaln_proj.linear", {"norm_out.linear"}},
        {"final_layer.video_out", {"proj_out"}},
        {"final_layer.audio_out", {"audio_proj_out"}},
        {"blocks.{}.adaln_proj.linear", {"transformer_blocks.{}.adaln_proj.linear"}},
    };
    add_layers(rows, "blocks.{}.", "transformer_blocks.{}.", qkv);
    add_layers(rows, "token_refiner.blocks.{}.", "token_refiner.refiner_blocks.{}.", qkv);
    return {.title = "a MiniMax-H3 transformer",
            .rows = std::move(rows),
            .prefixes = {"model.diffusion_model.", "diffusion_model.", "transformer.", "model."},
            .lists = {"blocks", "transformer_blocks", "refiner_blocks"},
            .ignored = {"rope.inv_freq"},  // computed
            .alone = true,
            .blocks = {"blocks."}};
}

}  // namespace

const load::TableNames& transformer_names(QkvOrder order) {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& stacked = *new load::TableNames(table(QkvOrder::kStacked));
    static const auto& per_head = *new load::TableNames(table(QkvOrder::kPerHead));
    return order == QkvOrder::kPerHead ? per_head : stacked;
}

std::vector<std::string> transformer_tensors(const TransformerConfig& config) {
    return transformer_names(QkvOrder::kStacked).tensors([&](std::string_view module) -> int64_t {
        const bool pruned = config.table_points > 0;
        if (module == "adaln_t_table") return pruned ? 1 : 0;
        if (module.starts_with("time_embedder.")) return pruned ? 0 : 1;
        if (module.starts_with("token_refiner.blocks.")) return config.refiner_layers;
        return module.find("{}") == module.npos ? 1 : config.layers;
    });
}

QkvOrder qkv_order_of(const weights::Checkpoint& file, std::string_view wanted) {
    if (wanted == "stacked") return QkvOrder::kStacked;
    if (wanted == "per-head") return QkvOrder::kPerHead;
    if (!wanted.empty() && wanted != "auto")
        throw Error(ZT_ERROR_ARGUMENT, "qkv: expected auto, stacked or per-head, got " + quote(std::string(wanted)));
    const bool shards = file.container() == weights::Container::kShards;
    return shards && file.find("blocks.0.attn.qkv_proj.weight") != nullptr ? QkvOrder::kPerHead : QkvOrder::kStacked;
}

bool is_reference_model(const std::string& path) {
    std::string low = path;
    std::transform(low.begin(), low.end(), low.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const size_t ref = std::max(low.rfind("ref2va") + 1, low.rfind("transformer_ref") + 1);  // npos + 1 is 0
    return ref > low.rfind("fl2va") + 1;  // what stands deeper in the path counts
}

load::LoraBase lora_base(const weights::Checkpoint& file, const TransformerConfig& config) {
    const load::TableNames& names = transformer_names(QkvOrder::kStacked);
    load::LoraBase base;
    const auto count = [&](std::string_view module) {
        return module.starts_with("token_refiner.") ? config.refiner_layers : config.layers;
    };
    base.spellings = names.spellings(count);
    base.named_spellings = transformer_names(QkvOrder::kPerHead).spellings(count);
    base.shapes = load::shapes_of(file, names);
    base.heads = config.heads;
    return base;
}

std::shared_ptr<const load::LoraSet> open_loras(const weights::Checkpoint& file, const TransformerConfig& config,
                                                const std::string& lora, const Log& log) {
    const std::vector<load::LoraFile> files = load::parse_lora_option(lora);
    try {
        return load::LoraSet::open(files, lora_base(file, config), log);
    } catch (const Error& e) {
        // The matrices of a pruned file have other columns and its embedder is gone: there is nothing to merge into.
        const std::string_view what = e.what();
        const bool about = what.find("adaln_proj") != what.npos || what.find("time_embedder") != what.npos;
        if (config.table_points == 0 || !about) throw;
        throw Error(e.status(),
                    e.what() + std::string("; it changes the modulation, which a pruned transformer has as a table: "
                                           "use the transformer that is not pruned, or an adapter without it"));
    }
}

}  // namespace zt::minimax_h3
