// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The balloon's host side against a driver that is written down here, command by command.
#include <random>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "fake_host.hpp"
#include "models/balloon/balloon.hpp"

namespace vmguest::lab::balloon {
namespace {

constexpr std::uint64_t everything = basic | batched | batched_2m | signaled_wakeup | target_64bit;
constexpr std::uint64_t batch_frame = 3;

class BalloonTest : public testing::Test {
protected:
    BalloonTest() { host_.memory.resize(8U << 20); }

    Status call(Command command, std::uint64_t first = 0, std::uint64_t second = 0) {
        return call(static_cast<std::uint64_t>(command), first, second);
    }
    Status call(std::uint64_t command, std::uint64_t first, std::uint64_t second) {
        cpu_.values[Vcpu::rax] = magic;
        cpu_.values[Vcpu::rcx] = command;
        cpu_.values[Vcpu::rdx] = port;
        cpu_.values[Vcpu::rbx] = first;
        cpu_.values[Vcpu::rsi] = second;
        return static_cast<Status>(device_.in(port, 4, cpu_));
    }
    Status start(std::uint64_t wanted = everything) { return call(Command::start, wanted); }
    std::uint64_t granted() const { return cpu_.values[Vcpu::rcx]; }
    std::uint64_t told() const { return cpu_.values[Vcpu::rbx]; }

    std::uint64_t entry(std::size_t index) const {
        std::uint64_t value = 0;
        std::memcpy(&value, &host_.memory[batch_frame * frame_size + index * 8], sizeof value);
        return value;
    }
    void set_entry(std::size_t index, std::uint64_t value) {
        std::memcpy(&host_.memory[batch_frame * frame_size + index * 8], &value, sizeof value);
    }
    Status batch(Command command, const std::vector<std::uint64_t>& frames) {
        for (std::size_t i = 0; i < frames.size(); ++i)
            set_entry(i, frames[i] * frame_size);
        return call(command, batch_frame, frames.size());
    }
    /// What the model answered for an entry; the frame must still be there.
    Status entry_status(std::size_t index, std::uint64_t frame) const {
        EXPECT_EQ(entry(index) / frame_size, frame);
        return static_cast<Status>(entry(index) % frame_size);
    }

    nlohmann::json tell(const std::vector<std::string_view>& words) {
        const auto reply = device_.command(words);
        return reply ? reply.value() : nlohmann::json{{"error", reply.sentence()}};
    }
    std::uint64_t size() { return tell({"show"}).at("size"); }
    std::uint64_t hostile(std::vector<std::string_view> words) {
        words.insert(words.begin(), "hostile");
        return tell(words).at("done");
    }
    bool refuses(const std::vector<std::string_view>& words) {
        return tell(words).contains("error");
    }

