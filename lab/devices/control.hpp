// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The control socket: a unix stream socket served by QEMU's main loop, one line in, one line out.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "host.hpp"

namespace vmguest::lab {

class ControlServer {
public:
    using Handler = std::function<std::string(std::string_view line)>;

    /// Listen at `path`, replacing what a dead process has left there.
    static Result<std::unique_ptr<ControlServer>> listen(const std::string& path, Host& host,
                                                         Handler handler);
    ~ControlServer();

private:
    class Client;

    ControlServer(std::string path, int descriptor, Host& host, Handler handler);
    void accept();
    void bury();

    std::string path_;
    int descriptor_;
    Host& host_;
    Handler handler_;
    std::unique_ptr<Watch> watch_;
    std::list<Client> clients_;
};

} // namespace vmguest::lab
