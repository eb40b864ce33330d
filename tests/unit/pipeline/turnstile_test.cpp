// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whose turn it is (pipeline/turnstile.h): the order, the places, cancel, passing on between steps.
#include "pipeline/turnstile.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/fake_model.h"

namespace {

using namespace std::chrono_literals;
using zt::Cancel;
using zt::pipeline::Turn;
using zt::pipeline::Turnstile;

void until_waiting(Turnstile& turnstile, size_t count) {
    while (turnstile.waiting() != count) std::this_thread::yield();
}

TEST(Turnstile, TurnsGoInTheOrderAskedFor) {
    Turnstile turnstile(1);
    const Cancel never;
    ASSERT_TRUE(turnstile.enter(1, never));
    std::string order;  // written by whose turn it is
    {
        std::vector<std::jthread> threads;
        for (const char name : std::string("abcde")) {
            const size_t before = turnstile.waiting();
            threads.emplace_back([&, name] {
                ASSERT_TRUE(turnstile.enter(1, never));
                order += name;
                turnstile.leave(1);
            });
            until_waiting(turnstile, before + 1);
        }
        EXPECT_EQ(order, "");
        turnstile.leave(1);
    }
    EXPECT_EQ(order, "abcde");
}

TEST(Turnstile, WhoNeedsFewPlacesDoesNotOvertakeWhoNeedsMany) {
    Turnstile turnstile(2);
    const Cancel never;
    ASSERT_TRUE(turnstile.enter(1, never));
    std::string order;
    {
        std::jthread many([&] {
            ASSERT_TRUE(turnstile.enter(2, never));
            order += "many";
            turnstile.leave(2);
        });
        until_waiting(turnstile, 1);
        std::jthread few([&] {  // would fit beside the first
            ASSERT_TRUE(turnstile.enter(1, never));
            order += " few";
            turnstile.leave(1);
        });
        until_waiting(turnstile, 2);
        turnstile.leave(1);
    }
    EXPECT_EQ(order, "many few");
}

TEST(Turnstile, ThoseWhoFitAreInsideTogether) {
    Turnstile turnstile(3);
    const Cancel never;
    ASSERT_TRUE(turnstile.enter(1, never));
    ASSERT_TRUE(turnstile.enter(2, never));  // would block for ever otherwise
    turnstile.leave(1);
    turnstile.leave(2);
    EXPECT_TRUE(turnstile.enter(3, never));
}

TEST(Turnstile, ACancelledOneLeavesTheLineAndHoldsNobodyUp) {
    Turnstile turnstile(2);
    const Cancel never;
    Cancel cancel;
    ASSERT_TRUE(turnstile.enter(1, never));
    std::atomic<bool> few_inside = false, many_left = false;
    std::jthread many([&] {
        EXPECT_FALSE(turnstile.enter(2, cancel));
        many_left = true;
    });
    until_waiting(turnstile, 1);
    std::jthread few([&] {
        ASSERT_TRUE(turnstile.enter(1, never));
        few_inside = true;
    });
    until_waiting(turnstile, 2);
    cancel.request();
    turnstile.wake();
    few.join();  // though the first one is still inside
    many.join();
    EXPECT_TRUE(few_inside && many_left);
}

TEST(Turn, TakesAtMostAllPlacesAndGivesThemBack) {
    Turnstile turnstile(2);
    const Cancel never;
    {
        Turn turn(turnstile, 64, never);
        turn.take();
        turn.give_back();
        turn.give_back();
        turn.take();
    }
    EXPECT_TRUE(turnstile.enter(2, never));
}

TEST(Turn, IsPassedOnBetweenStepsToThoseWhoWait) {
    Turnstile turnstile(1, 0ns);
    const Cancel never;
    std::string order;
    Turn turn(turnstile, 1, never);
    turn.take();
    turn.pass();  // nobody waits
    std::jthread other([&] {
        Turn theirs(turnstile, 1, never);
        theirs.take();
        order += "other ";
    });
    until_waiting(turnstile, 1);
    order += "step ";
    turn.pass();
    order += "step";
    EXPECT_EQ(order, "step other step");
}

TEST(Turn, LastsAWhile) {
    Turnstile turnstile(1, 24h);
    const Cancel never;
    Cancel cancel;
    Turn turn(turnstile, 1, never);
    turn.take();
    std::jthread other([&] { EXPECT_FALSE(turnstile.enter(1, cancel)); });
    until_waiting(turnstile, 1);
    turn.pass();
    EXPECT_EQ(turnstile.waiting(), 1U);
    cancel.request();
    turnstile.wake();
}

TEST(Turn, InAWaitForAnotherSessionThatOneGoesFirstAtOnce) {
    Turnstile turnstile(1, 1h);
    const Cancel never;
    Turn turn(turnstile, 1, never);
    turn.take();
    turn.give_way();  // nobody is there: it stays
    std::atomic<bool> other = false;
    std::jthread next([&] {
        Turn theirs(turnstile, 1, never);
        theirs.take();
        other = true;
    });
    until_waiting(turnstile, 1);
    turn.pass();
    EXPECT_FALSE(other);
    turn.give_way();
    EXPECT_TRUE(other);
}

TEST(Turn, CancelWhileWaitingThrows) {
    Turnstile turnstile(1);
    const Cancel never;
    Cancel cancel;
    ASSERT_TRUE(turnstile.enter(1, never));
    cancel.request();
    Turn turn(turnstile, 1, cancel);
    EXPECT_THROW(turn.take(), zt::Error);
    turnstile.leave(1);
    EXPECT_TRUE(turnstile.enter(1, never));  // it took nothing
}

TEST(Turnstile, OneForEachDevice) {
    const zt::test::FakeModel one, another;
    Turnstile& of_cpu = zt::pipeline::turnstile_of(one);
    EXPECT_EQ(&of_cpu, &zt::pipeline::turnstile_of(another));
    EXPECT_EQ(of_cpu.places(), static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    EXPECT_EQ(zt::pipeline::places_of(one, 3), 3);
}

}  // namespace
