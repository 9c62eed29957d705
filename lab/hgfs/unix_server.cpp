// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "unix_server.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmguest::hgfs {
namespace {

/// Bytes waiting for a client beyond which nothing more is read from it.
constexpr std::size_t max_unsent = std::size_t{1} << 20;

bool has_room(const Packet& out) {
    return out.size() < max_unsent;
}

std::string because(const std::string& what) {
    return what + ": " + std::strerror(errno);
}

bool set_address(sockaddr_un& address, const std::string& path) {
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return true;
}

/// Remove a socket that nobody listens to any more.
void remove_stale(const sockaddr_un& address) {
    struct stat found {};
    if (lstat(address.sun_path, &found) || !S_ISSOCK(found.st_mode))
        return;
    const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (connect(probe.get(), generic, sizeof address) && errno == ECONNREFUSED)
        unlink(address.sun_path);
}

} // namespace

UnixServer::UnixServer(ShareTable& shares, ServerOptions options)
    : shares_(shares), options_(std::move(options)), swept_(std::chrono::steady_clock::now()) {}

UnixServer::~UnixServer() {
    if (listener_)
        unlink(options_.socket.c_str());
}

std::string UnixServer::listen() {
    sockaddr_un address{};
    if (!set_address(address, options_.socket))
        return "'" + options_.socket + "' is too long for a socket's path, or empty";
    remove_stale(address);
    Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const mode_t old_mask = umask(0177);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int bound = bind(listener.get(), generic, sizeof address);
    umask(old_mask);
    if (bound)
        return because("cannot make the socket '" + options_.socket + "'");
    listener_ = std::move(listener);
    if (::listen(listener_.get(), SOMAXCONN))
        return because("cannot listen to '" + options_.socket + "'");
    return {};
}

/// False if the server is to end.
bool UnixServer::take_signal(int signals) {
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof info) != sizeof info)
        return true;
    if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGUSR2)
        shares_.set_sharing(info.ssi_signo == SIGUSR2);
    return info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT;
}

void UnixServer::accept() {
    Descriptor accepted(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted && clients_.size() < options_.max_clients)
        clients_.emplace_back(std::move(accepted), shares_, options_.channel);
}

void UnixServer::receive(Client& client) {
    std::array<std::byte, 65536> buffer{};
    const ssize_t length = recv(client.socket.get(), buffer.data(), buffer.size(), 0);
    if (length > 0)
        client.in.feed(Bytes(buffer).first(static_cast<std::size_t>(length)));
    else if (length == 0 || (errno != EAGAIN && errno != EINTR))
        client.is_gone = true;
}

/// Serve what has arrived, and send what has happened, as far as there is room for it.
void UnixServer::answer(Client& client) {
    while (has_room(client.out)) {
        const auto request = client.in.next();
        if (!request)
            break;
        // A packet of no bytes stands for no answer, so that who waits for one need not guess.
        const Answer answer = client.connection.process(*request, options_.channel.max_packet);
        append_frame(client.out, answer.packet);
    }
    while (client.connection.push_descriptor() >= 0 && has_room(client.out)) {
        const auto push = client.connection.next_push();
        if (!push)
            break;
        append_frame(client.out, *push);
    }
    client.is_gone = client.is_gone || client.in.is_broken();
}

void UnixServer::send(Client& client) {
    if (client.out.empty())
        return;
    const ssize_t length =
        ::send(client.socket.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (length > 0)
        client.out.erase(client.out.begin(), client.out.begin() + length);
    else if (errno != EAGAIN && errno != EINTR)
        client.is_gone = true;
}

void UnixServer::sweep() {
    const auto now = std::chrono::steady_clock::now();
    if (options_.sweep.count() == 0 || now - swept_ < options_.sweep)
        return;
    swept_ = now;
    for (Client& client : clients_)
        client.connection.sweep();
}

std::string UnixServer::run(int signals) {
    std::vector<pollfd> events;
    for (;;) {
        events.assign({{.fd = signals, .events = POLLIN, .revents = 0},
                       {.fd = listener_.get(), .events = POLLIN, .revents = 0}});
        for (const Client& client : clients_) {
            const bool reads = has_room(client.out);
            const int wanted = (reads ? POLLIN : 0) | (client.out.empty() ? 0 : POLLOUT);
            events.push_back(
                {.fd = client.socket.get(), .events = static_cast<short>(wanted), .revents = 0});
            events.push_back({.fd = reads ? client.connection.push_descriptor() : -1,
                              .events = POLLIN,
                              .revents = 0});
        }
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options_.sweep);
        if (poll(events.data(), events.size(), wait.count() ? static_cast<int>(wait.count()) : -1) <
                0 &&
            errno != EINTR)
            return because("cannot wait for clients");
        if (events[0].revents && !take_signal(signals))
            return {};
        auto event = events.begin() + 2;
        for (Client& client : clients_) {
            if (event->revents & (POLLIN | POLLHUP | POLLERR))
                receive(client);
            event += 2;
            answer(client);
            send(client);
        }
        clients_.remove_if([](const Client& client) { return client.is_gone; });
        if (events[1].revents)
            accept();
        sweep();
    }
}

} // namespace vmguest::hgfs
