// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shared models (pipeline/models.h): opened twice is one object, the last user frees it.
#include "pipeline/models.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/error.h"

namespace {

using zt::families::LoadOptions;
using zt::pipeline::open_model;

LoadOptions with(const char* delay_ms) {
    LoadOptions options;
    options.engine_opts = {{"delay_ms", delay_ms}};
    options.log = zt::make_log(nullptr, nullptr);
    return options;
}

TEST(Models, SameSettingsAreOneObject) {
    const auto first = open_model("testcard", with("1")),
               second = open_model("testcard", with("1"));
    EXPECT_EQ(first.model, second.model);
    EXPECT_NE(first.model, open_model("testcard", with("2")).model);
}

TEST(Models, TheLastUserFreesIt) {
    std::weak_ptr<const zt::families::Model> freed;
    {
        const auto first = open_model("testcard", with("3"));
        freed = first.model;
        { const auto second = open_model("testcard", with("3")); }
        EXPECT_FALSE(freed.expired());
    }
    EXPECT_TRUE(freed.expired());
    EXPECT_NE(open_model("testcard", with("3")).model, nullptr);
}

TEST(Models, AFailureIsToldEachTimeAndLeavesNothingBehind) {
    for (int i = 0; i < 3; ++i) EXPECT_THROW((void)open_model("testcard", with("-1")), zt::Error);
    EXPECT_NE(open_model("testcard", with("4")).model, nullptr);
}

TEST(Models, OpenedFromManyThreadsAtOnceIsOneObject) {
    for (int round = 0; round < 20; ++round) {
        std::vector<std::shared_ptr<const zt::families::Model>> opened(8);
        {
            std::vector<std::jthread> threads;
            for (auto& model : opened)
                threads.emplace_back([&model] { model = open_model("testcard", with("5")).model; });
        }
        EXPECT_EQ(std::set(opened.begin(), opened.end()).size(), 1U);
    }
}

TEST(Models, UnknownNamesListWhatIsBuiltIn) {
    const auto refusal = [](const char* name) -> std::string {
        try {
            (void)open_model(name, with("1"));
        } catch (const zt::Error& error) {
            EXPECT_EQ(error.status(), ZT_ERROR_NOT_FOUND);
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal("no-such-model"),
              "model: expected storybook, testcard or the path of a model, got \"no-such-model\"");
    EXPECT_EQ(refusal("./nosuch"),
              "model: expected storybook, testcard or the path of a model, got \"./nosuch\" (No "
              "such file or directory)");
}

}  // namespace
