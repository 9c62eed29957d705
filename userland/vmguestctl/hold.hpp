// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Freezes, waits for the end, thaws.
#pragma once

#include <chrono>
#include <system_error>

#include "announcer.hpp"
#include "vmguest/freeze.hpp"

namespace vmguest::ctl {

/// SIGINT, SIGTERM and SIGHUP, as long as it lives: they can be polled for and end nothing.
class Signals {
public:
    Signals() noexcept;
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    int descriptor() const noexcept { return descriptor_.get(); }
    /// Take one that has come; 0 if none has.
    int take() const noexcept;

private:
    Descriptor descriptor_;
};

struct Held {
    std::error_code error;   ///< why not everything was frozen
    int signal = 0;          ///< that ended it; 0: time did
    bool was_frozen = false; ///< everything was, and the line was said if somebody listened
    Thawed thawed;
};

/// Freeze, say so, and keep it frozen for so long, or until a signal comes or the kernel thaws.
/// Then thaw. No filesystem is used meanwhile.
Held freeze_and_hold(Freeze& freeze, const Signals& signals, Announcer& announcer,
                     std::chrono::milliseconds hold) noexcept;

} // namespace vmguest::ctl
