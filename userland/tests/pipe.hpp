// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#pragma once

#include <array>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "vmguest/descriptor.hpp"

namespace vmguest::test {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) == 0) {
            out = Descriptor(ends[0]);
            in = Descriptor(ends[1]);
        }
    }

    /// Until there is no room. Return: how much.
    std::size_t fill() {
        const Descriptor own(
            open(("/proc/self/fd/" + std::to_string(in.get())).c_str(), O_WRONLY | O_NONBLOCK));
        const std::array<char, 4096> block{};
        std::size_t bytes = 0;
        for (ssize_t count = 0; (count = write(own.get(), block.data(), block.size())) > 0;)
            bytes += static_cast<std::size_t>(count);
        return bytes;
    }

    /// What a reader gets at once.
    std::string read_some() {
        std::array<char, 4096> block{};
        const auto count = read(out.get(), block.data(), block.size());
        return {block.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
    }

    Descriptor out, in;
};

} // namespace vmguest::test
