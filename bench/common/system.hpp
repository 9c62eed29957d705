// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What the benches' programs have others do. Functions throw std::runtime_error or
// std::system_error with a sentence.
#pragma once

#include <string>
#include <system_error>

namespace vmguest::bench {

/// Of the last system call, in the words of errno.
std::system_error failure(const std::string& what);

/// A shell's line, which has to succeed.
void run_line(const std::string& line);
/// Load or remove a kernel module.
void modprobe(const std::string& words);

/// A descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    int get() const { return number_; }

private:
    int number_;
};

/// open(2); of programs that are started nobody has it.
Descriptor open_file(const std::string& path, int flags);

/// Write all of a text to a file of the kernel's, at once.
void write_file(const std::string& path, const std::string& text, int flags = 0);

} // namespace vmguest::bench
