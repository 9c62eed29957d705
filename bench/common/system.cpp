// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "system.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace vmguest::bench {

std::system_error failure(const std::string& what) {
    return {errno, std::generic_category(), what};
}

void run_line(const std::string& line) {
    if (std::system(line.c_str()) != 0)
        throw std::runtime_error("'" + line + "' failed");
}

void modprobe(const std::string& words) {
    run_line("modprobe " + words);
}

Descriptor::~Descriptor() {
    if (number_ >= 0)
        close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

Descriptor open_file(const std::string& path, int flags) {
    Descriptor file(open(path.c_str(), flags | O_CLOEXEC, 0600));
    if (file.get() < 0)
        throw failure(path);
    return file;
}

void write_file(const std::string& path, const std::string& text, int flags) {
    const auto file = open_file(path, O_WRONLY | flags);
    if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        throw failure("writing to " + path);
}

} // namespace vmguest::bench
