// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The option table and reading options from text: every option at its edges, all pairs together.
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>

#include "api/client.h"

namespace {

using namespace zt::test;

std::vector<const zt_option_info*> all_options() {
    std::vector<const zt_option_info*> options;
    for (size_t i = 0; zt_option_at(i) != nullptr; ++i) options.push_back(zt_option_at(i));
    return options;
}

struct Attempt {
    zt_status status;
    std::string message;
};

Attempt set(const char* name, const std::string& value) {
    zt_model_params params = testcard_params();
    zt_request request = a_request();
    zt_error error = ZT_ERROR_INIT;
    const zt_status status = zt_set_option(&params, &request, name, value.c_str(), &error);
    return {status, error.message};
}

bool is_number(const zt_option_info& option) {
    return option.type == ZT_OPTION_INT || option.type == ZT_OPTION_DOUBLE || option.type == ZT_OPTION_TIME ||
           option.type == ZT_OPTION_BYTES;
}

std::string decimal(double value) {
    if (value >= 0x1p63) return "9223372036854775807";
    return std::floor(value) == value ? std::to_string(static_cast<int64_t>(value)) : std::to_string(value);
}

TEST(OptionTable, NamesAreUniqueAndComplete) {
    std::set<std::string> names;
    for (const zt_option_info* option : all_options()) EXPECT_TRUE(names.insert(option->name).second) << option->name;
    EXPECT_EQ(names, (std::set<std::string>{"model",           "prompt",      "prompt_file", "negative_prompt",
                                            "storyboard",      "transition",  "size",        "rate",
                                            "frames",          "duration",    "seed",        "sound",
                                            "cutout",          "steps",       "guidance",    "flow_shift",
                                            "enhance",         "lora",        "mode",        "fit",
                                            "background",      "alpha",       "strength",    "motion",
                                            "tempo",           "loop",        "context",     "mask",
                                            "device",          "precision",   "memory",      "cpu_threads",
                                            "prefetch",        "timeout",     "cache",       "label",
                                            "label_language",  "label_place", "watermark",   "sei",
                                            "metadata_prompt", "engine_opts"}));
}

TEST(OptionTable, DefaultsAreAccepted) {
    for (const zt_option_info* option : all_options()) {
        if (option->default_value[0] == '\0' && (option->type == ZT_OPTION_STRING || option->type == ZT_OPTION_PATH) &&
            option->min > 0)
            continue;  // required or unset
        EXPECT_EQ(set(option->name, option->default_value).status, ZT_OK) << option->name;
        EXPECT_GT(std::strlen(option->help), 0U) << option->name;
    }
}

TEST(OptionTable, DefaultsAreThoseOfTheStructs) {
    zt_model_params params, untouched_params;
    zt_request request, untouched;
    zt_model_params_init(&params);
    zt_model_params_init(&untouched_params);
    zt_request_init(&request);
    zt_request_init(&untouched);
    for (const zt_option_info* option : all_options()) {
        if (option->type == ZT_OPTION_STRING || option->type == ZT_OPTION_PATH || option->type == ZT_OPTION_DICT ||
            option->type == ZT_OPTION_ENUM)
            continue;
        EXPECT_EQ(zt_set_option(&params, &request, option->name, option->default_value, nullptr), ZT_OK)
            << option->name;
    }
    EXPECT_EQ(std::memcmp(&params, &untouched_params, sizeof(params)), 0);
    EXPECT_EQ(std::memcmp(&request, &untouched, sizeof(request)), 0);
}

TEST(OptionTable, NumbersEndWhereTheTableSays) {
    for (const zt_option_info* option : all_options()) {
        if (!is_number(*option)) continue;
        EXPECT_EQ(set(option->name, decimal(option->max)).status, ZT_OK) << option->name;
        EXPECT_EQ(set(option->name, decimal(option->min)).status, ZT_OK) << option->name;
        if (option->max < 0x1p62) {
            EXPECT_EQ(set(option->name, decimal(option->max + 1)).status, ZT_ERROR_ARGUMENT) << option->name;
        }
        EXPECT_EQ(set(option->name, decimal(option->min - 1)).status, ZT_ERROR_ARGUMENT) << option->name;
        for (const char* wrong :
             {"", "1,5", "nan", "inf", "-inf", "abc", "1 ", "-9223372036854775808", "9223372036854775808"}) {
            const Attempt attempt = set(option->name, wrong);
            EXPECT_EQ(attempt.status, ZT_ERROR_ARGUMENT) << option->name << "=" << wrong;
            EXPECT_EQ(attempt.message.rfind(std::string(option->name) + ": expected ", 0), 0U) << attempt.message;
        }
    }
}

// What is refused lies outside of what the sentence asks for.
TEST(OptionTable, FractionsAreRefusedBySayingWhatIsWhole) {
    const auto message = [](const char* name, const char* value) { return set(name, value).message; };
    EXPECT_EQ(message("frames", "2.5"), "frames: expected -1 to 2147483647 (a whole number), got \"2.5\"");
    EXPECT_EQ(message("frames", "24*6"), "frames: expected -1 to 2147483647 (a whole number), got \"24*6\"");
    EXPECT_EQ(message("seed", "1.5"), "seed: expected -1 to 9223372036854775807 (a whole number), got \"1.5\"");
    EXPECT_EQ(message("memory", "1.5G"),
              "memory: expected 0 to 9223372036854775807 (whole bytes, with suffix K, M or G), got \"1.5G\"");
    EXPECT_EQ(message("guidance", "-0.5"), "guidance: expected -1 or 0 to 100, got \"-0.5\"");
    EXPECT_EQ(message("flow_shift", "x"), "flow_shift: expected 0 to 100, got \"x\"");
    EXPECT_EQ(message("duration", "-0.5"),
              "duration: expected 0.000001 to 86400 seconds, 0 or -1 (as 1.5, 00:01.5, 500ms or 20us), got \"-0.5\"");
    EXPECT_EQ(
        message("duration", "0.0000009"),
        "duration: expected 0.000001 to 86400 seconds, 0 or -1 (as 1.5, 00:01.5, 500ms or 20us), got \"0.0000009\"");
    EXPECT_EQ(message("timeout", "-1"),
              "timeout: expected 0.000001 to 86400 seconds or 0 (as 1.5, 00:01.5, 500ms or 20us), got \"-1\"");
    for (const zt_option_info* option : all_options()) {
        if (option->type != ZT_OPTION_INT) continue;
        EXPECT_NE(message(option->name, "0.5").find(" (a whole number), got \"0.5\""), std::string::npos)
            << option->name;
    }
}

TEST(OptionTable, EnumsTakeTheirWordsOnly) {
    for (const zt_option_info* option : all_options()) {
        if (option->type != ZT_OPTION_ENUM) continue;
        for (const char* wrong : {"", " ", "nosuch", "0", "Auto", "cut morph", "aut"})
            EXPECT_EQ(set(option->name, wrong).status, ZT_ERROR_ARGUMENT) << option->name << "=" << wrong;
    }
    for (const char* right : {"auto", "fp32", "bf16", "fp16", "fp8"}) EXPECT_EQ(set("precision", right).status, ZT_OK);
}

TEST(OptionTable, WordsOfAllKindsAreTaken) {
    for (const auto& [name, value] :
         {std::pair("cache", "off"), std::pair("cache", "auto"), std::pair("cache", "on"),
          std::pair("enhance", "false"), std::pair("memory", "0"), std::pair("mode", "extend"), std::pair("mask", "1"),
          std::pair("alpha", "premultiplied"), std::pair("label", "always"), std::pair("watermark", "dct")})
        EXPECT_EQ(set(name, value).status, ZT_OK) << name;
}

TEST(OptionTable, TextIsBoundedAndClean) {
    for (const zt_option_info* option : all_options()) {
        if (option->type != ZT_OPTION_STRING && option->type != ZT_OPTION_DICT) continue;
        for (const std::string& wrong : {std::string("a\x1b"), std::string("\xC3"), std::string(1 << 20, 'x')}) {
            const Attempt attempt = set(option->name, wrong);
            EXPECT_TRUE(attempt.status == ZT_ERROR_ARGUMENT || attempt.status == ZT_ERROR_PROMPT) << option->name;
            EXPECT_LT(attempt.message.size(), 507U);
        }
    }
}

TEST(OptionTable, TextEndsWhereTheTableSays) {
    for (const zt_option_info* option : all_options()) {
        const bool text = option->type == ZT_OPTION_STRING || option->type == ZT_OPTION_PATH;
        // A colour has words of its own.
        if (!text || std::strcmp(option->name, "background") == 0) continue;
        const auto most = static_cast<size_t>(option->max);
        EXPECT_EQ(set(option->name, std::string(most, 'x')).status, ZT_OK) << option->name;
        const bool prompt = std::strcmp(option->name, "prompt") == 0;
        EXPECT_EQ(set(option->name, std::string(most + 1, 'x')).status, prompt ? ZT_ERROR_PROMPT : ZT_ERROR_ARGUMENT)
            << option->name;
    }
}

TEST(Options, UnknownNamesListTheKnownOnes) {
    const Attempt attempt = set("sede", "1");
    EXPECT_EQ(attempt.status, ZT_ERROR_ARGUMENT);
    EXPECT_EQ(attempt.message.rfind("\"sede\": expected one of model prompt ", 0), 0U) << attempt.message;
}

TEST(Options, DashesAndUnderscoresAreOne) {
    zt_request request = a_request();
    EXPECT_EQ(zt_set_option(nullptr, &request, "flow-shift", "2.5", nullptr), ZT_OK);
    EXPECT_EQ(request.flow_shift, 2.5);
}

TEST(Options, ReachTheirFields) {
    zt_model_params params = testcard_params();
    zt_request request = a_request();
    for (const auto& [name, value] :
         {std::pair("size", "320x180"), std::pair("rate", "23.976"), std::pair("duration", "1.5"),
          std::pair("frames", "0"), std::pair("seed", "9223372036854775807"), std::pair("guidance", "3.5"),
          std::pair("prefetch", "0"), std::pair("timeout", "500ms"), std::pair("fit", "pad"),
          std::pair("strength", "0.5"), std::pair("background", "#102030"), std::pair("motion", "0.5"),
          std::pair("tempo", "2"), std::pair("loop", "yes"), std::pair("sei", "no"), std::pair("cpu_threads", "2"),
          std::pair("device", "cpu")}) {
        EXPECT_EQ(zt_set_option(&params, &request, name, value, nullptr), ZT_OK) << name;
    }
    EXPECT_EQ(request.width, 320);
    EXPECT_EQ(request.height, 180);
    EXPECT_EQ(request.rate.num, 24000);
    EXPECT_EQ(request.duration_us, 1'500'000);
    EXPECT_EQ(request.seed, INT64_MAX);
    EXPECT_EQ(request.guidance, 3.5);
    EXPECT_EQ(request.prefetch, 0);
    EXPECT_EQ(request.timeout_us, 500'000);
    EXPECT_EQ(request.sei, 0);
    EXPECT_EQ(request.fit, ZT_FIT_PAD);
    EXPECT_EQ(request.strength, 0.5);
    EXPECT_STREQ(request.background, "#102030");
    EXPECT_EQ(request.motion, 0.5);
    EXPECT_EQ(request.tempo, 2.0);
    EXPECT_EQ(request.loop, 1);
    EXPECT_EQ(params.cpu_threads, 2);
    EXPECT_STREQ(params.device, "cpu");
}

TEST(Options, AWrongColourIsRefusedAtOnce) {
    for (const char* wrong : {"paper", "#12345", "0x1234567", "255,255,255"}) {
        const Attempt attempt = set("background", wrong);
        EXPECT_EQ(attempt.status, ZT_ERROR_ARGUMENT);
        EXPECT_EQ(attempt.message,
                  "background: expected #RRGGBB, 0xRRGGBB, white, gray or black, got \"" + std::string(wrong) + "\"");
    }
}

TEST(Options, DoNotDependOnTheLocale) {
    if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) GTEST_SKIP() << "locale de_DE.UTF-8 is not installed";
    EXPECT_EQ(set("guidance", "1.5").status, ZT_OK);
    EXPECT_EQ(set("guidance", "1,5").status, ZT_ERROR_ARGUMENT);
    std::setlocale(LC_ALL, "C");
}

// A9: every pair of edge values over every pair of numeric options, all the way to a session.
TEST(Options, PairsOfEdgeValuesNeverHurt) {
    const ModelPtr model = open_model();
    const std::vector<std::string> edges = {
        "0", "-1", "1", "2147483647", "-9223372036854775808", "nan", "inf", "", "1,5", "min-1", "min", "max", "max+1"};
    const auto text = [](const zt_option_info& option, const std::string& edge) {
        if (edge == "min-1") return decimal(option.min - 1);
        if (edge == "min") return decimal(option.min);
        if (edge == "max") return decimal(option.max);
        if (edge == "max+1") return decimal(option.max + 1);
        return edge;
    };
    std::vector<const zt_option_info*> numbers;
    for (const zt_option_info* option : all_options()) {
        if (is_number(*option) && (option->flags & ZT_OPTION_MODEL) == 0) numbers.push_back(option);
    }
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    for (size_t a = 0; a < numbers.size(); ++a) {
        for (size_t b = a + 1; b < numbers.size(); ++b) {
            for (const std::string& edge_a : edges) {
                for (const std::string& edge_b : edges) {
                    zt_request request = a_request();
                    request.prefetch = 0;  // nothing is computed unless read
                    const std::string value_a = text(*numbers[a], edge_a), value_b = text(*numbers[b], edge_b);
                    zt_error error = ZT_ERROR_INIT;
                    const bool taken =
                        zt_set_option(nullptr, &request, numbers[a]->name, value_a.c_str(), &error) == ZT_OK &&
                        zt_set_option(nullptr, &request, numbers[b]->name, value_b.c_str(), &error) == ZT_OK;
                    zt_session* session = nullptr;
                    const zt_status status =
                        taken ? zt_session_create(model.get(), &request, &session, &error) : error.status;
                    ASSERT_TRUE(status == ZT_OK || status == ZT_ERROR_ARGUMENT || status == ZT_ERROR_UNSUPPORTED)
                        << numbers[a]->name << "=" << value_a << " " << numbers[b]->name << "=" << value_b << ": "
                        << error.message;
                    ASSERT_EQ(status == ZT_OK, session != nullptr);
                    ASSERT_TRUE(status == ZT_OK || std::strstr(error.message, ": expected ") != nullptr)
                        << error.message;
                    zt_session_destroy(&session);
                }
            }
        }
    }
    getrusage(RUSAGE_SELF, &after);
#if !defined(__SANITIZE_ADDRESS__)  // whose own memory is what grows then
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 8 * 1024) << "KiB";
#endif
}

}  // namespace
