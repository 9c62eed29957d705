// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The agent of lab/scenarios/vmblock-handover.sh: tells what it has been started with, then does
// with the control node what it is told. It talks by two FIFOs, which no limit on files concerns.
//
//   report    KEY VALUE lines up to "end", then an answer to each command: the result or -errno
//   commands  add PATH, delete PATH
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr const char* report_path = "/run/handover/report";
constexpr const char* command_path = "/run/handover/commands";

void report_words(std::FILE* to, const char* key, char** words) {
    for (; *words; ++words)
        std::fprintf(to, "%s %s\n", key, *words);
}

/// But for OURS, the report itself.
void report_files(std::FILE* to, int ours) {
    for (int number = 0; number < 1024; ++number) {
        char path[64];
        char target[256];
        std::snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        const auto size = readlink(path, target, sizeof target);
        if (size > 0 && number != ours)
            std::fprintf(to, "file %d %.*s\n", number, static_cast<int>(size), target);
    }
}

void report_limit(std::FILE* to, const char* key, const rlimit& limit) {
    std::fprintf(to, "%s %lld %lld\n", key, static_cast<long long>(limit.rlim_cur),
                 static_cast<long long>(limit.rlim_max));
}

void report_status(std::FILE* to) {
    std::FILE* const status = std::fopen("/proc/self/status", "r");
    char line[4096];
    while (status && std::fgets(line, sizeof line, status))
        std::fputs(line, to);
    if (status)
        std::fclose(status);
}

/// Reading tells the flavours apart, as in real agents.
bool is_fuse(int node) {
    char text[18];
    return read(node, text, sizeof text) == static_cast<ssize_t>(sizeof text) &&
           std::memcmp(text, "I am VMBLOCK-FUSE", sizeof text) == 0;
}

int node_of(char** words) {
    for (; *words && words[1]; ++words)
        if (std::strcmp(*words, "--blockFd") == 0)
            return std::atoi(words[1]);
    return -1;
}

void report(std::FILE* to, const rlimit& files, char** words) {
    char directory[4096] = "?";
    itimerval timer = {};
    rlimit core = {};
    getitimer(ITIMER_REAL, &timer);
    getrlimit(RLIMIT_CORE, &core);
    const mode_t mask = umask(077);
    std::fprintf(to, "pid %d\numask %03o\ndirectory %s\n", getpid(), mask,
                 getcwd(directory, sizeof directory) ? directory : "?");
    std::fprintf(to, "dumpable %d\ntimer %lld\n", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
                 static_cast<long long>(timer.it_value.tv_sec));
    report_words(to, "argument", words);
    report_words(to, "variable", environ);
    report_files(to, fileno(to));
    report_limit(to, "files", files);
    report_limit(to, "core", core);
    report_status(to);
    std::fputs("end\n", to);
    std::fflush(to);
}

int send(int node, bool fuse, bool add, const char* path) {
    char text[4096];
    if (!fuse)
        return static_cast<int>(write(node, path, add ? 98 : 99)); // the count is the command
    const int size = std::snprintf(text, sizeof text, "%c%s", add ? 'a' : 'd', path);
    return pwrite(node, text, static_cast<std::size_t>(size), 0) == size ? 0 : -1;
}

void serve(std::FILE* to, int node) {
    const bool fuse = is_fuse(node);
    std::FILE* const commands = std::fopen(command_path, "r");
    static char line[1 << 13]; // the module reads up to the string's end, whatever the count says
    while (commands && std::fgets(line, sizeof line, commands)) {
        line[std::strcspn(line, "\n")] = '\0';
        char* const path = std::strchr(line, ' ');
        const bool is_add = std::string_view(line).starts_with("add ");
        const int result = path ? send(node, fuse, is_add, path + 1) : -1;
        std::fprintf(to, "%d\n", result < 0 ? -errno : result);
        std::fflush(to);
    }
}

} // namespace

int main(int, char** words) {
    rlimit files = {};
    getrlimit(RLIMIT_NOFILE, &files);
    const rlimit all = {files.rlim_max, files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &all);
    std::FILE* const to = std::fopen(report_path, "we");
    if (!to)
        return 1;
    const int node = node_of(words);
    report(to, files, words);
    if (node >= 0)
        fcntl(node, F_SETFD, FD_CLOEXEC);
    serve(to, node);
    return 0;
}
