// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A balloon driver under measurement, and the host side that moves it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lab_line.hpp"

namespace vmguest::balloonbench {

/// Capabilities that the host offers.
inline constexpr unsigned small_batches = 0x26, large_batches = 0x2e, with_doorbell = 0x3e;

inline constexpr std::uint64_t mebibyte = 1 << 20;

/// What the host says of the balloon; times are microseconds since the target was set last.
struct Balloon {
    std::uint64_t size = 0;  ///< bytes
    bool is_settled = false; ///< the target is reached
    std::optional<double> told_us, first_frame_us, last_frame_us;
    double host_us = 0; ///< what the model itself worked
};

/// One way of the balloon, as the lab counted it. Frames are of 4 KiB.
struct Move {
    Balloon balloon;
    std::uint64_t frames = 0;
    std::uint64_t large_frames = 0; ///< those that went by 2 MiB
    std::uint64_t exits = 0;        ///< commands of any kind
    std::uint64_t batches = 0;      ///< commands that moved frames
    std::optional<std::uint64_t> driver_instructions, all_instructions;
};

/// Loads the module; the destructor empties the balloon and removes it.
class Driver {
public:
    Driver(bench::LabLine& line, std::string module, unsigned capabilities, bool has_plugin);
    ~Driver();
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    /// Set the target and wait until it is reached, all inside a counting window.
    Move move(std::uint64_t target_bytes);
    /// The same, but the balloon may stay behind: see is_settled.
    Move follow(std::uint64_t target_bytes);

private:
    void wait_for_start();

    bench::LabLine& line_;
    std::string module_;
    bool has_plugin_;
};

} // namespace vmguest::balloonbench
