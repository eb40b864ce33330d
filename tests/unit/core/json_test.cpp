// SPDX-License-Identifier: LGPL-2.1-or-later
//
// JSON within limits: what is read, what is refused and how the refusal reads.
#include "core/json.h"

#include <clocale>

#include <gtest/gtest.h>

#include "weights/probe.h"

namespace zt::json {
namespace {

const Origin kOrigin{"c.json", ZT_ERROR_WEIGHTS};

Value read(std::string_view text, const Limits& limits = {}) { return parse_value(text, limits, kOrigin); }

std::string refusal_of(std::string_view text, const Limits& limits = {}) {
    const auto error = test::refusal([&] { static_cast<void>(read(text, limits)); });
    if (!error) return "accepted";
    EXPECT_EQ(error->status(), ZT_ERROR_WEIGHTS);
    return error->what();
}

TEST(Json, reads_every_kind_of_value) {
    const Value value = read(R"( {"n":null,"t":true,"i":18446744073709551615,"m":-3,"d":0.25,"s":"\u00e4\ud83c\udfac",
                                  "a":[1,[],{}]} )");
    const Field root(value, kOrigin);
    EXPECT_EQ(root.keys(), (std::vector<std::string_view>{"n", "t", "i", "m", "d", "s", "a"}));
    EXPECT_TRUE(root.at("t").boolean());
    EXPECT_EQ(root.at("i").integer(0, UINT64_MAX), UINT64_MAX);
    EXPECT_EQ(root.at("m").number(), -3.0);
    EXPECT_EQ(root.at("d").number(), 0.25);
    EXPECT_EQ(root.at("s").string(), "\xc3\xa4\xf0\x9f\x8e\xac");
    EXPECT_EQ(root.at("a").size(), 3u);
    EXPECT_EQ(root.at("a").at(0).integer(1, 1), 1u);
    EXPECT_FALSE(root.find("x"));
}

TEST(Json, text_made_from_a_value_reads_back_the_same) {
    const std::string text =
        "{\n  \"a\\u0001\\\"\\\\\": [1, 0.1, -2.5e+300, true, null, \"\xc3\xa4\", [], {}],\n  \"b\": {\n    \"c\": "
        "18446744073709551615\n  }\n}";
    EXPECT_EQ(to_text(read(text)), text);
}

TEST(Json, zero_keeps_its_sign) { EXPECT_EQ(to_text(read("[0, -0, -0.0, -1e-999]")), "[0, -0, -0, -0]"); }

TEST(Json, a_copy_is_equal_and_independent) {
    Value value = read(R"({"a":[1,"b",{"c":null}],"d":true,"e":0.5})");
    const Value copy = value;
    value = Value(uint64_t{7});
    EXPECT_EQ(to_text(value), "7");
    EXPECT_EQ(to_text(copy), to_text(read(R"({"a":[1,"b",{"c":null}],"d":true,"e":0.5})")));
}

TEST(Json, text_cannot_be_made_from_what_json_cannot_say) {
    EXPECT_TRUE(test::refusal([] { static_cast<void>(to_text(std::string_view("\xff"))); }));
    EXPECT_TRUE(test::refusal([] { static_cast<void>(to_text(Value(std::numeric_limits<double>::infinity()))); }));
}

TEST(Json, limits_hold_exactly) {
    const Limits limits = {.bytes = 40, .depth = 3, .values = 5, .string_bytes = 10};
    EXPECT_EQ(refusal_of("[[[1]]]", limits), "accepted");
    EXPECT_EQ(refusal_of("[[[[]]]]", limits), "c.json: expected at most 3 nested levels, got more");
    EXPECT_EQ(refusal_of("[1,2,3,4]", limits), "accepted");
    EXPECT_EQ(refusal_of("[1,2,3,4,5]", limits), "c.json: expected at most 5 values, got more");
    EXPECT_EQ(refusal_of("\"12345678\"", limits), "accepted");
    EXPECT_EQ(refusal_of("[\"123456789\"]", limits),
              "c.json: expected strings of at most 10 bytes, got a longer one at byte 1");
    EXPECT_EQ(refusal_of("{\"123456789\":1}", limits),
              "c.json: expected strings of at most 10 bytes, got a longer one at byte 1");
    EXPECT_EQ(refusal_of(std::string(39, ' ') + "1", limits), "accepted");
    EXPECT_EQ(refusal_of(std::string(40, ' ') + "1", limits), "c.json: expected at most 40 bytes of JSON, got 41");
}

TEST(Json, depth_is_64_by_default) {
    EXPECT_EQ(refusal_of(std::string(64, '[') + std::string(64, ']')), "accepted");
    EXPECT_EQ(refusal_of(std::string(65, '[') + std::string(65, ']')),
              "c.json: expected at most 64 nested levels, got more");
}

TEST(Json, a_key_may_stand_once_per_object) {
    EXPECT_EQ(refusal_of(R"({"a":{"a":1},"b":{"a":2,"b":[{"a":3},{"a":4}]}})"), "accepted");
    EXPECT_EQ(refusal_of(R"({"b":1,"a":{"b":1},"b":2})"), R"(c.json: expected each key once, got "b" twice)");
    EXPECT_EQ(refusal_of(R"({"x":[{"k":1,"\u006b":2}]})"), R"(c.json: expected each key once, got "k" twice)");
    EXPECT_EQ(refusal_of(R"({"":1,"":2})"), R"(c.json: expected each key once, got "" twice)");
}

class JsonMistake : public testing::TestWithParam<std::string> {};

TEST_P(JsonMistake, is_refused) {
    const std::string message = refusal_of(GetParam());
    EXPECT_TRUE(message.starts_with("c.json: expected JSON, got ")) << message;
}

INSTANTIATE_TEST_SUITE_P(all, JsonMistake,
                         testing::Values("", " ", "{", "[", "]", "{]", "[1,]", "{\"a\":1,}", "{\"a\"}", "{1:2}",
                                         "{a:1}", "'a'", "nul", "True", "NaN", "Infinity", "01", "1.", ".5", "+1",
                                         "0x1", "1e", "1e999", "-", "1 2", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"",
                                         "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\t\"", "\"\x01\"",
                                         "\"\xff\"", "\"\xc0\x80\"", "\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"",
                                         "\"\xf4\x90\x80\x80\"", "\"\xc3\"", "\xef\xbb\xbf[]", "[]\xff", "/**/[]",
                                         "[]//", std::string("[]\0", 3), std::string("\0[]", 3)));

TEST(JsonField, says_where_what_was_expected_and_what_was_there) {
    const Value value = read(R"({"vae":{"channels":"many","sizes":[1,-2]}})");
    const Field vae = Field(value, kOrigin).at("vae");
    const auto message = [](const std::function<void()>& call) {
        return std::string(test::refusal(call).value().what());
    };
    EXPECT_EQ(message([&] { static_cast<void>(vae.at("channels").integer(1, 64)); }),
              R"(c.json: vae: channels: expected an integer from 1 to 64, got "many")");
    EXPECT_EQ(message([&] { static_cast<void>(vae.at("sizes").at(1).integer(0, 9)); }),
              "c.json: vae: sizes[1]: expected an integer from 0 to 9, got -2");
    EXPECT_EQ(message([&] { static_cast<void>(vae.at("sizes").at(2)); }),
              "c.json: vae: sizes: expected at least 3 elements, got an array");
    EXPECT_EQ(message([&] { static_cast<void>(vae.at("depth")); }),
              "c.json: vae: expected a key \"depth\", got an object");
    EXPECT_EQ(message([&] { static_cast<void>(vae.at("sizes").at("x")); }),
              "c.json: vae: sizes: expected an object, got an array");
    EXPECT_EQ(message([&] { static_cast<void>(vae.at("channels").number()); }),
              R"(c.json: vae: channels: expected a number, got "many")");
}

TEST(Json, numbers_do_not_follow_the_locale) {
    const char* german = nullptr;
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
        if (german == nullptr) german = std::setlocale(LC_ALL, name);
    }
    if (german == nullptr) GTEST_SKIP() << "no locale with a decimal comma is installed";
    const Value value = read("[1.5]");
    const std::string text = to_text(value);
    std::setlocale(LC_ALL, "C");
    EXPECT_EQ(std::get<double>(std::get<Value::Array>(value.data)[0].data), 1.5);
    EXPECT_EQ(text, "[1.5]");
}

}  // namespace
}  // namespace zt::json
