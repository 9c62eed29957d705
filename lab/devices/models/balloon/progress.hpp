// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// How long a guest takes to follow the target: stamps of the guest's clock, which goes on while a
// command is carried out, since the target was set last. Pure.
#pragma once

#include <chrono>
#include <optional>

namespace vmguest::lab::balloon {

class Progress {
public:
    using Time = std::chrono::nanoseconds;

    /// The target is another one from now on.
    void change(Time now) { *this = Progress(now); }
    /// The guest gives a command; it has its answer, which told the target or did not.
    void begin(Time now) { began_ = now; }
    void end(Time now, bool tells_target) {
        host_ += now - began_;
        if (tells_target && !told_)
            told_ = now - changed_;
        if (has_moved_)
            last_ = now - changed_;
        has_moved_ = false;
    }
    /// The command of now has moved a frame.
    void move() {
        has_moved_ = true;
        if (!first_)
            first_ = began_ - changed_;
    }

    std::optional<Time> told() const { return told_; }         ///< first
    std::optional<Time> first_frame() const { return first_; } ///< when its command came
    std::optional<Time> last_frame() const { return last_; }   ///< when its command was answered
    Time host() const { return host_; }                        ///< between begin() and end()

    Progress() = default;

private:
    explicit Progress(Time now) : changed_(now) {}

    Time changed_{}, began_{};
    bool has_moved_ = false;
    std::optional<Time> told_, first_, last_;
    Time host_{};
};

} // namespace vmguest::lab::balloon
