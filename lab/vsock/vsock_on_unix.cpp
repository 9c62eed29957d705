// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// AF_VSOCK for a program of the host side, which has none: preloaded, it makes such sockets of unix
// sockets that the model of VMCI carries to the guest. It knows the calls of the kernel's
// vsock_test and stream sockets, and of the latter what a unix socket can do: SO_RCVLOWAT means
// nothing to poll(), sizes of buffers are remembered and no more, the guest's port is not known to
// accept().
//
//   VSOCK_CONTROL  the control socket of the lab's plugin
//   VSOCK_GUEST    the guest's context
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

/// A call fails with this errno.
struct Refusal {
    int error;
};

/// The function of this name that the program would have called without us.
template <typename Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
const auto real_socket = real<decltype(socket)>("socket");
const auto real_bind = real<decltype(bind)>("bind");
const auto real_listen = real<decltype(listen)>("listen");
const auto real_connect = real<decltype(connect)>("connect");
const auto real_accept = real<decltype(accept)>("accept");
const auto real_setsockopt = real<decltype(setsockopt)>("setsockopt");
const auto real_getsockopt = real<decltype(getsockopt)>("getsockopt");
const auto real_close = real<decltype(close)>("close");

int checked(int result) {
    if (result < 0)
        throw Refusal{errno};
    return result;
}

/// A descriptor of ours that the program never sees.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(checked(number)) {}
    ~Descriptor() { real_close(number_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const { return number_; }

private:
    int number_;
};

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw std::runtime_error("'" + path + "' is too long for a unix socket");
    path.copy(address.sun_path, path.size());
    return address;
}

