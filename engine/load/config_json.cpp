// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See config_json.h.
#include "load/config_json.h"

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"

namespace zt::load {

ConfigJson::ConfigJson(std::string_view text, const std::string& file)
    : origin_{file, ZT_ERROR_WEIGHTS}, value_(json::parse_value(text, {}, origin_)) {
    const auto packed = root().find("quantization_config");
    if (!packed || packed->is_null()) return;
    std::string got = "one";
    for (const std::string_view key : {"quant_method", "bnb_4bit_quant_type"})
        if (const auto field = packed->find(key); field && std::holds_alternative<std::string>(field->value().data))
            got += ", " + std::string(key) + " " + quote(field->string());
    throw Error(ZT_ERROR_UNSUPPORTED,
                file + ": quantization_config: expected none (fp8 and GGUF are read as their files are), got " + got);
}

void ConfigJson::check_class(std::string_view wanted) const {
    const auto name = root().find("_class_name");
    if (name && name->string() != wanted)
        throw Error(ZT_ERROR_UNSUPPORTED,
                    origin_.name + ": _class_name: expected " + std::string(wanted) + ", got " + quote(name->string()));
}

void read(const json::Field& from, std::string_view key, int64_t& out, uint64_t most, uint64_t least) {
    if (const auto field = from.find(key); field && !field->is_null())
        out = static_cast<int64_t>(field->integer(least, most));
}

void read(const json::Field& from, std::string_view key, double& out, double least, double most) {
    const auto field = from.find(key);
    if (!field || field->is_null()) return;
    out = field->number();
    if (!(out >= least && out <= most))
        field->refuse("a number from " + std::to_string(least) + " to " + std::to_string(most));
}

void demand(const json::Field& from, std::string_view key, std::string_view value) {
    const auto field = from.find(key);
    if (field && !field->is_null() && field->string() != value) field->refuse("\"" + std::string(value) + "\"");
}

void demand_flag(const json::Field& from, std::string_view key, bool value) {
    const auto field = from.find(key);
    if (field && !field->is_null() && field->boolean() != value) field->refuse(value ? "true" : "false");
}

void demand_number(const json::Field& from, std::string_view key, double value) {
    const auto field = from.find(key);
    if (field && !field->is_null() && field->number() != value) field->refuse(to_text(value));
}

bool flag_of(const json::Field& from, std::string_view key, bool otherwise) {
    const auto field = from.find(key);
    return field && !field->is_null() ? field->boolean() : otherwise;
}

}  // namespace zt::load
