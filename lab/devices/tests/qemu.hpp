// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// One QEMU with the plugin, for a test: started, asked over its sockets, and ended.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/types.h>

namespace vmguest::lab {

/// A stream socket with lines on it. Everything that goes wrong throws std::runtime_error.
class Link {
public:
    /// Waits until somebody listens there.
    explicit Link(const std::string& path);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void send(std::string_view bytes);
    std::string receive_line();
    /// Send a line, receive one.
    std::string ask(const std::string& line);
    /// Bytes can no longer be received: the peer has closed.
    bool is_closed();

private:
    int descriptor_;
    std::string input_;
};

class Qemu {
public:
    /// `plugin_options` begins with a comma or is empty; "%" in an argument becomes the directory.
    Qemu(const std::string& plugin_options, const std::vector<std::string>& arguments);
    ~Qemu();
    Qemu(const Qemu&) = delete;
    Qemu& operator=(const Qemu&) = delete;

    /// Wait for the end of the process; its exit status, or -signal.
    int wait();
    /// What it wrote on stderr up to now.
    std::string errors() const;

    std::unique_ptr<Link> connect() const;
    /// A verb of the control socket.
    nlohmann::json control(const std::string& line);
    nlohmann::json monitor(const std::string& command, const nlohmann::json& arguments = {});
    /// Write the machine's state to a file.
    void save(const std::string& file);
    /// One that was started with "-incoming" has its state from now on.
    void wait_for_state();
    /// A command of QEMU's test protocol; gives what follows "OK".
    std::string test(const std::string& command);

    void out(unsigned port, std::uint32_t value);
    std::uint32_t in(unsigned port);
    void write(std::uint64_t address, std::uint32_t value);
    std::uint32_t read(std::uint64_t address);
    std::uint32_t read_config(unsigned slot, unsigned offset);
    void write_config(unsigned slot, unsigned offset, std::uint32_t value);

private:
    std::filesystem::path directory_;
    pid_t process_ = -1;
    std::unique_ptr<Link> control_, monitor_, test_;
};

} // namespace vmguest::lab
