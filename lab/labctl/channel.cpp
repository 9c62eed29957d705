// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Opens a virtio-serial port or a unix socket and carries one exchange.
#include "channel.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vmguest::labctl {
namespace {

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0)
            ::close(number_);
    }
    int get() const { return number_; }

private:
    int number_;
};

[[noreturn]] void give_up(const std::string& what) {
    throw Unreachable(what + ": " + std::strerror(errno) +
                      "; labctl works inside a guest that lab/vm started");
}

int open_link(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        give_up("cannot find the host side's port '" + path + "'");
    if (!S_ISSOCK(status.st_mode))
        return ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const int link = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link >= 0 &&
        ::connect(link, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(link);
        return -1;
    }
    return link;
}

void send_all(int link, const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
        const auto step = ::write(link, text.data() + sent, text.size() - sent);
        if (step < 0 && errno != EINTR)
            give_up("cannot send to the host side");
        sent += step > 0 ? static_cast<std::size_t>(step) : 0;
    }
}

std::string receive_line(int link) {
    std::string line;
    char buffer[4096];
    for (;;) {
        const auto step = ::read(link, buffer, sizeof buffer);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0)
            give_up("the host side went away before it answered");
        line.append(buffer, static_cast<std::size_t>(step));
        if (line.back() == '\n') { // one answer is under way, so nothing follows its newline
            line.pop_back();
            return line;
        }
    }
}

} // namespace

std::string exchange(const std::string& path, const std::string& line) {
    // A port can be open only once, and an answer must reach the one who asked.
    const Descriptor turn(::open("/run/labctl.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    if (turn.get() >= 0)
        ::flock(turn.get(), LOCK_EX);
    const Descriptor link(open_link(path));
    if (link.get() < 0)
        give_up("cannot open the host side's port '" + path + "'");
    send_all(link.get(), line + "\n");
    return receive_line(link.get());
}

} // namespace vmguest::labctl
