// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// From freezing to thawing, whatever ends it. Who waits for the line does something then.
#include "hold.hpp"

#include <cerrno>
#include <csignal>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "fake_vmsync.hpp"
#include "pipe.hpp"

namespace vmguest::ctl {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Long enough that a test which waits for it has failed.
constexpr milliseconds very_long{60000};

class HoldTest : public testing::Test {
protected:
    Held hold(milliseconds time, Announcer& announcer) {
        FreezeOptions options;
        options.device = driver.path();
        auto freeze = Freeze::prepare({{.path = "/a"}}, options);
        EXPECT_TRUE(freeze);
        const int thaws_before = driver.thaws;
        const auto started = Clock::now();
        const auto held = freeze_and_hold(freeze.value(), signals, announcer, time);
        took = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
        thaws += driver.thaws - thaws_before; // its end may be one more
        return held;
    }

    /// `act` when "frozen" is read; Signals is older, so the reader's thread gets none of them.
    Held hold_until(const std::function<void()>& act) {
        std::thread reader([&] {
            EXPECT_EQ(pipe.read_some(), "frozen\n");
            act();
        });
        Announcer announcer(pipe.in.get(), "frozen\n");
        const auto held = hold(very_long, announcer);
        reader.join();
        EXPECT_LT(took, very_long);
        return held;
    }

    const Signals signals;
    test::Driver driver;
    test::Pipe pipe;
    milliseconds took{0};
    int thaws = 0;
};

TEST_F(HoldTest, EndsWhenTheTimeIsOver) {
    Announcer announcer(pipe.in.get(), "frozen\n");
    const auto held = hold(milliseconds(80), announcer);
    EXPECT_TRUE(held.was_frozen);
    EXPECT_FALSE(held.error);
    EXPECT_EQ(held.signal, 0);
    EXPECT_GE(took, milliseconds(80));
    EXPECT_EQ(thaws, 1);
    EXPECT_EQ(pipe.read_some(), "frozen\n");
}

TEST_F(HoldTest, SaysItAlsoWithoutAnyTime) {
    Announcer announcer(pipe.in.get(), "frozen\n");
    EXPECT_TRUE(hold(milliseconds(0), announcer).was_frozen);
    EXPECT_EQ(pipe.read_some(), "frozen\n");
}

TEST_F(HoldTest, EndsByEachSignal) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const auto held = hold_until([=] { kill(getpid(), number); });
        EXPECT_TRUE(held.was_frozen);
        EXPECT_EQ(held.signal, number);
        EXPECT_FALSE(held.thawed.error);
    }
    EXPECT_EQ(thaws, 3);
}

TEST_F(HoldTest, EndsWhenTheKernelHasThawed) {
    driver.thaw_error = ETIMEDOUT;
    driver.thaw_cause = VMSYNC_CAUSE_EXPIRED;
    const auto held = hold_until([this] { driver.wake(); });
    EXPECT_TRUE(held.was_frozen);
    EXPECT_EQ(held.signal, 0);
    EXPECT_EQ(held.thawed.error.value(), ETIMEDOUT);
    EXPECT_EQ(held.thawed.cause, FreezeCause::expired);
}

TEST_F(HoldTest, ASignalAbortsAFreezeThatIsStillWaiting) {
    driver.waits_for_thaw = true;
    kill(getpid(), SIGTERM);
    Announcer announcer(pipe.in.get(), "frozen\n");
    const auto held = hold(very_long, announcer);
    EXPECT_FALSE(held.was_frozen);
    EXPECT_EQ(held.signal, SIGTERM);
    EXPECT_EQ(held.error.value(), ECANCELED);
    EXPECT_LT(took, milliseconds(10000));
    EXPECT_NE(announcer.descriptor(), -1) << "nothing was said";
}

TEST_F(HoldTest, AFailureIsNotHeld) {
    driver.freeze_error = EBUSY;
    Announcer announcer(pipe.in.get(), "frozen\n");
    const auto held = hold(very_long, announcer);
    EXPECT_FALSE(held.was_frozen);
    EXPECT_EQ(held.error.value(), EBUSY);
    EXPECT_NE(announcer.descriptor(), -1) << "nothing was said";
}

TEST_F(HoldTest, AReaderWhoDoesNotReadHoldsNothingUp) {
    pipe.fill();
    Announcer announcer(pipe.in.get(), "frozen\n");
    EXPECT_TRUE(hold(milliseconds(80), announcer).was_frozen);
    EXPECT_LT(took, milliseconds(10000));
}

TEST_F(HoldTest, AReaderWhoHasGoneHoldsNothingUp) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    Announcer announcer(pipe.in.get(), "frozen\n");
    pipe.out = Descriptor();
    EXPECT_TRUE(hold(milliseconds(80), announcer).was_frozen);
    EXPECT_GE(took, milliseconds(80));
    std::signal(SIGPIPE, before);
}

TEST_F(HoldTest, AllocatesNothingWhileFrozen) {
    Announcer announcer(pipe.in.get(), "frozen\n");
    EXPECT_TRUE(hold(milliseconds(20), announcer).was_frozen);
    EXPECT_GT(driver.allocations_at_freeze, 0U);
    EXPECT_EQ(driver.allocations_at_thaw, driver.allocations_at_freeze);
}

} // namespace
} // namespace vmguest::ctl