template <typename Call>
int with_address(Call call, int socket, const std::string& path) {
    const auto address = unix_address(path);
    return checked(call(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

const char* setting(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr)
        throw std::runtime_error(std::string(name) + " is not set");
    return value;
}

std::uint32_t guest_context() {
    return static_cast<std::uint32_t>(std::stoul(setting("VSOCK_GUEST")));
}

/// Ask the model's vsock peer; Documentation/devices.md has the words. Signals wait meanwhile: the
/// program's alarm must not cut an answer in two.
json ask(const std::vector<std::string>& words) {
    std::vector<std::string> all = {"vmci", "vsock"};
    all.insert(all.end(), words.begin(), words.end());
    const auto line = "model " + json(all).dump() + "\n";
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    std::string answer;
    try {
        const Descriptor link(real_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        with_address(real_connect, link.number(), setting("VSOCK_CONTROL"));
        if (send(link.number(), line.data(), line.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(line.size()))
            throw std::runtime_error("the lab's plugin takes no request");
        char room[4096];
        while (answer.empty() || answer.back() != '\n') {
            const auto size = recv(link.number(), room, sizeof room, 0);
            if (size <= 0)
                throw std::runtime_error("the lab's plugin does not answer");
            answer.append(room, static_cast<std::size_t>(size));
        }
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return json::parse(answer);
}

/// A socket that the program takes for one of AF_VSOCK.
struct Socket {
    std::uint32_t port = VMADDR_PORT_ANY;
    std::string path; ///< of the unix socket, if it listens
    std::map<int, unsigned long long> sizes = {{SO_VM_SOCKETS_BUFFER_SIZE, 262144},
                                               {SO_VM_SOCKETS_BUFFER_MIN_SIZE, 128},
                                               {SO_VM_SOCKETS_BUFFER_MAX_SIZE, 262144}};
};

class Sockets {
public:
    ~Sockets() { // the program ends, by a failed test it may be: its ports are free again
        for (auto& [number, socket] : all_)
            try {
                end(socket);
            } catch (...) {
                std::fputs("vsock-on-unix: a listener has been left behind\n", stderr);
            }
    }
    Sockets() = default;
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    Socket* find(int number) {
        const auto found = all_.find(number);
        return found == all_.end() ? nullptr : &found->second;
    }
    void add(int number) { all_[number] = {}; }
    bool is_taken(std::uint32_t port) const {
        for (const auto& [number, socket] : all_)
            if (socket.port == port && port != VMADDR_PORT_ANY)
                return true;
        return false;
    }
    void remove(int number) {
        if (auto* socket = find(number); socket != nullptr)
            end(*socket);
        all_.erase(number);
    }
    std::string new_path() {
        char folder[PATH_MAX];
        if (getcwd(folder, sizeof folder) == nullptr)
            throw Refusal{errno};
        return std::string(folder) + "/vsock-on-unix." + std::to_string(getpid()) + "." +
               std::to_string(++made_);
    }

private:
    static void end(Socket& socket) {
        if (socket.path.empty())
            return;
        ask({"unlisten", std::to_string(socket.port)});
        unlink(socket.path.c_str());
        socket.path.clear();
    }

    std::map<int, Socket> all_;
    unsigned made_ = 0;
};

Sockets& sockets() {
    static Sockets all;
    return all;
}

const sockaddr_vm& vsock_address(const sockaddr* address, socklen_t size) {
    if (size < sizeof(sockaddr_vm) || address->sa_family != AF_VSOCK)
        throw Refusal{EINVAL};
    return *reinterpret_cast<const sockaddr_vm*>(address);
}

/// What AF_VSOCK says to a failed connection attempt.
int error_of(const std::string& why) {
    return why.find("refused by the guest") != std::string::npos ? ECONNRESET : ETIMEDOUT;
}

int connect_to_guest(int number, const sockaddr_vm& to) {
    if (to.svm_cid != guest_context())
        throw Refusal{ENODEV};
    const auto path = sockets().new_path();
    const Descriptor listener(real_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    with_address(real_bind, listener.number(), path);
    checked(real_listen(listener.number(), 1));
    std::vector<std::string> words = {"connect", std::to_string(to.svm_port), "unix", path};
    if (const auto from = sockets().find(number)->port; from != VMADDR_PORT_ANY)
        words.push_back(std::to_string(from));
    const auto made = ask(words);
    unlink(path.c_str());
    if (!made.contains("id"))
        throw std::runtime_error(made.dump());
    const auto id = std::to_string(made["id"].get<unsigned>());
    // The model has connected before it answered.
    const Descriptor link(real_accept(listener.number(), nullptr, nullptr));
    json result = ask({"result", id});
    for (; result["state"] == "connecting"; result = ask({"result", id}))
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (result["state"] == "failed")
        throw Refusal{error_of(result["why"])};
    const int flags = checked(fcntl(number, F_GETFL));
    checked(dup2(link.number(), number));
    return checked(fcntl(number, F_SETFL, flags));
}

int listen_to_guest(int number, Socket& socket, int backlog) {
    const auto path = sockets().new_path();
    with_address(real_bind, number, path);
    checked(real_listen(number, backlog));
    const auto answer = ask({"listen", std::to_string(socket.port), "unix", path});
    if (!answer.contains("ok"))
        throw std::runtime_error(answer.dump());
    socket.path = path;
    return 0;
}

int accept_from_guest(int listener, sockaddr* address, socklen_t* size) {
    const int number = checked(real_accept(listener, nullptr, nullptr));
    sockets().add(number);
    if (address != nullptr) {
        sockaddr_vm from = {};
        from.svm_family = AF_VSOCK;
        from.svm_cid = guest_context();
        from.svm_port = VMADDR_PORT_ANY;
        std::memcpy(address, &from, std::min<std::size_t>(*size, sizeof from));
        *size = sizeof from;
    }
    return number;
}

/// Nothing may be thrown into a program in C.
template <typename Act>
int carry_out(Act act) noexcept {
    try {
        return act();
    } catch (const Refusal& refusal) {
        errno = refusal.error;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "vsock-on-unix: %s\n", error.what());
        errno = EIO;
    }
    return -1;
}

} // namespace

// The C library's functions, by their own names.
extern "C" {

int socket(int family, int type, int protocol) noexcept {
    if (family != AF_VSOCK)
        return real_socket(family, type, protocol);
    return carry_out([=] {
        if ((type & 0xf) != SOCK_STREAM)
            throw Refusal{ESOCKTNOSUPPORT};
        const int number = checked(real_socket(AF_UNIX, type, 0));
        sockets().add(number);
        return number;
    });
}

int bind(int number, const sockaddr* address, socklen_t size) noexcept {
    auto* socket = sockets().find(number);
    if (socket == nullptr)
        return real_bind(number, address, size);
    return carry_out([=] {
        const auto& wanted = vsock_address(address, size);
        if (wanted.svm_cid != VMADDR_CID_ANY && wanted.svm_cid != VMADDR_CID_HOST)
            throw Refusal{EADDRNOTAVAIL};
        if (sockets().is_taken(wanted.svm_port))
            throw Refusal{EADDRINUSE};
        socket->port = wanted.svm_port;
        return 0;
    });
}

int listen(int number, int backlog) noexcept {
    auto* socket = sockets().find(number);
    if (socket == nullptr)
        return real_listen(number, backlog);
    return carry_out([=] { return listen_to_guest(number, *socket, backlog); });
}

int connect(int number, const sockaddr* address, socklen_t size) {
    if (sockets().find(number) == nullptr)
        return real_connect(number, address, size);
    return carry_out([=] { return connect_to_guest(number, vsock_address(address, size)); });
}

int accept(int number, sockaddr* address, socklen_t* size) {
    if (sockets().find(number) == nullptr)
        return real_accept(number, address, size);
    return carry_out([=] { return accept_from_guest(number, address, size); });
}

int setsockopt(int number, int level, int name, const void* value, socklen_t size) noexcept {
    auto* socket = sockets().find(number);
    if (socket == nullptr || level != AF_VSOCK)
        return real_setsockopt(number, level, name, value, size);
    return carry_out([=] {
        const auto found = socket->sizes.find(name);
        if (found == socket->sizes.end() || size < sizeof found->second)
            throw Refusal{ENOPROTOOPT};
        std::memcpy(&found->second, value, sizeof found->second);
        return 0;
    });
}

int getsockopt(int number, int level, int name, void* value, socklen_t* size) noexcept {
    auto* socket = sockets().find(number);
    if (socket == nullptr || level != AF_VSOCK)
        return real_getsockopt(number, level, name, value, size);
    return carry_out([=] {
        const auto found = socket->sizes.find(name);
        if (found == socket->sizes.end() || *size < sizeof found->second)
            throw Refusal{ENOPROTOOPT};
        *size = sizeof found->second;
        std::memcpy(value, &found->second, sizeof found->second);
        return 0;
    });
}

int close(int number) {
    if (sockets().find(number) == nullptr)
        return real_close(number);
    return carry_out([=] {
        sockets().remove(number); // first: the guest must not find a port whose socket has gone
        return real_close(number);
    });
}

} // extern "C"
