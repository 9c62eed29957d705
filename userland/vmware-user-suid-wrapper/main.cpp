// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// vmware-user-suid-wrapper: opens vmblock's control node as root, becomes the user, and runs the
// desktop's agent with the open node. Installed setuid root, so a user chooses all that it starts
// with: words, environment, open files, limits, signals. None of that decides what is run or what
// it is run with but the variables of environment.cpp.
//
// Nobody but the agent may get at the descriptor, which blocks files for all users. Until the exec
// the kernel keeps this program's files from the user because it was setuid. An exec would end
// that; it does not if the user can execute the agent's file but not read it. So the agent's file
// has to be like that (chmod 0711), else the agent starts without the descriptor.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent.hpp"
#include "control.hpp"
#include "environment.hpp"
#include "privilege.hpp"

namespace vmguest::handover {
namespace {

constexpr const char* agent_file = VMGUEST_AGENT; // nothing at run time changes it
static_assert(agent_file[0] == '/', "VMGUEST_AGENT must not depend on where the user is");

void say(const char* sentence) {
    std::array<const char*, 3> parts = {"vmware-user-suid-wrapper: ", sentence, "\n"};
    std::array<iovec, 3> pieces = {};
    for (std::size_t i = 0; i < parts.size(); ++i)
        pieces[i] = {const_cast<char*>(parts[i]), std::strlen(parts[i])};
    if (writev(STDERR_FILENO, pieces.data(), pieces.size()) < 0)
        return; // the user has closed it, or nobody reads
}

[[noreturn]] void give_up(const char* sentence) {
    say(sentence);
    _exit(1);
}

/// This program has as many files as it needs, whatever the user has been allowed or has given up;
/// the agent has no more than the user.
class FileLimit {
public:
    FileLimit() {
        if (getrlimit(RLIMIT_NOFILE, &users_) != 0)
            give_up("the kernel does not say how many files may be open");
        const rlimit enough = {std::max<rlim_t>(users_.rlim_cur, 64),
                               std::max<rlim_t>(users_.rlim_max, 64)};
        setrlimit(RLIMIT_NOFILE, &enough); // if not setuid, the user's have to do
    }
    bool restore() const { return setrlimit(RLIMIT_NOFILE, &users_) == 0; }

private:
    rlimit users_ = {};
};

/// Else the control node could get number 2, say, and whoever prints an error would write to it.
bool has_standard_files() {
    for (int number = 0; number <= 2; ++number)
        if (fcntl(number, F_GETFD) < 0 && open("/dev/null", O_RDWR) != number)
            return false;
    return true;
}

/// The agent reacts to USR1 by letting go of the node; it must not die of one that comes before it
/// has said so. USR2 is left ignored by agents. PIPE and XFSZ would come from say().
void ignore_signals() {
    for (const int number : {SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ})
        std::signal(number, SIG_IGN);
}

/// What the user has blocked or ignored would stay so in the agent.
void reset_signals() {
    for (int number = 1; number <= SIGRTMAX; ++number)
        if (number != SIGUSR1 && number != SIGUSR2)
            std::signal(number, SIG_DFL); // KILL and STOP refuse
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// A desktop's start does not wait for its agents. The child has no timer and no pending signal.
void detach() {
    const pid_t child = fork();
    if (child < 0)
        give_up("the kernel allows no further process");
    if (child > 0)
        _exit(0);
}

/// Only root's processes look into the agent: see the head of this file.
bool is_agent_guarded() {
    return getuid() == 0 || (access(agent_file, R_OK) != 0 && errno == EACCES);
}

/// What is left to the user: to keep its files more private than others do.
void settle(const FileLimit& limit) {
    umask(umask(0777) | (S_IWGRP | S_IWOTH));
    constexpr rlimit no_core = {0, 0};
    if (chdir("/") != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 || !limit.restore())
        give_up("the agent cannot be given a directory and limits");
}

/// The last step as root is become_user(); what can fail because of the user comes after it.
[[noreturn]] void hand_over(const FileLimit& limit) {
    auto control = open_control();
    if (!become_user())
        give_up("root's rights cannot be given up, so the agent is not started");
    if (control.node.is_open() && !is_agent_guarded()) {
        control.node.close_now();
        control.problem = "vmblock is not handed over to an agent that its user can look into: run "
                          "'chmod 0711 " VMGUEST_AGENT "' as root";
    }
    if (control.problem)
        say(control.problem);
    settle(limit);
    const Environment environment(environ);
    const AgentCommand command(agent_file, control.node.number());
    if (control.node.is_open() && fcntl(control.node.number(), F_SETFD, 0) != 0)
        give_up("the control node cannot be handed over");
    reset_signals();
    execve(agent_file, command.words(), environment.entries());
    give_up("cannot run " VMGUEST_AGENT);
}

} // namespace
} // namespace vmguest::handover

int main() {
    using namespace vmguest::handover;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const FileLimit limit;
    if (!has_standard_files() || close_range(3, ~0U, 0) != 0)
        _exit(1);
    ignore_signals();
    if (access(agent_file, X_OK) != 0)
        give_up("there is no " VMGUEST_AGENT " that this user may execute: install open-vm-tools");
    detach();
    hand_over(limit);
}
