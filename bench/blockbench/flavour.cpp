// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "flavour.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <vmguest/vmblock.h>

#include "system.hpp"
#include "world.hpp"

namespace vmguest::blockbench {
namespace {

using bench::Descriptor, bench::failure, bench::open_file;

constexpr const char* links = "/links";
constexpr const char* control_node = "/proc/fs/vmblock/dev";
constexpr std::chrono::seconds patience{20};
constexpr std::chrono::milliseconds poll_time{20};

std::string staged(const std::string& name) {
    return std::string(staging) + '/' + name;
}

void put_file(const std::string& name) {
    open_file(staged(name), O_WRONLY | O_CREAT);
}

/// A directory on tmpfs, filled with links by hand.
class Plain : public Flavour {
public:
    Plain() { std::filesystem::create_directories(in_world(links)); }
    std::string driver() const override { return {}; }
    std::string directory() const override { return links; }
    void add(const std::string& name) override {
        put_file(name);
        block(name);
    }
    void block(const std::string& name) override {
        if (symlink(staged(name).c_str(), (std::string(links) + '/' + name).c_str()) != 0)
            throw failure("a link for " + name);
    }
};

class Module : public Flavour {
public:
    Module() {
        bench::modprobe("vmblock");
        control_ = open_file(control_node, O_WRONLY);
        const auto where = in_world(links);
        std::filesystem::create_directories(where);
        if (mount("none", where.c_str(), "vmblock", 0, nullptr) != 0)
            throw failure("mounting vmblock");
    }
    std::string driver() const override { return "vmblock"; }
    std::string directory() const override { return links; }
    void add(const std::string& name) override { put_file(name); }
    void block(const std::string& name) override {
        const auto path = staged(name);
        vmblock_request request = {};
        request.header = {.size = sizeof request, .version = VMBLOCK_VERSION};
        request.path = reinterpret_cast<std::uintptr_t>(path.c_str());
        request.path_length = static_cast<__u32>(path.size());
        if (ioctl(control_.get(), VMBLOCK_IOC_ADD, &request) != 0)
            throw failure("blocking " + name);
    }

private:
    Descriptor control_;
};

/// Debian's vmware-vmblock-fuse, started as its mount unit does.
class Fuse : public Flavour {
public:
    Fuse() {
        const auto where = in_world(links);
        std::filesystem::create_directories(where);
        bench::run_line("modprobe -q fuse || grep -qw fuse /proc/filesystems");
        bench::run_line("vmware-vmblock-fuse -o "
                        "subtype=vmware-vmblock,default_permissions,allow_other " +
                        where);
        await(where + "/dev");
        control_ = open_file(where + "/dev", O_RDWR);
    }
    std::string driver() const override { return "fuse"; }
    std::string directory() const override { return std::string(links) + "/blockdir"; }
    void add(const std::string& name) override { put_file(name); }
    void block(const std::string& name) override {
        const auto text = 'a' + staged(name);
        if (pwrite(control_.get(), text.data(), text.size(), 0) !=
            static_cast<ssize_t>(text.size()))
            throw failure("blocking " + name);
    }

private:
    /// It goes to the background before it serves.
    static void await(const std::string& path) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (access(path.c_str(), F_OK) != 0) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("vmware-vmblock-fuse has started, but there is no " +
                                         path);
            std::this_thread::sleep_for(poll_time);
        }
    }

    Descriptor control_;
};

} // namespace

std::unique_ptr<Flavour> make_flavour(const std::string& name) {
    if (name == "module")
        return std::make_unique<Module>();
    if (name == "fuse")
        return std::make_unique<Fuse>();
    return std::make_unique<Plain>();
}

} // namespace vmguest::blockbench
