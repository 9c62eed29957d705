// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "agent.hpp"

#include <charconv>

namespace vmguest::handover {

AgentCommand::AgentCommand(const char* program, int descriptor) : words_{program, "-n", "vmusr"} {
    if (descriptor < 0)
        return;
    std::to_chars(number_.data(), number_.data() + number_.size() - 1, descriptor);
    words_[3] = "--blockFd";
    words_[4] = number_.data();
}

} // namespace vmguest::handover
