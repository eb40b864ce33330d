// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The option table and zt_set_option; see options.h. A value is parsed by its type and compared with the table's range,
// refused if this version cannot do it, then stored in the struct.
#include "api/options.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>
#include <variant>

#include "api/guard.h"
#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "pipeline/images.h"
#include "pipeline/plan.h"

namespace zt::api {

namespace {

constexpr zt_option_info kOptions[] = {
#define ZT_OPTION(name, type, text_default, number_default, min, max, choices, flags, help) \
    {#name, ZT_OPTION_##type, text_default, static_cast<double>(min), static_cast<double>(max), choices, flags, help},
#include "api/options.def"
};

[[noreturn]] void refuse(zt_status status, const zt_option_info& option, const std::string& expected,
                         const std::string& got) {
    throw Error(status, std::string(option.name) + ": expected " + expected + ", got " + got);
}

std::string bound_text(double bound) {
    // 2^63 is the nearest double to the largest int64.
    return bound >= 0x1p63 ? std::string("9223372036854775807") : to_text(bound);
}

// What a value of this option may be, in words that hold for every value between the two ends. -1
// beside values that begin at 0 is a word of its own ("endless", "the model's own").
std::string range_text(const zt_option_info& option) {
    const std::string range = bound_text(option.min) + " to " + bound_text(option.max);
    const std::string above = " to " + bound_text(option.max);
    switch (option.type) {
        case ZT_OPTION_INT: return range + " (a whole number)";
        case ZT_OPTION_BYTES: return range + " (whole bytes, with suffix K, M or G)";
        case ZT_OPTION_TIME:
            return "0.000001" + above + " seconds" + (option.min < 0 ? ", 0 or -1" : " or 0") +
                   " (as 1.5, 00:01.5, 500ms or 20us)";
        case ZT_OPTION_DOUBLE: return option.min < 0 ? "-1 or 0" + above : range;
        default: return range;
    }
}

// ---- Reading: one value of any type ----

struct Value {
    int64_t integer = 0;  // INT, BOOL, ENUM (index of its word), TIME (microseconds), BYTES
    double real = 0.0;    // DOUBLE
    std::pair<int, int> size{};
    zt_rational rate{};
};

int64_t in_range(const zt_option_info& option, std::optional<int64_t> number, double unit, const char* value) {
    if (number && static_cast<double>(*number) >= option.min * unit &&
        static_cast<double>(*number) <= option.max * unit)
        return *number;
    refuse(ZT_ERROR_ARGUMENT, option, range_text(option), quote(value));
}

int64_t word_index(const zt_option_info& option, std::string_view value) {
    int64_t index = 0;
    for (std::string_view rest = option.choices; !rest.empty(); ++index) {
        const size_t blank = std::min(rest.find(' '), rest.size());
        if (rest.substr(0, blank) == value) return index;
        rest.remove_prefix(std::min(blank + 1, rest.size()));
    }
    refuse(ZT_ERROR_ARGUMENT, option, std::string("one of ") + option.choices, quote(value));
}

void check_text(const zt_option_info& option, std::string_view value) {
    if (value.size() < static_cast<size_t>(option.min) || value.size() > static_cast<size_t>(option.max)) {
        refuse(ZT_ERROR_ARGUMENT, option, range_text(option) + " bytes", std::to_string(value.size()));
    }
    if (option.type == ZT_OPTION_PATH) return;  // a path is whatever bytes the file system takes
    if (const auto fault = find_text_fault(value)) {
        refuse(ZT_ERROR_ARGUMENT, option, fault->encoding ? "UTF-8" : "no control characters", fault->got);
    }
}

double read_double(const zt_option_info& option, const char* value) {
    const auto number = parse_double(value);
    const bool between = number && option.min < 0 && *number > option.min && *number < 0;
    if (number && !between && *number >= option.min && *number <= option.max) return *number;
    refuse(ZT_ERROR_ARGUMENT, option, range_text(option), quote(value));
}

Value read_value(const zt_option_info& option, const char* value) {
    Value out;
    switch (option.type) {
        case ZT_OPTION_STRING:
        case ZT_OPTION_PATH: check_text(option, value); break;
        case ZT_OPTION_DICT:
            check_text(option, value);
            (void)parse_dict(option.name, value);
            break;
        case ZT_OPTION_BOOL:
            if (const auto yes = parse_bool(value))
                out.integer = *yes ? 1 : 0;
            else
                refuse(ZT_ERROR_ARGUMENT, option, "0 or 1", quote(value));
            break;
        case ZT_OPTION_INT: out.integer = in_range(option, parse_int64(value), 1.0, value); break;
        case ZT_OPTION_BYTES: out.integer = in_range(option, parse_bytes(value), 1.0, value); break;
        case ZT_OPTION_TIME: out.integer = in_range(option, parse_time_us(value), 1e6, value); break;
        case ZT_OPTION_DOUBLE: out.real = read_double(option, value); break;
        case ZT_OPTION_ENUM: out.integer = word_index(option, value); break;
        case ZT_OPTION_SIZE:
            if (value[0] == '\0') break;
            if (const auto size = parse_size(value); size && size->first > 0 && size->second > 0)
                out.size = *size;
            else
                refuse(ZT_ERROR_ARGUMENT, option, "WIDTHxHEIGHT in pixels", quote(value));
            break;
        case ZT_OPTION_RATE:
            if (value[0] == '\0') break;
            if (const auto rate = parse_rate(value))
                out.rate = *rate;
            else
                refuse(ZT_ERROR_ARGUMENT, option, "frames per second as 24, 24000/1001 or 23.976", quote(value));
            break;
    }
    return out;
}

// What the table names beside the range: a reader of the whole value.
void check_by_name(std::string_view name, const char* value) {
#define ZT_CHECK(option, function) \
    if (name == #option) (void)pipeline::function(value);
#include "api/options.def"
}

// ---- Storing ----

// Where an option is kept: a member of one of the two structs.
using Field =
    std::variant<const char * zt_model_params::*, int zt_model_params::*, uint64_t zt_model_params::*,
                 const char * zt_request::*, int zt_request::*, int64_t zt_request::*, double zt_request::*,
                 zt_transition zt_request::*, zt_fit zt_request::*, zt_label zt_request::*,
                 zt_label_language zt_request::*, zt_label_place zt_request::*, zt_watermark zt_request::*,
                 zt_cache zt_request::*, zt_rational zt_request::*, std::pair<int zt_request::*, int zt_request::*>>;

struct Place {
    std::string_view option;
    Field field;
};

constexpr Place kPlaces[] = {
#define ZT_FIELD(name, params, member) {#name, &params::member},
#define ZT_FIELD_SIZE(name, params, width, height) {#name, std::pair(&params::width, &params::height)},
#include "api/options.def"
};

void assign(const char*& to, const char* value, const Value&) { to = value; }
void assign(double& to, const char*, const Value& read) { to = read.real; }
void assign(zt_rational& to, const char*, const Value& read) { to = read.rate; }
template <typename Integer>
void assign(Integer& to, const char*, const Value& read) {
    to = static_cast<Integer>(read.integer);
}

// False for a member of the other struct.
template <typename Params>
bool write(Params& params, const Field& field, const char* value, const Value& read) {
    return std::visit(
        [&](auto member) {
            using Member = decltype(member);
            if constexpr (std::is_invocable_v<Member, Params&>) {
                assign(params.*member, value, read);
                return true;
            } else if constexpr (std::is_same_v<Params, zt_request> && !std::is_member_pointer_v<Member>) {
                params.*member.first = read.size.first;
                params.*member.second = read.size.second;
                return true;
            } else {
                return false;
            }
        },
        field);
}

// Stores into a copy as long as this version's struct and writes back what the caller's has room for: his header may be
// older and have no field for the option.
template <typename Params>
void store(Params* theirs, const char* what, const zt_option_info& option, const Field& field, const char* value,
           const Value& read) {
    Params ours;
    copy_params(theirs, &ours, sizeof(ours), what);
    if (!write(ours, field, value, read))
        throw Error(ZT_ERROR_INTERNAL, std::string(option.name) + ": expected a field of " + what + ", got another's");
    const size_t size = theirs->struct_size, room = std::min(size, sizeof(ours));
    const auto* bytes = reinterpret_cast<const unsigned char*>(&ours);
    if (std::any_of(bytes + room, bytes + sizeof(ours), [](unsigned char byte) { return byte != 0; }))
        refuse(ZT_ERROR_UNSUPPORTED, option, "a client built for version " ZT_VERSION_STRING,
               std::string(what) + " without room for it");
    ours.struct_size = size;
    std::memcpy(static_cast<void*>(theirs), &ours, room);
}

}  // namespace

const zt_option_info& find_option(std::string_view name) {
    std::string wanted(name);
    std::replace(wanted.begin(), wanted.end(), '-', '_');
    for (const zt_option_info& option : kOptions) {
        if (wanted == option.name) return option;
    }
    std::string known;
    for (const zt_option_info& option : kOptions) known += (known.empty() ? "" : " ") + std::string(option.name);
    throw Error(ZT_ERROR_ARGUMENT, quote(name) + ": expected one of " + known + ", got no such option");
}

void set_option(zt_model_params* params, zt_request* request, const zt_option_info& option, const char* value) {
    check_pointer(value, option.name);
    check_by_name(option.name, value);
    const Value read = read_value(option, value);
    const auto* const place = std::find_if(std::begin(kPlaces), std::end(kPlaces),
                                           [&](const Place& one) { return one.option == option.name; });
    if (place == std::end(kPlaces)) return;  // a front end's own, or not possible yet
    if ((option.flags & ZT_OPTION_MODEL) != 0)
        store(params, "params", option, place->field, value, read);
    else
        store(request, "request", option, place->field, value, read);
}

std::vector<std::pair<std::string, std::string>> parse_dict(const char* option, std::string_view text) {
    std::vector<std::pair<std::string, std::string>> entries;
    if (text.empty()) return entries;
    std::string key, value;
    bool in_value = false;
    const auto finish_entry = [&] {
        const bool twice =
            std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
        if (!in_value || key.empty() || twice) {
            throw Error(ZT_ERROR_ARGUMENT,
                        std::string(option) + ": expected key=value:key=value with each key once, got " + quote(text));
        }
        entries.emplace_back(std::exchange(key, {}), std::exchange(value, {}));
        in_value = false;
    };
    for (size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (letter == '\\' && at + 1 < text.size())
            (in_value ? value : key) += text[++at];
        else if (letter == ':')
            finish_entry();
        else if (letter == '=' && !in_value)
            in_value = true;
        else
            (in_value ? value : key) += letter;
    }
    finish_entry();
    return entries;
}

}  // namespace zt::api

const zt_option_info* zt_option_at(size_t index) {
    return index < std::size(zt::api::kOptions) ? &zt::api::kOptions[index] : nullptr;
}

zt_status zt_set_option(zt_model_params* params, zt_request* request, const char* name, const char* value,
                        zt_error* error) {
    return zt::api::guard(error, [&] {
        zt::api::check_pointer(name, "name");
        const zt_option_info& option = zt::api::find_option(name);
        zt::api::set_option(params, request, option, value);
        return ZT_OK;
    });
}
