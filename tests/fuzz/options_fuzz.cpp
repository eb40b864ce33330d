// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is lines of NAME=VALUE, given to zt_set_option in turn. A refusal must come with a
// sentence on one line; success must leave the error as it was.
#include <cstring>
#include <list>
#include <string>
#include <string_view>

#include "fuzz.h"
#include "zoetrope/zoetrope.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    zt_model_params params;
    zt_request request;
    zt_model_params_init(&params);
    zt_request_init(&request);
    std::list<std::string> values;  // strings are borrowed by the structs
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string name(line.substr(0, equals));
        const std::string& value = values.emplace_back(line.substr(equals + 1));

        zt_error error = ZT_ERROR_INIT;
        const zt_status status = zt_set_option(&params, &request, name.c_str(), value.c_str(), &error);
        const size_t length = strnlen(error.message, sizeof error.message);
        zt::fuzz::require(length < sizeof error.message, "the message ends");
        if (status == ZT_OK) {
            zt::fuzz::require(length == 0, "no message without an error");
            continue;
        }
        zt::fuzz::require(status == ZT_ERROR_ARGUMENT || status == ZT_ERROR_PROMPT || status == ZT_ERROR_UNSUPPORTED,
                          "a documented status");
        zt::fuzz::require(length > 0 && error.status == status, "a sentence");
        for (size_t i = 0; i < length; ++i) {
            zt::fuzz::require(static_cast<unsigned char>(error.message[i]) >= 0x20 && error.message[i] != 0x7f,
                              "one line");
        }
    }
    return 0;
}
