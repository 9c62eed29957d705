// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "writers.hpp"

#include <algorithm>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "system.hpp"

namespace vmguest::freezebench {
namespace {

using Clock = StallMeter::Clock;

constexpr std::size_t piece = 64 << 10;
constexpr unsigned pieces = 128;    ///< of the file
constexpr unsigned sync_every = 32; ///< writes
constexpr std::chrono::milliseconds pace{10};
constexpr std::chrono::milliseconds poll_time{1};
constexpr std::chrono::seconds patience{60};

} // namespace

Writer::Writer(const std::string& directory)
    : path_(directory + "/written"), thread_([this] {
          try {
              run();
          } catch (const std::exception& error) {
              error_ = error.what();
              has_failed_ = true;
          }
      }) {}

Writer::~Writer() {
    is_over_ = true;
    thread_.join();
}

void Writer::write_some(int file, unsigned turn) {
    static const std::vector<char> data(piece, 'x');
    const auto at = static_cast<off_t>(turn % pieces * piece);
    meter.begin(Clock::now());
    if (pwrite(file, data.data(), data.size(), at) != static_cast<ssize_t>(data.size()))
        throw bench::failure("writing " + path_);
    meter.end(Clock::now());
    if (turn % sync_every != sync_every - 1)
        return;
    meter.begin(Clock::now());
    if (fsync(file) != 0)
        throw bench::failure("syncing " + path_);
    meter.end(Clock::now());
}

void Writer::run() {
    const auto file = bench::open_file(path_, O_WRONLY | O_CREAT);
    auto next = Clock::now();
    for (unsigned turn = 0; !is_over_; ++turn) {
        write_some(file.get(), turn);
        next = std::max(next + pace, Clock::now());
        std::this_thread::sleep_until(next);
    }
}

Writers::Writers(const std::vector<std::string>& directories) {
    for (const auto& directory : directories)
        writers_.push_back(std::make_unique<Writer>(directory));
}

void Writers::start_round() {
    const auto now = Clock::now();
    for (const auto& writer : writers_)
        writer->meter.start_round(now);
}

void Writers::wait_for_all() const {
    std::vector<std::uint64_t> before;
    for (const auto& writer : writers_)
        before.push_back(writer->meter.ended());
    const auto deadline = Clock::now() + patience;
    for (std::size_t i = 0; i < writers_.size(); ++i)
        while (writers_[i]->meter.ended() == before[i]) {
            if (const auto error = writers_[i]->error(); !error.empty())
                throw std::runtime_error(error);
            if (Clock::now() > deadline)
                throw std::runtime_error("a writer waits for longer than a minute");
            std::this_thread::sleep_for(poll_time);
        }
}

double Writers::longest_stall() const {
    Clock::duration longest{};
    for (const auto& writer : writers_)
        longest = std::max(longest, writer->meter.longest());
    return std::chrono::duration<double, std::micro>(longest).count();
}

} // namespace vmguest::freezebench
