// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The load: a writer on each filesystem, which measures how long it is kept waiting.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stall.hpp"

namespace vmguest::freezebench {

/// Writes 64 KiB at a time to a file of 8 MiB, a hundred times a second, and has it synced every
/// 32 times. The pace is its own: who is held up does not write more afterwards.
class Writer {
public:
    explicit Writer(const std::string& directory);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    StallMeter meter;
    /// Empty, or why it has stopped writing.
    std::string error() const { return has_failed_ ? error_ : std::string(); }

private:
    void run();
    void write_some(int file, unsigned turn);

    std::string path_;
    std::string error_; ///< written before has_failed_ is
    std::atomic<bool> has_failed_ = false, is_over_ = false;
    std::thread thread_;
};

class Writers {
public:
    explicit Writers(const std::vector<std::string>& directories);

    void start_round();
    /// Until each has ended an operation after this call; throws if one has failed or does not.
    void wait_for_all() const;
    /// The longest of all, microseconds.
    double longest_stall() const;

private:
    std::vector<std::unique_ptr<Writer>> writers_;
};

} // namespace vmguest::freezebench
