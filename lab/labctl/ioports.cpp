// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "ioports.hpp"

#include <cerrno>
#include <cstring>

#include <sys/io.h>
#include <unistd.h>

namespace vmguest::labctl {
namespace {

/// An access of four bytes at the first port takes all of them; the second is the high-bandwidth
/// one.
constexpr unsigned long first_port = 0x5658, ports = 4;

} // namespace

std::string run_with_ports(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const auto& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    // The kernel keeps the leave in the task, so it outlives the exec.
    if (ioperm(first_port, ports, 1) != 0)
        return std::string("the kernel does not give the ports away: ") + std::strerror(errno) +
               "; be root, with no lockdown";
    execvp(argv[0], argv.data());
    return "cannot run '" + words[0] + "': " + std::strerror(errno);
}

} // namespace vmguest::labctl
