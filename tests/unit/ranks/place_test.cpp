// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which rank, and which GPU.
#include "ranks/place.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"

namespace zt::ranks {
namespace {

// As torchrun, mpirun and srun without binding show them: all GPUs to every rank.
TEST(GpuOf, RanksThatSeeAllTakeOneEach) {
    EXPECT_EQ(gpu_of(0, nullptr), 0);
    EXPECT_EQ(gpu_of(3, nullptr), 3);
    EXPECT_EQ(gpu_of(3, "0,1,2,3"), 3);
    EXPECT_EQ(gpu_of(1, "GPU-8c2f,GPU-11aa"), 1);
}

// As srun --gpus-per-task=1 shows them: the one of each rank, whatever its number or name.
TEST(GpuOf, ARankThatSeesOneTakesThat) {
    EXPECT_EQ(gpu_of(3, "0"), 0);
    EXPECT_EQ(gpu_of(3, "3"), 0);
    EXPECT_EQ(gpu_of(1, "GPU-8c2f1d0e-0000-0000-0000-000000000000"), 0);
    EXPECT_EQ(gpu_of(2, "MIG-8c2f1d0e-0000-0000-0000-000000000000"), 0);
}

TEST(GpuOf, NoneVisibleChangesNothing) { EXPECT_EQ(gpu_of(2, ""), 2); }

TEST(Place, OneRankIsNone) {
    setenv("ZOETROPE_RANKS", "0/1/0", 1);
    EXPECT_FALSE(place_of_environment());
    unsetenv("ZOETROPE_RANKS");
    EXPECT_FALSE(place_of_environment());
}

TEST(Place, WhatCannotBeReadIsRefused) {
    for (const char* text : {"0", "0/2", "2/2/0", "-1/2/0", "0/2000/0", "a/2/0"}) {
        setenv("ZOETROPE_RANKS", text, 1);
        EXPECT_THROW((void)place_of_environment(), Error) << text;
    }
    unsetenv("ZOETROPE_RANKS");
}

// By Gloo unless it is said otherwise.
TEST(Place, TransportIsOneOfTwo) {
    setenv("ZOETROPE_RANKS", "1/2/1", 1);
    setenv("ZOETROPE_RANKS_AT", "127.0.0.1:29600", 1);
    setenv("ZOETROPE_RANKS_SECRET", "a secret of this test", 1);
    EXPECT_EQ(place_of_environment().value().transport, Transport::kGloo);
    setenv("ZOETROPE_RANKS_TRANSPORT", "nccl", 1);
    EXPECT_EQ(place_of_environment().value().transport, Transport::kNccl);
    setenv("ZOETROPE_RANKS_TRANSPORT", "gloo", 1);
    EXPECT_EQ(place_of_environment().value().transport, Transport::kGloo);
    setenv("ZOETROPE_RANKS_TRANSPORT", "NCCL", 1);
    EXPECT_THROW((void)place_of_environment(), Error);
    for (const char* name :
         {"ZOETROPE_RANKS", "ZOETROPE_RANKS_AT", "ZOETROPE_RANKS_SECRET", "ZOETROPE_RANKS_TRANSPORT"})
        unsetenv(name);
}

}  // namespace
}  // namespace zt::ranks
