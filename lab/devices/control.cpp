// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The control socket; see the header. Nothing here ever blocks: the whole machine would stand
// still.
#include "control.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol.hpp"

namespace vmguest::lab {
namespace {

constexpr std::size_t longest_request = 1U << 20;
constexpr std::size_t longest_backlog = 4U << 20;
constexpr std::size_t most_clients = 16;
constexpr std::string_view too_long = "{\"error\":\"the request is longer than 1 MiB\"}\n";

Failure system_failure(const std::string& what, const std::string& path) {
    return Failure{what + " the control socket '" + path + "': " + std::strerror(errno)};
}

} // namespace

/// One connection. It is buried by the server, never by one of its own callbacks.
class ControlServer::Client {
public:
    Client(int descriptor, Host& host, const Handler& handler)
        : descriptor_(descriptor), handler_(handler),
          watch_(host.watch(
              descriptor, [this] { receive(); }, [this] { send(); })) {
        watch_->want_read(true);
    }
    ~Client() {
        watch_.reset();
        close(descriptor_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool is_finished() const { return is_finished_; }

private:
    void receive() {
        char bytes[65536];
        const auto size = recv(descriptor_, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (size <= 0)
            return finish();
        input_.append({bytes, static_cast<std::size_t>(size)});
        while (auto line = input_.next())
            output_ += handler_(*line) + '\n';
        if (input_.is_too_long()) {
            output_ += too_long;
            is_last_ = true;
        }
        // A peer that asks on and on without listening gets no more memory of ours.
        if (output_.size() > longest_backlog)
            return finish();
        send();
    }

    void send() {
        while (!output_.empty()) {
            const auto size =
                ::send(descriptor_, output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (size < 0 && errno == EINTR)
                continue;
            if (size < 0 && errno != EAGAIN)
                return finish();
            if (size < 0)
                break;
            output_.erase(0, static_cast<std::size_t>(size));
        }
        if (output_.empty() && is_last_)
            return finish();
        watch_->want_read(!is_last_);
        watch_->want_write(!output_.empty());
    }

    void finish() {
        is_finished_ = true;
        shutdown(descriptor_,
                 SHUT_RDWR); // now, or a peer that still sends would wait for the burial
        watch_->want_read(false);
        watch_->want_write(false);
    }

    int descriptor_;
    const Handler& handler_;
    LineBuffer input_{longest_request};
    std::string output_;
    bool is_last_ = false;
    bool is_finished_ = false;
    std::unique_ptr<Watch> watch_;
};

Result<std::unique_ptr<ControlServer>> ControlServer::listen(const std::string& path, Host& host,
                                                             Handler handler) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Failure{"the path of the control socket has to have 1 to 107 characters"};
    std::memcpy(address.sun_path, path.data(), path.size());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);

    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return system_failure("cannot make", path);
    if (connect(descriptor, generic, sizeof address) == 0) {
        close(descriptor);
        return Failure{"the control socket '" + path + "' is in use by another machine"};
    }
    struct stat there;
    if (lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode))
        unlink(path.c_str());
    if (bind(descriptor, generic, sizeof address) != 0 || chmod(path.c_str(), 0600) != 0 ||
        ::listen(descriptor, static_cast<int>(most_clients)) != 0) {
        auto failure = system_failure("cannot listen at", path);
        close(descriptor);
        return failure;
    }
    return std::unique_ptr<ControlServer>(
        new ControlServer(path, descriptor, host, std::move(handler)));
}

ControlServer::ControlServer(std::string path, int descriptor, Host& host, Handler handler)
    : path_(std::move(path)), descriptor_(descriptor), host_(host), handler_(std::move(handler)),
      watch_(host.watch(
          descriptor, [this] { accept(); }, [] {})) {
    watch_->want_read(true);
}

ControlServer::~ControlServer() {
    watch_.reset();
    close(descriptor_);
    unlink(path_.c_str());
}

void ControlServer::accept() {
    bury();
    const int descriptor = accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    if (clients_.size() >= most_clients) {
        close(descriptor);
        return;
    }
    clients_.emplace_back(descriptor, host_, handler_);
}

void ControlServer::bury() {
    clients_.remove_if([](const Client& client) { return client.is_finished(); });
}

} // namespace vmguest::lab