    FakeHost host_;
    FakeVcpu cpu_;
    Balloon device_{host_};
};

TEST_F(BalloonTest, AnswersNobodyWithoutTheMagicNumber) {
    cpu_.values[Vcpu::rax] = magic + 1;
    cpu_.values[Vcpu::rcx] = static_cast<std::uint64_t>(Command::start);
    const auto before = cpu_.values;
    EXPECT_EQ(device_.in(port, 4, cpu_), absent);
    EXPECT_EQ(cpu_.values, before);
    EXPECT_FALSE(tell({"show"}).at("started"));
}

TEST_F(BalloonTest, LooksAtTheLowerHalvesOnly) {
    EXPECT_EQ(call(0xabcd'0000'0000, everything, ~std::uint64_t{0}),
              Status::success_with_capabilities);
}

TEST_F(BalloonTest, RingsTheDoorbellWhenTheTargetChanges) {
    using Rung = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
    constexpr std::uint64_t none = ~std::uint64_t{0};
    tell({"offer", "0x3e"});
    start(everything);
    tell({"target", "1"});
    EXPECT_EQ(call(Command::doorbell_set, 16, 1024), Status::success);
    EXPECT_TRUE(tell({"show"}).at("doorbell"));
    EXPECT_TRUE(host_.rung.empty());
    tell({"target", "2"});
    EXPECT_EQ(host_.rung, (Rung{{16, 1024}}));
    EXPECT_EQ(host_.requests["balloon.doorbell_rung"], 1U);
    EXPECT_EQ(call(Command::doorbell_set, none, none), Status::success);
    tell({"target", "3"});
    call(Command::doorbell_set, 16, 1026);
    hostile({"lose-rings", "1"});
    tell({"target", "4"});
    EXPECT_EQ(hostile({"faithful"}), 1U);
    call(Command::doorbell_set, 16, 1025);
    start(everything); // which forgets it
    tell({"target", "5"});
    EXPECT_EQ(host_.rung.size(), 1U);
}

TEST_F(BalloonTest, SaysHowLongTheGuestTookToFollowTheTarget) {
    using std::chrono::microseconds;
    const auto stamp = [&](const char* name) { return tell({"show"}).at(name); };
    start();
    host_.advance(microseconds(9));
    tell({"target", "2000"});
    for (const auto* name : {"told_us", "first_frame_us", "last_frame_us"})
        EXPECT_TRUE(stamp(name).is_null()) << name;
    host_.advance(microseconds(40));
    call(Command::get_target);
    host_.advance(microseconds(7));
    call(Command::get_target);
    EXPECT_EQ(stamp("told_us"), 40.0);
    EXPECT_TRUE(stamp("first_frame_us").is_null());
    host_.on_dma = [&](std::uint64_t) { host_.advance(microseconds(1)); };
    EXPECT_EQ(batch(Command::batched_lock, {10, 11}), Status::success);
    host_.on_dma = nullptr;
    // One reading of the batch, two accesses for each frame, one writing of the batch.
    EXPECT_EQ(stamp("first_frame_us"), 47.0);
    EXPECT_EQ(stamp("last_frame_us"), 53.0);
    EXPECT_EQ(stamp("host_us"), 6.0);
    tell({"target", "1"});
    EXPECT_TRUE(stamp("told_us").is_null());
    EXPECT_EQ(stamp("host_us"), 0.0);
    host_.advance(microseconds(3));
    EXPECT_EQ(batch(Command::batched_unlock, {10}), Status::success);
    EXPECT_EQ(stamp("first_frame_us"), 3.0);
}

TEST_F(BalloonTest, CountsLargeFramesBySize) {
    tell({"target", "2000"});
    start();
    EXPECT_EQ(batch(Command::batched_2m_lock, {512, 1024}), Status::success);
    EXPECT_EQ(batch(Command::batched_lock, {10}), Status::success);
    EXPECT_EQ(batch(Command::batched_2m_unlock, {512}), Status::success);
    EXPECT_EQ(host_.requests["balloon.frames_locked"], 1025U);
    EXPECT_EQ(host_.requests["balloon.large_frames_locked"], 2U);
    EXPECT_EQ(host_.requests["balloon.large_frames_unlocked"], 1U);
}

TEST_F(BalloonTest, GrantsWhatIsWantedAndOffered) {
    for (std::uint64_t wanted = 0; wanted < 64; ++wanted) {
        EXPECT_EQ(start(wanted), Status::success_with_capabilities);
        EXPECT_EQ(granted(), wanted & (basic | batched | batched_2m | target_64bit));
    }
    EXPECT_EQ(tell({"offer", "0x12"}).at("granted"), 0x2e);
    start(everything);
    EXPECT_EQ(granted(), std::uint64_t{basic | signaled_wakeup});
    EXPECT_TRUE(refuses({"offer", "1"}));
    EXPECT_TRUE(refuses({"offer", "0x40"}));
}

TEST_F(BalloonTest, LegacyHostsAnswerZeroAndKnowTheBasicCommands) {
    tell({"legacy", "on"});
    EXPECT_EQ(start(2), Status::success);
    EXPECT_EQ(granted(), 2U);
    tell({"target", "1"});
    EXPECT_EQ(call(Command::lock, 5), Status::success);
    EXPECT_EQ(call(Command::batched_lock, batch_frame, 1), Status::invalid);
}

TEST_F(BalloonTest, OnlyThreeCommandsWorkBeforeStart) {
    for (auto command :
         {Command::get_target, Command::lock, Command::unlock, Command::batched_lock,
          Command::batched_unlock, Command::batched_2m_lock, Command::batched_2m_unlock})
        EXPECT_EQ(call(command, 1, 1), Status::reset);
    EXPECT_EQ(call(Command::guest_id, 1), Status::success);
    EXPECT_EQ(call(Command::doorbell_set, ~std::uint64_t{0}, ~std::uint64_t{0}), Status::invalid);
    EXPECT_EQ(start(), Status::success_with_capabilities);
    EXPECT_EQ(call(Command::get_target, 1000), Status::success);
    EXPECT_EQ(tell({"show"}).at("limit"), 1000);
    EXPECT_EQ(tell({"show"}).at("guest"), 1);
}

TEST_F(BalloonTest, UnknownCommandsAreInvalid) {
    start();
    for (std::uint64_t command : {5U, 11U, 0xffffU})
        EXPECT_EQ(call(command, 1, 1), Status::invalid);
}

TEST_F(BalloonTest, CommandsWithoutTheirCapabilityAreInvalid) {
    tell({"target", "9"});
    start(0);
    EXPECT_EQ(call(Command::get_target), Status::success);
    for (auto command :
         {Command::lock, Command::unlock, Command::batched_lock, Command::batched_unlock,
          Command::batched_2m_lock, Command::batched_2m_unlock})
        EXPECT_EQ(call(command, batch_frame, 1), Status::invalid);
    EXPECT_EQ(size(), 0U);
}

TEST_F(BalloonTest, TellsTheTargetInAllBitsWhateverBecomesOfTheCommand) {
    tell({"target", "0x123456789a"});
    start();
    EXPECT_EQ(call(Command::get_target), Status::success);
    EXPECT_EQ(told(), 0x12'3456'789aU);
    EXPECT_EQ(call(Command::batched_lock, batch_frame, 0), Status::invalid);
    EXPECT_EQ(told(), 0x12'3456'789aU);
    EXPECT_EQ(call(Command::guest_id, 1), Status::success);
    EXPECT_EQ(told(), 1U);
}

TEST_F(BalloonTest, LocksAndUnlocksSingleFrames) {
    tell({"target", "2"});
    start(basic);
    EXPECT_EQ(call(Command::lock, 7), Status::success);
    EXPECT_EQ(call(Command::lock, 9), Status::success);
    EXPECT_EQ(size(), 2U);
    EXPECT_EQ(call(Command::lock, 11), Status::frame_not_needed);
    EXPECT_EQ(call(Command::unlock, 7), Status::success);
    EXPECT_EQ(size(), 1U);
    EXPECT_TRUE(host_.reports.empty());
    EXPECT_EQ(host_.requests["balloon.lock"], 3U);
    EXPECT_EQ(host_.requests["balloon.frames_locked"], 2U);
    EXPECT_EQ(host_.requests["balloon.frames_unlocked"], 1U);
}

TEST_F(BalloonTest, FrameNumbersHave32BitsUnlessMoreWereGranted) {
    tell({"target", "9"});
    start(basic);
    EXPECT_EQ(call(Command::lock, 0x1'0000'0007), Status::success);
    EXPECT_EQ(call(Command::unlock, 7), Status::success);
    start(basic | target_64bit);
    EXPECT_EQ(call(Command::lock, 0x1'0000'0007), Status::frame_invalid);
}

TEST_F(BalloonTest, ReportsWhatNoRightDriverDoes) {
    tell({"target", "9"});
    start();
    EXPECT_EQ(call(Command::unlock, 7), Status::frame_unlocked);
    EXPECT_EQ(host_.reports.back(), "frame 0x7 was unlocked, but never locked");
    EXPECT_EQ(call(Command::lock, 7), Status::success);
    EXPECT_EQ(call(Command::lock, 7), Status::frame_locked);
    EXPECT_EQ(host_.reports.back(), "frame 0x7 was locked twice");
    EXPECT_EQ(call(Command::lock, 0x800), Status::frame_invalid);
    EXPECT_EQ(host_.reports.back(), "frame 0x800 is no memory, and was to be locked");
    EXPECT_EQ(call(Command::lock, ~std::uint64_t{0}), Status::frame_invalid);
    EXPECT_EQ(call(Command::unlock, std::uint64_t{1} << 52), Status::frame_invalid);
    EXPECT_EQ(host_.reports.size(), 5U);
    EXPECT_EQ(size(), 1U);
}

TEST_F(BalloonTest, FindsWhoWritesToABalloonedFrame) {
    tell({"target", "9"});
    start();
    call(Command::lock, 7);
    host_.memory[7 * frame_size + 3] ^= std::byte{1};
    EXPECT_EQ(call(Command::unlock, 7), Status::success);
    ASSERT_EQ(host_.reports.size(), 1U);
    EXPECT_EQ(host_.reports[0], "frame 0x7 was written to while it was in the balloon");
}

TEST_F(BalloonTest, AFrameThatComesBackShowsNoTrace) {
    std::fill_n(host_.memory.begin() + 7 * frame_size, frame_size, std::byte{0});
    tell({"target", "9"});
    start();
    call(Command::lock, 7);
    EXPECT_NE(host_.memory[7 * frame_size], std::byte{0});
    call(Command::unlock, 7);
    for (std::size_t i = 0; i < frame_size; ++i)
        ASSERT_EQ(host_.memory[7 * frame_size + i], std::byte{0}) << i;
}

TEST_F(BalloonTest, AnswersEveryEntryOfABatchAndNoOther) {
    tell({"target", "1000"});
    start();
    for (std::size_t count : {std::size_t{1}, std::size_t{511}, std::size_t{512}}) {
        start();
        std::vector<std::uint64_t> frames;
        for (std::size_t i = 0; i < count; ++i)
            frames.push_back(1000 + i);
        for (std::size_t i = 0; i < most_entries; ++i)
            set_entry(i, 0xff0);
        ASSERT_EQ(batch(Command::batched_lock, frames), Status::success);
        for (std::size_t i = 0; i < count; ++i)
            ASSERT_EQ(entry_status(i, 1000 + i), Status::success) << i;
        for (std::size_t i = count; i < most_entries; ++i)
            ASSERT_EQ(entry(i), 0xff0U) << i;
        EXPECT_EQ(size(), count);
        EXPECT_EQ(batch(Command::batched_unlock, frames), Status::success);
        EXPECT_EQ(size(), 0U);
    }
    EXPECT_TRUE(host_.reports.empty());
}

TEST_F(BalloonTest, RefusesBatchesOfNoOrTooManyEntriesOrNoMemory) {
    tell({"target", "1000"});
    start();
    set_entry(0, 9 * frame_size);
    EXPECT_EQ(call(Command::batched_lock, batch_frame, 0), Status::invalid);
    EXPECT_EQ(call(Command::batched_lock, batch_frame, 513), Status::invalid);
    EXPECT_EQ(call(Command::batched_lock, 0x800, 1), Status::invalid);
    EXPECT_EQ(call(Command::batched_lock, ~std::uint64_t{0}, 1), Status::invalid);
    EXPECT_EQ(entry(0), 9 * frame_size);
    EXPECT_EQ(size(), 0U);
}

TEST_F(BalloonTest, TheBatchPageIsPinnedInItsOwnBatch) {
    tell({"target", "1000"});
    start();
    EXPECT_EQ(batch(Command::batched_lock, {batch_frame, 9}), Status::success);
    EXPECT_EQ(entry_status(0, batch_frame), Status::frame_pinned);
    EXPECT_EQ(entry_status(1, 9), Status::success);
    EXPECT_EQ(batch(Command::batched_2m_lock, {0}), Status::success);
    EXPECT_EQ(entry_status(0, 0), Status::frame_pinned);
}

TEST_F(BalloonTest, LargeFramesAreWholeAlignedAndUnmixed) {
    tell({"target", "10000"});
    start();
    EXPECT_EQ(batch(Command::batched_lock, {1030}), Status::success);
    EXPECT_EQ(batch(Command::batched_2m_lock, {512, 513, 1024, 2048}), Status::success);
    EXPECT_EQ(entry_status(0, 512), Status::success);
    EXPECT_EQ(entry_status(1, 513), Status::frame_invalid);
    EXPECT_EQ(entry_status(2, 1024), Status::frame_locked);
    EXPECT_EQ(entry_status(3, 2048), Status::frame_invalid);
    EXPECT_EQ(size(), 513U);
    EXPECT_EQ(batch(Command::batched_unlock, {512}), Status::success);
    EXPECT_EQ(batch(Command::batched_2m_unlock, {512}), Status::success);
    EXPECT_EQ(entry_status(0, 512), Status::frame_unlocked);
    EXPECT_EQ(size(), 512U);
}

TEST_F(BalloonTest, ALargeFrameThatEndsOutsideMemoryLeavesNoTrace) {
    host_.memory.resize(5U << 19);
    tell({"target", "10000"});
    start();
    EXPECT_EQ(batch(Command::batched_2m_lock, {512}), Status::success);
    EXPECT_EQ(entry_status(0, 512), Status::frame_invalid);
    EXPECT_EQ(size(), 0U);
    for (std::size_t i = 512 * frame_size; i < host_.memory.size(); ++i)
        ASSERT_EQ(host_.memory[i], std::byte{0}) << i;
}

TEST_F(BalloonTest, AResetForgetsAndAsksForStart) {
    tell({"target", "9"});
    start();
    call(Command::lock, 7);
    EXPECT_EQ(tell({"reset"}).at("size"), 0);
    EXPECT_EQ(call(Command::unlock, 7), Status::reset);
    EXPECT_EQ(call(Command::get_target), Status::reset);
    EXPECT_TRUE(host_.reports.empty());
    start();
    EXPECT_EQ(call(Command::get_target), Status::success);
    EXPECT_EQ(told(), 9U);
    device_.reset();
    EXPECT_EQ(call(Command::get_target), Status::reset);
}

TEST_F(BalloonTest, HostileRefusesCommandsByKindNumberAndOrder) {
    tell({"target", "9"});
    start();
    hostile({"refuse", "lock", "busy", "2", "1"});
    EXPECT_EQ(call(Command::lock, 7), Status::success);
    EXPECT_EQ(call(Command::lock, 8), Status::busy);
    EXPECT_EQ(call(Command::get_target), Status::success);
    EXPECT_EQ(call(Command::lock, 8), Status::busy);
    EXPECT_EQ(call(Command::lock, 8), Status::success);
    EXPECT_EQ(size(), 2U);
    hostile({"refuse", "any", "absent"});
    EXPECT_EQ(call(Command::get_target), Status::failure);
    EXPECT_EQ(hostile({"faithful"}), 3U);
}

TEST_F(BalloonTest, HostileResetForgetsAsARealOne) {
    tell({"target", "9"});
    start();
    call(Command::lock, 7);
    hostile({"refuse", "get-target", "reset"});
    EXPECT_EQ(call(Command::get_target), Status::reset);
    EXPECT_EQ(size(), 0U);
    EXPECT_EQ(call(Command::get_target), Status::reset);
    EXPECT_EQ(start(), Status::success_with_capabilities);
}

TEST_F(BalloonTest, HostileRefusesEveryNthEntry) {
    tell({"target", "100"});
    start();
    hostile({"refuse-entries", "pinned", "2"});
    EXPECT_EQ(batch(Command::batched_lock, {10, 11, 12}), Status::success);
    EXPECT_EQ(entry_status(0, 10), Status::success);
    EXPECT_EQ(entry_status(1, 11), Status::frame_pinned);
    EXPECT_EQ(entry_status(2, 12), Status::success);
    EXPECT_EQ(size(), 2U);
}

TEST_F(BalloonTest, HostileGarblesFramesSkipsEntriesAndLiesOfTheTarget) {
    tell({"target", "100"});
    start();
    hostile({"garble-frames", "1"});
    EXPECT_EQ(batch(Command::batched_lock, {10}), Status::success);
    EXPECT_NE(entry(0) / frame_size, 10U);
    hostile({"skip-entries", "1"});
    set_entry(1, 11 * frame_size | 9);
    EXPECT_EQ(batch(Command::batched_lock, {12}), Status::success);
    EXPECT_EQ(entry(0), 12 * frame_size);
    hostile({"lie-target", "18446744073709551615"});
    call(Command::get_target);
    EXPECT_EQ(told(), ~std::uint64_t{0});
    EXPECT_EQ(hostile({"faithful"}), 3U);
    call(Command::get_target);
    EXPECT_EQ(told(), 100U);
}

TEST_F(BalloonTest, HostileAnswersWithStatusesThatDoNotExist) {
    tell({"target", "100"});
    start();
    hostile({"refuse", "get-target", "0x2000000"});
    EXPECT_EQ(static_cast<std::uint32_t>(call(Command::get_target)), 0x200'0000U);
    hostile({"refuse-entries", "31", "1"});
    EXPECT_EQ(batch(Command::batched_lock, {10}), Status::success);
    EXPECT_EQ(static_cast<std::uint64_t>(entry_status(0, 10)), status_bits);
    EXPECT_EQ(size(), 0U);
}

TEST_F(BalloonTest, HostileSwingsBetweenTwoTargets) {
    start();
    hostile({"lie-target", "7", "900"});
    for (const std::uint64_t expected : {7U, 900U, 7U}) {
        call(Command::get_target);
        EXPECT_EQ(told(), expected);
    }
}

TEST_F(BalloonTest, HostileClaimsToGrantWhatItDoesNot) {
    tell({"offer", "0x6"});
    hostile({"lie-grant", "0x3e"});
    EXPECT_EQ(start(), Status::success_with_capabilities);
    EXPECT_EQ(granted(), 0x3eU);
    EXPECT_EQ(tell({"show"}).at("granted"), 6);
    EXPECT_EQ(batch(Command::batched_2m_lock, {512}), Status::invalid);
}

TEST_F(BalloonTest, RefusesWordsItDoesNotKnow) {
    const std::vector<std::vector<std::string_view>> wrong = {
        {},
        {"show", "me"},
        {"target"},
        {"target", "-1"},
        {"target", "1x"},
        {"legacy", "maybe"},
        {"hostile"},
        {"hostile", "rude"},
        {"hostile", "refuse", "lock"},
        {"hostile", "refuse", "rock", "busy"},
        {"hostile", "refuse", "lock", "lazy"},
        {"hostile", "refuse", "lock", "busy", "x"},
        {"hostile", "refuse-entries", "pinned", "0"},
        {"hostile", "refuse-entries", "absent", "1"},
        {"hostile", "refuse-entries", "32", "1"},
        {"hostile", "refuse", "any", "0"},
        {"hostile", "refuse", "any", "0x100000000"},
        {"hostile", "lie-target", "1", "x"},
        {"hostile", "lie-target", "1", "2", "3"},
        {"hostile", "lie-grant"},
        {"hostile", "garble-frames"},
        {"hostile", "lie-target", ""},
        {"hostile", "faithful", "now"}};
    for (const auto& words : wrong)
        EXPECT_TRUE(refuses(words)) << testing::PrintToString(words);
}

TEST_F(BalloonTest, OptionsAreItsWords) {
    EXPECT_TRUE(device_.apply(""));
    EXPECT_TRUE(device_.apply("target=7,offer=0x6,hostile=refuse get-target busy"));
    EXPECT_EQ(tell({"show"}).at("target"), 7);
    start();
    EXPECT_EQ(granted(), std::uint64_t{basic | batched});
    EXPECT_EQ(call(Command::get_target), Status::busy);
    for (auto wrong : {"target", "target=", "target=1,,", "rude=1", "hostile=", ","})
        EXPECT_FALSE(device_.apply(wrong)) << wrong;
}

/// A right driver, at random, against a set of frames of its own.
TEST_F(BalloonTest, AgreesWithARightDriverOverManyOperations) {
    constexpr std::uint64_t frames = (8U << 20) / frame_size;
    std::mt19937 random(1);
    std::set<std::uint64_t> given;
    tell({"target", "100000"});
    start();
    for (int round = 0; round < 200'000; ++round) {
        const bool must_reset = random() % 50'000 == 0;
        if (must_reset) {
            tell({"reset"});
            ASSERT_EQ(call(Command::get_target), Status::reset);
            given.clear();
            start();
        }
        const std::uint64_t frame = 16 + random() % (frames - 16);
        if (given.contains(frame)) {
            ASSERT_EQ(call(Command::unlock, frame), Status::success);
            given.erase(frame);
        } else {
            ASSERT_EQ(call(Command::lock, frame), Status::success);
            given.insert(frame);
        }
    }
    EXPECT_EQ(size(), given.size());
    EXPECT_TRUE(host_.reports.empty());
}

} // namespace
} // namespace vmguest::lab::balloon
