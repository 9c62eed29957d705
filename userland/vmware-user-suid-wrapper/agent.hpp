// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the agent is told.
#pragma once

#include <array>

namespace vmguest::handover {

/// The agent's words: nothing that the user says is among them.
class AgentCommand {
public:
    /// DESCRIPTOR is the control node's, or negative if there is none to be handed over.
    AgentCommand(const char* program, int descriptor);
    AgentCommand(const AgentCommand&) = delete;
    AgentCommand& operator=(const AgentCommand&) = delete;

    /// For execve(2): they end with a null pointer.
    char* const* words() const { return const_cast<char* const*>(words_.data()); }

private:
    std::array<char, 12> number_ = {};
    std::array<const char*, 6> words_ = {};
};

} // namespace vmguest::handover
