// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names by tables; see part_names.h.
#include "load/part_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace zt::load {
namespace {

// "a.{}.b,c" -> "a.{}.b", "a.{}.c"
std::vector<std::string> split_pieces(std::string_view text) {
    std::vector<std::string> pieces;
    const size_t brace = text.find("}.");
    const std::string_view head = brace == text.npos ? std::string_view() : text.substr(0, brace + 2);
    for (text.remove_prefix(head.size());;) {
        const size_t comma = text.find(',');
        pieces.push_back(std::string(head) + std::string(text.substr(0, comma)));
        if (comma == text.npos) return pieces;
        text.remove_prefix(comma + 1);
    }
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 4 && (text.size() == 1 || text[0] != '0') &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "layers.12.mlp" -> "layers.{}.mlp" and "12": the first number between dots that follows a name of a
// list of blocks. Other numbers ("mlp.0", "to_out.0") are part of the name.
std::string without_number(std::string_view module, const std::vector<std::string_view>& lists, std::string& number) {
    for (size_t start = 0; start < module.size();) {
        const size_t dot = module.find('.', start);
        if (dot == module.npos) break;
        const size_t next = std::min(module.find('.', dot + 1), module.size());
        const std::string_view list = module.substr(start, dot - start),
                               digits = module.substr(dot + 1, next - dot - 1);
        if (std::find(lists.begin(), lists.end(), list) != lists.end() && is_number(digits)) {
            number = digits;
            return std::string(module.substr(0, dot + 1)) + "{}" + std::string(module.substr(next));
        }
        start = dot + 1;
    }
    return std::string(module);
}

// What may stand after a module.
bool is_leaf(std::string_view leaf) noexcept {
    constexpr std::array<std::string_view, 11> kLeaves = {
        "weight",       "bias",        "scale",       "fp8_scale",      "scale_weight",   "scale_input",
        "weight_scale", "input_scale", "comfy_quant", "weight_scale_2", "pre_quant_scale"};
    return std::find(kLeaves.begin(), kLeaves.end(), leaf) != kLeaves.end();
}

}  // namespace

TableNames::TableNames(NameTable table) : table_(std::move(table)) {
    for (const NameRow& row : table_.rows) {
        ours_.emplace(row.ours, ours_.size());
        patterns_.emplace(row.ours, Pattern{row.ours, 0, 1, RowOrder::kSame, row.bare});
        for (const std::string_view name : row.weights)
            patterns_.emplace(name, Pattern{row.ours, 0, 1, RowOrder::kSame, true, true});
        for (const std::string_view other : row.others) {
            const std::vector<std::string> pieces = split_pieces(other);
            const RowOrder order = other == row.others.back() ? row.order : RowOrder::kSame;
            for (size_t i = 0; i < pieces.size(); ++i)
                patterns_.emplace(pieces[i], Pattern{row.ours, static_cast<int>(i), static_cast<int>(pieces.size()),
                                                     order, row.bare});
        }
    }
}

const TableNames::Pattern* TableNames::find(std::string_view module, std::string& number) const {
    if (module.find('{') != module.npos) return nullptr;  // a pattern is no name
    const auto found = patterns_.find(without_number(module, table_.lists, number));
    return found == patterns_.end() ? nullptr : &found->second;
}

std::optional<Placed> TableNames::place_module(std::string_view module) const {
    std::string number;
    const Pattern* p = find(module, number);
    if (p == nullptr) return std::nullopt;
    return Placed{with_number(p->module, number), {}, p->piece, p->pieces, p->order};
}

std::optional<Placed> TableNames::place_stripped(std::string_view name) const {
    std::string number;
    if (const Pattern* p = find(name, number); p != nullptr && p->bare)
        return Placed{with_number(p->module, number), p->weight ? "weight" : "", p->piece, p->pieces, p->order};
    const size_t dot = name.rfind('.');
    if (dot == name.npos || !is_leaf(name.substr(dot + 1))) return std::nullopt;
    const Pattern* p = find(name.substr(0, dot), number);
    if (p == nullptr || p->bare) return std::nullopt;
    Placed placed{with_number(p->module, number), std::string(name.substr(dot + 1)), p->piece, p->pieces, p->order};
    if (placed.leaf == "scale") {  // some files call the weight of a norm so
        if (!placed.module.ends_with("_norm")) return std::nullopt;
        placed.leaf = "weight";
    }
    return placed;
}

std::string TableNames::without_wrappers(std::string_view name) const {
    std::string plain(name);
    for (const std::string_view wrapper : table_.wrappers)
        for (size_t at = 0; (at = plain.find(wrapper, at)) != plain.npos;) {
            if (at == 0 || plain[at - 1] == '.')
                plain.erase(at, wrapper.size());
            else
                at += wrapper.size();
        }
    return plain;
}

std::optional<Placed> TableNames::place_prefixed(std::string_view name) const {
    for (const std::string_view prefix : table_.prefixes) {
        if (!name.starts_with(prefix)) continue;
        if (auto placed = place_stripped(name.substr(prefix.size()))) return placed;
    }
    return place_stripped(name);
}

std::optional<Placed> TableNames::place(std::string_view file_name) const {
    return place_prefixed(without_wrappers(file_name));
}

bool TableNames::is_listed(std::string_view file_name) const {
    for (const std::string_view prefix : table_.prefixes) {
        if (file_name.starts_with(prefix)) {
            file_name.remove_prefix(prefix.size());
            break;
        }
    }
    return file_name == "scaled_fp8" ||
           std::any_of(table_.ignored.begin(), table_.ignored.end(),
                       [&](std::string_view end) { return file_name.ends_with(end); }) ||
           std::any_of(table_.unused.begin(), table_.unused.end(),
                       [&](std::string_view start) { return file_name.starts_with(start); });
}

bool TableNames::is_unused(std::string_view file_name) const { return is_listed(without_wrappers(file_name)); }

bool TableNames::is_ignored(std::string_view file_name) const { return !table_.alone || is_unused(file_name); }

std::vector<int64_t> TableNames::shape_of(const Placed& placed) const {
    if (!placed.leaf.empty() && placed.leaf != "weight") return {};
    std::string number;
    const std::string pattern = without_number(placed.module, table_.lists, number);
    const auto found = ours_.find(pattern);
    return found == ours_.end() ? std::vector<int64_t>() : table_.rows[found->second].shape;
}

std::vector<std::string> TableNames::split(std::string_view file_name) const {
    if (table_.splits.empty()) return {};
    const size_t dot = file_name.rfind('.');
    if (dot == file_name.npos || !is_leaf(file_name.substr(dot + 1))) return {};
    const auto pieces_of = [&](std::string_view module) {
        std::vector<std::string> names;
        std::string number;
        const std::string pattern = without_number(module, table_.lists, number);
        for (const SplitRow& row : table_.splits) {
            if (row.file != pattern) continue;
            for (const std::string_view piece : row.pieces)
                names.push_back(with_number(piece, number) + std::string(file_name.substr(dot)));
        }
        return names;
    };
    const std::string_view module = file_name.substr(0, dot);
    for (const std::string_view prefix : table_.prefixes) {
        if (!module.starts_with(prefix)) continue;
        if (auto names = pieces_of(module.substr(prefix.size())); !names.empty()) return names;
    }
    return pieces_of(module);
}

bool TableNames::may_be_unscaled(std::string_view module) const {
    return !table_.blocks.empty() && std::none_of(table_.blocks.begin(), table_.blocks.end(),
                                                  [&](std::string_view block) { return module.starts_with(block); });
}

std::vector<Spelled> TableNames::spellings(const std::function<int64_t(std::string_view)>& count) const {
    std::vector<Spelled> all;
    for (const NameRow& row : table_.rows) {
        const int64_t blocks = row.ours.find("{}") == row.ours.npos ? 1 : count(row.ours);
        for (int64_t i = 0; i < blocks; ++i) {
            const std::string number = std::to_string(i), ours = with_number(row.ours, number);
            all.push_back({ours, {ours, {}}});
            for (const std::string_view other : row.others) {
                if (other == row.ours) continue;
                const std::vector<std::string> pieces = split_pieces(other);
                const RowOrder order = other == row.others.back() ? row.order : RowOrder::kSame;
                for (size_t p = 0; p < pieces.size(); ++p)
                    all.push_back({with_number(pieces[p], number),
                                   {ours, {}, static_cast<int>(p), static_cast<int>(pieces.size()), order}});
            }
        }
    }
    return all;
}

std::vector<std::string> TableNames::tensors(const std::function<int64_t(std::string_view)>& count) const {
    std::vector<std::string> all;
    for (const NameRow& row : table_.rows) {
        const int64_t blocks = count(row.ours);
        for (int64_t i = 0; i < blocks; ++i) {
            const std::string name = with_number(row.ours, std::to_string(i));
            all.push_back(row.bare ? name : name + ".weight");
            if (!row.bare && row.bias) all.push_back(name + ".bias");
        }
    }
    return all;
}

std::string with_number(std::string_view pattern, std::string_view number) {
    const size_t at = pattern.find("{}");
    if (at == pattern.npos) return std::string(pattern);
    return std::string(pattern.substr(0, at)) + std::string(number) + std::string(pattern.substr(at + 2));
}

bool is_scale(std::string_view leaf) noexcept {
    return leaf == "fp8_scale" || leaf == "scale_weight" || leaf == "weight_scale";
}

}  // namespace zt::load
