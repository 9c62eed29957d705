// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Another program of the agent's user, after the descriptor of vmblock's control node.
//
//   handover-thief take PID              from a process that runs
//   handover-thief race WRAPPER ROUNDS   from the moment when WRAPPER is started until the agent
//   has
//                                        reported, and again; odd rounds stop the processes
//                                        meanwhile
//   handover-thief trace WRAPPER         starts WRAPPER under a tracer
//
// Status 0: something was got at; 1: nothing; 2: this could not be tried.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr const char* report_path = "/run/handover/report";
constexpr int family =
    3; // the wrapper is followed by its child; some other process may come between
constexpr time_t patience = 60;

struct Tally {
    long got = 0;
    long refused = 0;
};

[[noreturn]] void cannot(const char* what) {
    std::printf("thief: %s: %s\n", what, std::strerror(errno));
    std::exit(2);
}

bool is_node(int descriptor) {
    char path[64];
    char target[256];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const auto size = readlink(path, target, sizeof target);
    return size > 0 && std::string_view(target, static_cast<std::size_t>(size)).find("vmblock") !=
                           std::string_view::npos;
}

/// A copy of another process's descriptor.
void try_copy(int process, int number, Tally& tally) {
    const auto copy = static_cast<int>(syscall(SYS_pidfd_getfd, process, number, 0));
    if (copy < 0) {
        tally.refused += errno == EPERM;
        return;
    }
    tally.got += is_node(copy);
    close(copy);
}

bool try_open(pid_t pid, const char* name, int flags) {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    const int file = open(path, flags | O_CLOEXEC);
    const int error = errno;
    const bool got = file >= 0;
    std::printf("  %s: %s\n", path, got ? "opened" : std::strerror(error));
    if (got)
        close(file);
    return got;
}

bool try_trace(pid_t pid) {
    if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) {
        std::printf("  ptrace: %s\n", std::strerror(errno));
        return false;
    }
    ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    std::printf("  ptrace: seized\n");
    return true;
}

int take(pid_t pid) {
    const auto process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0 || kill(pid, 0) != 0)
        cannot("no such process of this user's");
    Tally tally;
    for (int number = 0; number < 64; ++number)
        try_copy(process, number, tally);
    std::printf("  pidfd_getfd: %ld copies of the node, %ld refused\n", tally.got, tally.refused);
    bool got = tally.got > 0;
    for (const char* name : {"fd", "fdinfo", "environ", "maps", "auxv", "mem"})
        got |= try_open(pid, name, O_RDONLY);
    got |= try_open(pid, "fd/3", O_WRONLY);
    got |= try_trace(pid);
    if (kill(pid, 0) != 0)
        cannot("the process has ended meanwhile");
    return got ? 0 : 1;
}

pid_t start(const char* wrapper, bool traced) {
    const pid_t child = fork();
    if (child != 0)
        return child;
    if (traced)
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execl(wrapper, wrapper, nullptr);
    _exit(127);
}

/// The agent's process id once it has reported all, else 0; TEXT collects what has come.
pid_t reported(int report, char* text, std::size_t size, std::size_t& length) {
    const auto more = read(report, text + length, size - 1 - length);
    length += more > 0 ? static_cast<std::size_t>(more) : 0;
    text[length] = '\0';
    return std::strstr(text, "\nend\n") ? std::atoi(text + std::strlen("pid ")) : 0;
}

/// Those of the wrapper's family that are there by now.
void meet(pid_t first, int (&processes)[family], bool stop) {
    for (int i = 0; i < family; ++i) {
        if (processes[i] >= 0)
            continue;
        processes[i] = static_cast<int>(syscall(SYS_pidfd_open, first + i, 0));
        if (processes[i] >= 0 && i > 0 && stop)
            kill(first + i, SIGSTOP);
    }
}

void attack(pid_t first, int (&processes)[family], bool stop, Tally& tally) {
    meet(first, processes, stop);
    for (int round = 0; round < 20; ++round)
        for (int process : processes)
            if (process >= 0)
                for (int number = 3; number <= 4; ++number)
                    try_copy(process, number, tally);
    for (int i = 1; stop && i < family; ++i)
        if (processes[i] >= 0)
            kill(first + i, SIGCONT);
}

void round_of(const char* wrapper, bool stop, Tally& tally) {
    static char text[1 << 16];
    std::size_t length = 0;
    const int report = open(report_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (report < 0)
        cannot(report_path);
    int processes[family] = {-1, -1, -1};
    const pid_t first = start(wrapper, false);
    const time_t end = std::time(nullptr) + patience;
    pid_t agent = 0;
    while (!(agent = reported(report, text, sizeof text, length)) && std::time(nullptr) < end)
        attack(first, processes, stop, tally);
    attack(first, processes, false, tally);
    if (!agent || !std::strstr(text, "argument --blockFd\n"))
        cannot("no agent with a descriptor was started");
    kill(agent, SIGKILL);
    waitpid(first, nullptr, 0);
    close(report);
    for (const int process : processes)
        if (process >= 0)
            close(process);
}

int race(const char* wrapper, int rounds) {
    Tally tally;
    for (int i = 0; i < rounds; ++i)
        round_of(wrapper, i % 2 != 0, tally);
    std::printf("  %ld copies of the node in %d rounds, %ld tries were refused\n", tally.got,
                rounds, tally.refused);
    if (tally.refused < rounds)
        cannot("too few tries to be called a race");
    return tally.got ? 0 : 1;
}

int trace(const char* wrapper) {
    const pid_t child = start(wrapper, true);
    int status = 0;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
        ptrace(PTRACE_CONT, child, nullptr, nullptr);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

} // namespace

int main(int count, char** words) {
    const std::string_view verb = count > 2 ? words[1] : "";
    if (verb == "take")
        return take(std::atoi(words[2]));
    if (verb == "race" && count > 3)
        return race(words[2], std::atoi(words[3]));
    if (verb == "trace")
        return trace(words[2]);
    return 2;
}
