// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See tokenizer_fields.h.
#include "text/tokenizer_fields.h"

#include <algorithm>
#include <utility>

#include "core/utf8.h"
#include "text/text_steps.h"

namespace zt::text {

using json::Field;

namespace {

// The list of a `Sequence`, or the one field itself; nested sequences flattened.
void flatten(const Field& field, std::string_view list_key, std::vector<Field>& out) {
    if (field.at("type").string() == "Sequence") {
        check_keys(field, {"type", list_key});
        const Field list = field.at(list_key);
        for (size_t i = 0; i < list.size(); ++i) flatten(list.at(i), list_key, out);
    } else {
        out.push_back(field);
    }
    if (out.size() > kMaxSteps) field.refuse("at most " + std::to_string(kMaxSteps) + " steps");
}

}  // namespace

void unsupported(const Field& field, const std::string& expected, const std::string& got) {
    throw Error(ZT_ERROR_UNSUPPORTED, field.name() + ": expected " + expected + ", got " + got);
}

void check_keys(const Field& field, std::initializer_list<std::string_view> known) {
    for (const std::string_view key : field.keys())
        if (std::find(known.begin(), known.end(), key) == known.end()) unsupported(field, "known settings", quote(key));
}

std::optional<Field> find(const Field& field, std::string_view key) {
    std::optional<Field> found = field.find(key);
    return found && found->is_null() ? std::nullopt : std::move(found);
}

bool flag(const Field& field, std::string_view key, bool otherwise) {
    const auto found = find(field, key);
    return found ? found->boolean() : otherwise;
}

std::string text_of(const Field& field, std::string_view key) {
    const auto found = find(field, key);
    return found ? found->string() : std::string();
}

void require_off(const Field& field, std::string_view key) {
    if (flag(field, key, false)) unsupported(field, quote(key) + " to be off", "it on");
}

std::vector<Field> steps_of(const Field& root, std::string_view key, std::string_view list_key) {
    std::vector<Field> steps;
    if (const auto field = find(root, key)) flatten(*field, list_key, steps);
    return steps;
}

}  // namespace zt::text
