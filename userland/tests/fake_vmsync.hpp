// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// In place of the kernel's /dev/vmsync: ioctl() of this program. And how often memory was
// allocated.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>

#include <vmguest/vmsync.h>

namespace vmguest::test {

/// Calls of operator new so far.
extern std::atomic<std::size_t> allocations;

struct FakeVmsync {
    // What it is to answer.
    int freeze_error = 0;
    int thaw_error = 0;
    unsigned thaw_cause = VMSYNC_CAUSE_ASKED;
    unsigned left = 0;
    bool waits_for_thaw = false; ///< FREEZE returns ECANCELED when THAW has come

    // What it was told.
    vmsync_freeze freeze = {};
    vmsync_record records[VMSYNC_RECORDS_MAX] = {}; ///< as they came
    char paths[8][64] = {};
    unsigned wait_ms = 0;
    int freezes = 0, thaws = 0, queries = 0;
    std::size_t allocations_at_freeze = 0, allocations_at_thaw = 0;

    std::mutex mutex;
    std::condition_variable thawed;
};

/// The one whose calls ioctl() answers; a test sets it.
extern FakeVmsync* fake;

/// Is the fake as long as it lives, and has a file in its place that can be opened and polled.
class Driver : public FakeVmsync {
public:
    Driver();
    ~Driver();
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    const std::string& path() const { return path_; }
    /// poll() says from now on that the freeze has ended.
    void wake();

private:
    std::string folder_;
    std::string path_;
    int keep_ = -1;
};

} // namespace vmguest::test
