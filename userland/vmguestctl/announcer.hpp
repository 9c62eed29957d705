// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Says one line while filesystems are frozen, to who can hear it without any of them.
#pragma once

#include <string>

#include "vmguest/descriptor.hpp"

namespace vmguest::ctl {

/// Nothing here waits, and from the constructor's end on nothing is allocated: a reader who does
/// not read goes without.
class Announcer {
public:
    /// `output` is used if it is a pipe, a socket or a terminal; a file may be on anything. Its
    /// flags, which others share, stay as they are.
    Announcer(int output, std::string line);

    /// Poll this for POLLOUT; -1 when there is nothing to say (any more).
    int descriptor() const noexcept { return is_over_ ? -1 : output_.get(); }

    /// As much as can be said now.
    void say() noexcept;

private:
    std::string line_;
    std::size_t said_ = 0;
    Descriptor output_;
    bool is_socket_ = false;
    bool is_over_ = false;
};

} // namespace vmguest::ctl
