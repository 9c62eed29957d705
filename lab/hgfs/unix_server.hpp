// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Serves HGFS over a unix socket: one Connection for each client of the socket, all in one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>

#include "beneath.hpp"
#include "connection.hpp"
#include "shares.hpp"
#include "stream.hpp"

namespace vmguest::hgfs {

/// How the socket is served.
struct ServerOptions {
    std::string socket; ///< path; made with mode 0600
    Channel channel;    ///< what every client gets
    std::size_t max_clients = 16;
    std::chrono::seconds sweep{0}; ///< time between two sweeps of idle sessions; 0: never
};

class UnixServer {
public:
    /// `shares` must outlive the server.
    UnixServer(ShareTable& shares, ServerOptions options);
    UnixServer(const UnixServer&) = delete;
    UnixServer& operator=(const UnixServer&) = delete;
    ~UnixServer();

    /// Begin to listen, also where a server that is no more has left its socket. Returns an empty
    /// string or a sentence that says why that cannot be.
    std::string listen();

    /// Serve until `signals`, a signalfd, gives SIGTERM or SIGINT. SIGUSR1 switches sharing off,
    /// SIGUSR2 on. Returns an empty string or why it could not go on.
    std::string run(int signals);

private:
    struct Client {
        Client(Descriptor accepted, ShareTable& shares, const Channel& channel)
            : socket(std::move(accepted)), connection(shares, channel), in(channel.max_packet) {}

        Descriptor socket;
        Connection connection;
        FrameReader in;
        Packet out;
        bool is_gone = false;
    };

    bool take_signal(int signals);
    void accept();
    void receive(Client& client);
    void answer(Client& client);
    void send(Client& client);
    void sweep();

    ShareTable& shares_;
    ServerOptions options_;
    Descriptor listener_;
    std::list<Client> clients_;
    std::chrono::steady_clock::time_point swept_;
};

} // namespace vmguest::hgfs
