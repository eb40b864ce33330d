// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is JSON text. Whatever is accepted must survive being written and read again; the
// same text must be refused or accepted by the event parser and the tree parser alike.
#include <string>
#include <string_view>

#include "core/json.h"
#include "fuzz.h"

namespace {

// Counts levels: events must be balanced even when nothing looks at the values.
class Balance final : public zt::json::Events {
public:
    void null() override {}
    void boolean(bool) override {}
    void unsigned_integer(uint64_t) override {}
    void number(double) override {}
    void string(std::string_view) override {}
    void key(std::string_view) override {}
    void begin_object() override { ++level; }
    void end_object() override { --level; }
    void begin_array() override { ++level; }
    void end_array() override { --level; }
    int level = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const zt::json::Origin origin{"input"};
    bool accepted = false;
    try {
        const std::string written = zt::json::to_text(zt::json::parse_value(text, {}, origin));
        accepted = true;
        // Blanks of deep indentation may make it longer than the limit; the values are the same.
        const zt::json::Limits limits = {.bytes = 1 << 30, .string_bytes = 1 << 26};
        zt::fuzz::require(zt::json::to_text(zt::json::parse_value(written, limits, origin)) == written,
                          "written text reads back the same");
    } catch (const zt::Error& error) {
        zt::fuzz::require(!accepted && error.status() == ZT_ERROR_WEIGHTS, error.what());
    }
    Balance balance;
    try {
        zt::json::parse(text, {}, origin, balance);
        zt::fuzz::require(accepted && balance.level == 0, "events agree with the tree");
    } catch (const zt::Error&) {
        zt::fuzz::require(!accepted, "the tree agrees with the events");
    }
    return 0;
}
