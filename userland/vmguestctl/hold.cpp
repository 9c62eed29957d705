// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header. One thread is in the module's FREEZE, which no signal interrupts, the other
// listens for signals meanwhile.
#include "hold.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

namespace vmguest::ctl {
namespace {

using Clock = std::chrono::steady_clock;

/// How long to wait for the thaw's end before saying that it has not come. Less after a freeze that
/// failed: what holds that up may be a writer that never ends.
constexpr std::chrono::seconds thaw_patience{20}, failure_patience{2};

/// All of it is locked into memory.
constexpr std::size_t worker_stack_bytes = std::size_t{128} << 10;

sigset_t ending_signals() {
    sigset_t set = {};
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&set, number);
    return set;
}

/// Calls Freeze::freeze(); the descriptor can be read when it has returned.
class Worker {
public:
    explicit Worker(Freeze& freeze) noexcept
        : freeze_(freeze), done_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

    /// Return: an errno value.
    int start() noexcept {
        pthread_attr_t attributes;
        if (!done_)
            return errno;
        if (const int error = pthread_attr_init(&attributes))
            return error;
        pthread_attr_setstacksize(&attributes, worker_stack_bytes);
        const int error = pthread_create(&thread_, &attributes, run, this);
        pthread_attr_destroy(&attributes);
        return error;
    }

    int descriptor() const noexcept { return done_.get(); }

    std::error_code join() noexcept {
        pthread_join(thread_, nullptr);
        return error_;
    }

private:
    static void* run(void* self) {
        auto* worker = static_cast<Worker*>(self);
        worker->error_ = worker->freeze_.freeze();
        eventfd_write(worker->done_.get(), 1);
        return nullptr;
    }

    Freeze& freeze_;
    Descriptor done_;
    pthread_t thread_{};
    std::error_code error_;
};

pollfd readable(int descriptor) {
    return {.fd = descriptor, .events = POLLIN, .revents = 0};
}

/// Sleep until something is to be done; not later than `end`.
template <std::size_t size>
void wait(std::array<pollfd, size>& what, Clock::time_point end) {
    const auto left = std::max(end - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
    if (ppoll(what.data(), what.size(), &time, nullptr) <= 0)
        for (auto& one : what)
            one.revents = 0;
}

/// Until freeze() has returned; the deadline sees to that. A signal aborts it.
void await_freeze(Freeze& freeze, const Worker& worker, const Signals& signals, Held& held) {
    for (;;) {
        std::array what{readable(worker.descriptor()), readable(signals.descriptor())};
        wait(what, Clock::now() + std::chrono::hours(1));
        if (what[0].revents)
            return;
        if (const int taken = what[1].revents ? signals.take() : 0) {
            held.signal = taken;
            freeze.abort();
        }
    }
}

/// Everything is frozen. Return: the signal that ended it; 0 if time or the kernel did.
int hold_frozen(const Freeze& freeze, const Signals& signals, Announcer& announcer,
                Clock::time_point end) {
    do {
        std::array what{readable(signals.descriptor()), readable(freeze.descriptor()),
                        pollfd{.fd = announcer.descriptor(), .events = POLLOUT, .revents = 0}};
        wait(what, end);
        if (what[2].revents)
            announcer.say();
        if (what[1].revents)
            return 0;
        if (what[0].revents)
            if (const int taken = signals.take())
                return taken;
    } while (Clock::now() < end);
    return 0;
}

} // namespace

Signals::Signals() noexcept {
    const auto set = ending_signals();
    // One that is ignored, as by nohup, stays so: it is never pending.
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// Who is impatient and sends two shall still see what became of it.
Signals::~Signals() {
    while (take() != 0) {
    }
    const auto set = ending_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int Signals::take() const noexcept {
    signalfd_siginfo info = {};
    return read(descriptor_.get(), &info, sizeof(info)) == sizeof(info)
               ? static_cast<int>(info.ssi_signo)
               : 0;
}

Held freeze_and_hold(Freeze& freeze, const Signals& signals, Announcer& announcer,
                     std::chrono::milliseconds hold) noexcept {
    Held held;
    Worker worker(freeze);
    if (const int error = worker.start()) {
        held.error = {error, std::system_category()};
        return held;
    }
    await_freeze(freeze, worker, signals, held);
    held.error = worker.join();
    held.was_frozen = !held.error && !held.signal && freeze.frozen() > 0;
    if (held.was_frozen)
        held.signal = hold_frozen(freeze, signals, announcer, Clock::now() + hold);
    held.thawed = freeze.thaw(held.error ? failure_patience : thaw_patience);
    return held;
}

} // namespace vmguest::ctl
