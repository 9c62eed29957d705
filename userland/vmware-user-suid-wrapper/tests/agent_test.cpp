// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Tests of the agent's words.
#include <climits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "agent.hpp"

namespace vmguest::handover {
namespace {

std::vector<std::string> words_of(const AgentCommand& command) {
    std::vector<std::string> words;
    for (const auto* word = command.words(); *word; ++word)
        words.emplace_back(*word);
    return words;
}

TEST(AgentCommand, NamesTheDescriptor) {
    const std::vector<std::string> want = {"/usr/bin/agent", "-n", "vmusr", "--blockFd", "3"};
    EXPECT_EQ(words_of(AgentCommand("/usr/bin/agent", 3)), want);
}

TEST(AgentCommand, HasRoomForTheLargestDescriptor) {
    EXPECT_EQ(words_of(AgentCommand("agent", INT_MAX)).back(), std::to_string(INT_MAX));
}

TEST(AgentCommand, SaysNothingOfADescriptorThatIsNone) {
    const std::vector<std::string> want = {"agent", "-n", "vmusr"};
    EXPECT_EQ(words_of(AgentCommand("agent", -1)), want);
}

} // namespace
} // namespace vmguest::handover
