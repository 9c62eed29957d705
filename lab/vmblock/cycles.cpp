// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// vmblock-cycles: blocks a name and unblocks it, over and over, for scenarios that look for what is
// lost meanwhile.
//
//   vmblock-cycles write|ioctl|close COUNT
//
// write and ioctl use one open file; close opens the control node anew for each block and lets it
// go with it. The names differ in length, so that blocks come from different caches.
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vmguest/vmblock.h>

namespace {

constexpr const char* node_path = "/proc/fs/vmblock/dev";
constexpr std::size_t add_command = 98, delete_command = 99; // write(2)'s byte count says it

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "vmblock-cycles: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

int open_node() {
    const int node = open(node_path, O_WRONLY | O_CLOEXEC);
    if (node < 0)
        fail(node_path);
    return node;
}

/// Its buffer is longer than any byte count that is a command.
std::vector<std::string> make_names() {
    std::vector<std::string> names;
    for (const std::size_t length : {1U, 30U, 100U, 200U, 500U, 1000U, 2000U, 4000U}) {
        names.push_back("/tmp/VMwareDnD/" + std::string(length, 'n'));
        names.back().reserve(length + delete_command);
    }
    return names;
}

void write_command(int node, std::size_t command, const std::string& name) {
    if (write(node, name.c_str(), command) != 0)
        fail("write");
}

void cycle_by_write(int node, const std::string& name) {
    write_command(node, add_command, name);
    write_command(node, delete_command, name);
}

int request(int node, unsigned long number, const std::string& name, std::uint32_t flags) {
    vmblock_request words = {};
    words.header.size = sizeof words;
    words.header.version = VMBLOCK_VERSION;
    words.path = reinterpret_cast<std::uintptr_t>(name.c_str());
    words.path_length = static_cast<std::uint32_t>(name.size());
    words.flags = flags;
    return ioctl(node, number, &words);
}

/// Nobody comes for the name, so a watch has nothing to say.
void cycle_by_ioctl(int node, const std::string& name) {
    if (request(node, VMBLOCK_IOC_ADD, name, 0) != 0)
        fail("VMBLOCK_IOC_ADD");
    if (request(node, VMBLOCK_IOC_WATCH, name, VMBLOCK_NOWAIT) == 0 || errno != EAGAIN)
        fail("VMBLOCK_IOC_WATCH");
    if (request(node, VMBLOCK_IOC_DELETE, name, 0) != 0)
        fail("VMBLOCK_IOC_DELETE");
}

void cycle_by_close(int, const std::string& name) {
    const int node = open_node();
    write_command(node, add_command, name);
    close(node);
}

struct Way {
    std::string_view name;
    void (*cycle)(int node, const std::string& name);
};

constexpr std::array<Way, 3> ways = {
    {{"write", cycle_by_write}, {"ioctl", cycle_by_ioctl}, {"close", cycle_by_close}}};

} // namespace

int main(int count, char** words) {
    if (count != 3) {
        std::fprintf(stderr, "usage: vmblock-cycles write|ioctl|close COUNT\n");
        return 2;
    }
    const auto names = make_names();
    const long cycles = std::strtol(words[2], nullptr, 10);
    const int node = open_node();
    for (const auto& way : ways) {
        if (way.name != words[1])
            continue;
        for (long i = 0; i < cycles; ++i)
            way.cycle(node, names[static_cast<std::size_t>(i) % names.size()]);
        return 0;
    }
    std::fprintf(stderr, "vmblock-cycles: '%s' is no way to do it\n", words[1]);
    return 2;
}
