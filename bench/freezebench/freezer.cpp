// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "freezer.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmguest/vmsync.h>

#include "system.hpp"

namespace vmguest::freezebench {
namespace {

using bench::Descriptor, bench::failure, bench::open_file;
using std::chrono::milliseconds;

constexpr milliseconds own_deadline{10000}; ///< that no round reaches
constexpr milliseconds thaw_wait{20000};
constexpr milliseconds late_wait{20000}; ///< beyond a deadline

class Undisturbed : public Freezer {
public:
    void freeze() override {}
    void thaw() override {}
};

const std::string folder = "/run/freezebench/program"; ///< on tmpfs

void run_program(const char* option, const std::string& path) {
    std::string words[] = {folder + "/ld-linux-x86-64.so.2",
                           "--library-path",
                           folder,
                           folder + "/fsfreeze",
                           option,
                           path};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                    words[4].data(), words[5].data(), nullptr};
    char language[] = "LC_ALL=C";
    char* environment[] = {language, nullptr};
    pid_t child = 0;
    int status = 0;
    errno = posix_spawn(&child, argv[0], nullptr, nullptr, argv, environment);
    if (errno != 0)
        throw failure("fsfreeze");
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            throw failure("waiting for fsfreeze");
    if (status != 0)
        throw std::runtime_error(std::string("fsfreeze ") + option + ' ' + path + " failed");
}

/// What freezes one filesystem after the other; thaws the last one first.
class InTurn : public Freezer {
public:
    explicit InTurn(const Paths& paths) : paths_(paths) {}
    void freeze() override {
        for (; frozen_ < paths_.size(); ++frozen_)
            freeze_one(paths_[frozen_]);
    }
    void thaw() override {
        for (; frozen_ > 0; --frozen_)
            thaw_one(paths_[frozen_ - 1]);
    }

protected:
    virtual void freeze_one(const std::string& path) = 0;
    virtual void thaw_one(const std::string& path) = 0;
    /// For destructors of who is derived from this.
    void thaw_rest() {
        try {
            thaw();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "freezebench: %s\n", error.what());
        }
    }

private:
    const Paths& paths_;
    std::size_t frozen_ = 0;
};

class Fsfreeze final : public InTurn {
public:
    using InTurn::InTurn;
    ~Fsfreeze() override { thaw_rest(); }

private:
    void freeze_one(const std::string& path) override { run_program("-f", path); }
    void thaw_one(const std::string& path) override { run_program("-u", path); }
};

class Fifreeze final : public InTurn {
public:
    using InTurn::InTurn;
    ~Fifreeze() override { thaw_rest(); }

private:
    void freeze_one(const std::string& path) override {
        auto root = open_file(path, O_RDONLY | O_DIRECTORY);
        if (ioctl(root.get(), FIFREEZE, 0) != 0)
            throw failure("FIFREEZE of " + path);
        roots_.push_back(std::move(root));
    }
    void thaw_one(const std::string& path) override {
        if (ioctl(roots_.back().get(), FITHAW, 0) != 0)
            throw failure("FITHAW of " + path);
        roots_.pop_back();
    }

    std::vector<Descriptor> roots_;
};

/// Closing the device thaws.
class Vmsync final : public Freezer {
public:
    Vmsync(const Paths& paths, milliseconds deadline)
        : deadline_(deadline), device_(open_file(VMSYNC_DEVICE, O_RDWR)) {
        for (const auto& path : paths) {
            records_.emplace_back();
            records_.back().path = reinterpret_cast<std::uintptr_t>(path.c_str());
        }
    }
    void freeze() override {
        vmsync_freeze request = {};
        request.header = {.size = sizeof request, .version = VMSYNC_VERSION};
        request.records = reinterpret_cast<std::uintptr_t>(records_.data());
        request.count = static_cast<__u32>(records_.size());
        request.record_size = sizeof(vmsync_record);
        request.deadline_ms = static_cast<__u32>(deadline_.count());
        if (ioctl(device_.get(), VMSYNC_FREEZE, &request) != 0)
            throw failure("VMSYNC_FREEZE");
        if (request.frozen != records_.size())
            throw std::runtime_error("VMSYNC_FREEZE has left filesystems out");
    }
    void thaw() override {
        if (ask_for_thaw() != 0)
            throw failure("VMSYNC_THAW");
    }
    /// What ended without having been asked to is over when poll() says so.
    void wait_for_deadline() {
        pollfd entry = {.fd = device_.get(), .events = POLLIN, .revents = 0};
        if (poll(&entry, 1, static_cast<int>((deadline_ + late_wait).count())) != 1)
            throw std::runtime_error("the deadline has passed and nothing was thawed");
        if (ask_for_thaw() != ETIMEDOUT)
            throw std::runtime_error("the freeze has ended, but not at its deadline");
    }

private:
    /// 0 or an errno value; returns when the thaw is over, whoever began it.
    int ask_for_thaw() {
        vmsync_thaw request = {};
        request.header = {.size = sizeof request, .version = VMSYNC_VERSION};
        request.wait_ms = static_cast<__u32>(thaw_wait.count());
        const int error = ioctl(device_.get(), VMSYNC_THAW, &request) == 0 ? 0 : errno;
        if (request.left != 0)
            throw std::runtime_error("VMSYNC_THAW has left filesystems frozen");
        errno = error;
        return error;
    }

    milliseconds deadline_;
    Descriptor device_;
    std::vector<vmsync_record> records_;
};

} // namespace

void prepare_fsfreeze() {
    bench::run_line("program=$(command -v fsfreeze) && mkdir -p " + folder +
                    " && cp \"$program\" $(ldd \"$program\" | grep -o '/[^ ]*') " + folder);
}

std::unique_ptr<Freezer> make_undisturbed(const Paths& /*paths*/) {
    return std::make_unique<Undisturbed>();
}

std::unique_ptr<Freezer> make_fsfreeze(const Paths& paths) {
    return std::make_unique<Fsfreeze>(paths);
}

std::unique_ptr<Freezer> make_fifreeze(const Paths& paths) {
    return std::make_unique<Fifreeze>(paths);
}

std::unique_ptr<Freezer> make_ours(const Paths& paths) {
    return std::make_unique<Vmsync>(paths, own_deadline);
}

void freeze_until_deadline(const Paths& paths, milliseconds deadline) {
    Vmsync vmsync(paths, deadline);
    vmsync.freeze();
    vmsync.wait_for_deadline();
}

} // namespace vmguest::freezebench
