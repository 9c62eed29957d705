// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A program for guests: a driver at fault, which gives one frame of its memory to the balloon
// twice.
#include <array>
#include <cstdint>
#include <cstdio>

#include <fcntl.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include "models/balloon/wire.hpp"

namespace {

using namespace vmguest::lab::balloon;

std::uint32_t call(Command command, std::uint64_t first) {
    std::uint64_t rax = magic, rbx = first, rcx = static_cast<std::uint64_t>(command);
    asm volatile("inl %%dx, %%eax"
                 : "+a"(rax), "+b"(rbx), "+c"(rcx)
                 : "d"(std::uint64_t{port}), "S"(std::uint64_t{0})
                 : "memory");
    return static_cast<std::uint32_t>(rax);
}

/// Where a locked page of this program lies; 0 if the kernel does not say.
std::uint64_t frame_of(const void* page) {
    const int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const auto index = reinterpret_cast<std::uintptr_t>(page) / frame_size;
    std::uint64_t entry = 0;
    if (pread(pagemap, &entry, sizeof entry, static_cast<off_t>(index * sizeof entry)) !=
        static_cast<ssize_t>(sizeof entry))
        entry = 0;
    close(pagemap);
    return entry & ((std::uint64_t{1} << 55) - 1);
}

} // namespace

int main() {
    void* page = mmap(nullptr, frame_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
    const auto frame = page == MAP_FAILED ? 0 : frame_of(page);
    if (frame == 0 || iopl(3) != 0)
        return 1;
    const std::array answers = {call(Command::start, basic), call(Command::lock, frame),
                                call(Command::lock, frame)};
    std::printf("%#x %u %u\n", answers[0], answers[1], answers[2]);
    return 0;
}
