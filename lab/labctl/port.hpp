// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The line to the host: a virtio-serial port or, for tests, a unix socket.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vmguest::labctl {

/// Either the reply line or the sentence that says why there is none.
struct Exchange {
    std::optional<std::string> line;
    std::string failure;
};

/// Where the port is: LABCTL_PORT, else its usual name, else by its name in sysfs. Empty if
/// nowhere.
std::string find_port();

class Port {
public:
    /// Opens and locks; waits for another labctl to finish.
    Port(const std::string& path, std::chrono::seconds patience);
    ~Port();
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    /// Send one line. Later calls of receive() bring what the host answers, line by line.
    bool send(std::string_view line);
    Exchange receive();

    const std::string& failure() const { return failure_; }

private:
    int open_port();
    bool wait(short events);

    std::string path_;
    std::chrono::steady_clock::time_point deadline_;
    int descriptor_ = -1;
    std::string failure_;
    std::string input_;
};

} // namespace vmguest::labctl
