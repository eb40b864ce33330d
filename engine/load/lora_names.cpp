// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Keys of LoRA files; see lora_names.h.
#include "load/lora_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/json.h"
#include "core/utf8.h"

namespace zt::load {
namespace {

constexpr std::string_view kDora = "DoRA (weight decomposition)";
constexpr std::string_view kTucker = "a Tucker core (of a convolution)";
constexpr std::string_view kOft = "OFT (orthogonal transformation)";
constexpr std::string_view kReshaped = "another shape of the weight (reshape_weight)";
constexpr std::string_view kReplaced = "a tensor that replaces the model's (set_weight)";

struct Ending {
    std::string_view text;
    bool weight;  // ".weight" follows
    LoraRole role;
    std::string_view kind = {};   // kUnread
    std::string_view below = {};  // what of the module is meant
};
// clang-format off
constexpr std::array<Ending, 33> kEndings = {{
    {".lora_A", true, LoraRole::kDown}, {".lora_B", true, LoraRole::kUp},
    {".lora_down", true, LoraRole::kDown}, {".lora_up", true, LoraRole::kUp},
    {".lora.down", true, LoraRole::kDown}, {".lora.up", true, LoraRole::kUp},
    {".alpha", false, LoraRole::kAlpha}, {".diff", false, LoraRole::kDiff}, {".diff_b", false, LoraRole::kDiffBias},
    {".diff_m", false, LoraRole::kDiff, {}, ".modulation"}, {".set_weight", false, LoraRole::kUnread, kReplaced}, {".reshape_weight", false, LoraRole::kUnread, kReshaped},
    {".hada_w1_a", false, LoraRole::kHadaW1A}, {".hada_w1_b", false, LoraRole::kHadaW1B},
    {".hada_w2_a", false, LoraRole::kHadaW2A}, {".hada_w2_b", false, LoraRole::kHadaW2B},
    {".lokr_w1", false, LoraRole::kLokrW1}, {".lokr_w1_a", false, LoraRole::kLokrW1A}, {".lokr_w1_b", false, LoraRole::kLokrW1B},
    {".lokr_w2", false, LoraRole::kLokrW2}, {".lokr_w2_a", false, LoraRole::kLokrW2A}, {".lokr_w2_b", false, LoraRole::kLokrW2B},
    {".dora_scale", false, LoraRole::kUnread, kDora}, {".lora_magnitude_vector", false, LoraRole::kUnread, kDora},
    {".lora_magnitude_vector", true, LoraRole::kUnread, kDora},
    {".lora_mid", true, LoraRole::kUnread, kTucker}, {".hada_t1", false, LoraRole::kUnread, kTucker}, {".hada_t2", false, LoraRole::kUnread, kTucker},
    {".lokr_t1", false, LoraRole::kUnread, kTucker}, {".lokr_t2", false, LoraRole::kUnread, kTucker},
    {".oft_blocks", false, LoraRole::kUnread, kOft}, {".oft_diag", false, LoraRole::kUnread, kOft}, {".oft_R", true, LoraRole::kUnread, kOft},
}};
// clang-format on

// Longest first, so that none hides a longer one.
struct Prefix {
    std::string_view text;
    bool peft = false;
};
constexpr std::array<Prefix, 7> kDottedPrefixes = {{{"base_model.model.transformer.", true},
                                                    {"transformer.base_model.model.", true},
                                                    {"base_model.model.", true},
                                                    {"model.diffusion_model."},
                                                    {"transformer."},
                                                    {"diffusion_model."},
                                                    {""}}};
constexpr std::array<std::string_view, 3> kFlatPrefixes = {"lora_unet_", "lora_transformer_", "lycoris_"};

std::string flattened(std::string text) {
    std::replace(text.begin(), text.end(), '.', '_');
    return text;
}

std::optional<double> value_of(const std::unordered_map<std::string, double>& patterns,
                               const std::optional<double>& otherwise, std::string_view module) {
    for (const auto& [pattern, value] : patterns) {
        const bool whole = module == pattern;
        const bool end = module.size() > pattern.size() && module.ends_with(pattern) &&
                         module[module.size() - pattern.size() - 1] == '.';
        if (whole || end) return value;
    }
    return otherwise;
}

void read_patterns(const json::Field& field, std::unordered_map<std::string, double>& patterns) {
    if (!std::holds_alternative<json::Value::Object>(field.value().data)) return;
    for (const std::string_view module : field.keys()) patterns.emplace(module, field.at(module).number());
}

// One key of a configuration, its prefix removed.
void read_setting(PeftConfig& config, std::string_view name, const json::Field& field, const std::string& file) {
    if (field.is_null()) return;
    if (name == "lora_alpha" || name == "alpha") config.alpha = field.number();  // the second is LoHa's and LoKr's
    if (name == "r") config.rank = field.number();
    if (name == "use_rslora") config.rank_stabilized = field.boolean();
    if (name == "alpha_pattern") read_patterns(field, config.alpha_pattern);
    if (name == "rank_pattern") read_patterns(field, config.rank_pattern);
    if (name == "use_dora" && field.boolean())
        throw Error(ZT_ERROR_UNSUPPORTED,
                    file + ": expected a LoRA without " + std::string(kDora) + ", got one with it");
    if (name == "peft_type") {
        const std::string& kind = field.string();
        if (kind != "LORA" && kind != "LOHA" && kind != "LOKR")
            throw Error(ZT_ERROR_UNSUPPORTED, field.name() + ": expected LORA, LOHA or LOKR, got " + quote(kind));
    }
}

}  // namespace

LoraNames::LoraNames(const std::vector<Spelled>& spellings, const std::vector<std::string_view>& flat_prefixes)
    : flat_prefixes_(kFlatPrefixes.begin(), kFlatPrefixes.end()) {
    flat_prefixes_.insert(flat_prefixes_.end(), flat_prefixes.begin(), flat_prefixes.end());
    for (const Spelled& s : spellings) {
        flat_.emplace(flattened(s.spelling), s.placed);
        dotted_.emplace(s.spelling, s.placed);
    }
}

std::optional<LoraKey> LoraNames::resolve(std::string_view key) const {
    constexpr std::string_view kWeight = ".weight";
    const bool weight = key.ends_with(kWeight);
    const std::string_view body = weight ? key.substr(0, key.size() - kWeight.size()) : key;
    const size_t dot = body.rfind('.');
    // PEFT puts the name of an adapter, which has no dots, between the role and ".weight".
    const std::string_view named = weight && dot != body.npos ? body.substr(0, dot) : std::string_view();
    for (const Ending& ending : kEndings) {
        if (ending.weight != weight) continue;
        const bool plain = body.ends_with(ending.text);
        if (!plain && !named.ends_with(ending.text)) continue;
        LoraKey found;
        found.role = ending.role;
        found.kind = ending.kind;
        if (!plain) found.adapter = body.substr(dot + 1);
        const std::string_view whole = plain ? body : named;
        found.stem = std::string(whole.substr(0, whole.size() - ending.text.size())) + std::string(ending.below);
        for (const std::string_view prefix : flat_prefixes_) {
            if (!found.stem.starts_with(prefix)) continue;
            found.module = found.stem.substr(prefix.size());
            if (const auto at = flat_.find(found.module); at != flat_.end()) return found.placed = at->second, found;
        }
        for (const Prefix& prefix : kDottedPrefixes) {
            if (!found.stem.starts_with(prefix.text)) continue;
            found.module = found.stem.substr(prefix.text.size());
            found.peft = prefix.peft;
            if (const auto at = dotted_.find(found.module); at != dotted_.end())
                return found.placed = at->second, found;
        }
    }
    return std::nullopt;
}

std::optional<double> PeftConfig::alpha_of(std::string_view module) const {
    return value_of(alpha_pattern, alpha, module);
}
std::optional<double> PeftConfig::rank_of(std::string_view module) const {
    return value_of(rank_pattern, rank, module);
}

PeftConfig parse_peft_metadata(std::string_view text, const std::string& file, const std::string& network) {
    const json::Origin origin{file + ": lora_adapter_metadata", ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(text, {}, origin);
    const json::Field root(value, origin);
    PeftConfig config;
    const std::string prefix = network + ".";
    for (const std::string_view key : root.keys())
        if (key.starts_with(prefix)) read_setting(config, key.substr(prefix.size()), root.at(key), file);
    return config;
}

PeftConfig parse_peft_config(std::string_view text, const std::string& file) {
    const json::Origin origin{file, ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(text, {}, origin);
    const json::Field root(value, origin);
    PeftConfig config;
    for (const std::string_view key : root.keys()) read_setting(config, key, root.at(key), file);
    return config;
}

}  // namespace zt::load
