// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See engine_options.h.
#include "engine_options.h"

#include <cstdio>
#include <string_view>

#include "core/utf8.h"

namespace zt::cli {
namespace {

struct Option {
    std::string_view name;
    const char *default_value, *help;
    unsigned flags;
};
// The table as the other front ends have it, so that --help needs no engine.
constexpr Option kOptions[] = {
#define ZT_OPTION(name, type, text_default, number_default, min, max, choices, flags, help) \
    {#name, text_default, help, static_cast<unsigned>(flags)},
#include "api/options.def"
};

// y4m has no place for what these ask for, and pictures come from a host that decodes them.
bool is_ours(const Option& option) {
    return (option.flags & (ZT_OPTION_I2V | ZT_OPTION_MARK)) == 0 && option.name != "cutout";
}

}  // namespace

void print_engine_options() {
    for (const Option& option : kOptions) {
        if (!is_ours(option)) continue;
        std::string name(option.name);
        for (char& letter : name) letter = letter == '_' ? '-' : letter;
        const bool has_default = option.default_value[0] != '\0';
        std::printf("  --%-15s %s%s%s%s\n", name.c_str(), option.help, has_default ? " (" : "", option.default_value,
                    has_default ? ")" : "");
    }
}

void set_options(const ZtEngine& engine, const GivenOptions& options, zt_model_params& params, zt_request& request) {
    for (const auto& [name, value] : options) {
        std::string key = name;
        for (char& letter : key) letter = letter == '-' ? '_' : letter;
        for (const Option& option : kOptions) {
            if (key == option.name && !is_ours(option))
                throw Error(ZT_ERROR_ARGUMENT,
                            key +
                                ": expected no such option here (y4m files cannot carry it, pictures come "
                                "from FFmpeg or GStreamer), got " +
                                quote(value));
        }
        zt_error error = ZT_ERROR_INIT;
        check(engine.set_option(&params, &request, key.c_str(), value.c_str(), &error), error);
    }
}

}  // namespace zt::cli
