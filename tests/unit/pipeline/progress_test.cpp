// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pipeline/progress.h"

#include <gtest/gtest.h>

namespace {

using zt::pipeline::Progress;

TEST(Progress, StepsOfAStageAreThoseToldLast) {
    Progress progress(-1);
    progress.stage("denoise", 3, 50);
    zt_progress now = progress.snapshot();
    EXPECT_STREQ(now.stage, "denoise");
    EXPECT_EQ(now.step, 3);
    EXPECT_EQ(now.steps, 50);
    progress.stage("decode", 2, 7);
    now = progress.snapshot();
    EXPECT_STREQ(now.stage, "decode");
    EXPECT_EQ(now.step, 2);
    EXPECT_EQ(now.steps, 7);
}

// "text 0/1" would tell no more than "text".
TEST(Progress, AStageOfOneStepHasNone) {
    Progress progress(-1);
    for (const int step : {0, 1}) {
        progress.stage("text", step, 1);
        const zt_progress now = progress.snapshot();
        EXPECT_STREQ(now.stage, "text");
        EXPECT_EQ(now.step, 0);
        EXPECT_EQ(now.steps, 0);
    }
}

}  // namespace
