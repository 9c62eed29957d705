// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The line to the host; see the header.
#include "port.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.hpp"

namespace vmguest::labctl {
namespace {

constexpr const char* usual_port = "/dev/virtio-ports/vmguest.labctl";
constexpr const char* port_name = "vmguest.labctl\n";

int connect_socket(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return descriptor;
    const int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

} // namespace

std::string find_port() {
    if (const char* given = std::getenv("LABCTL_PORT"))
        return given;
    if (access(usual_port, F_OK) == 0)
        return usual_port;
    // Without udev only the kernel's own names are there.
    for (const auto& port : directories("/sys/class/virtio-ports"))
        if (read_text(port / "name") == port_name)
            return "/dev/" + port.filename().string();
    return {};
}

int Port::open_port() {
    struct stat there;
    if (stat(path_.c_str(), &there) == 0 && S_ISSOCK(there.st_mode))
        return connect_socket(path_);
    for (;;) {
        // The kernel lets one process at a time open such a port; that is the lock.
        const int descriptor = open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (descriptor >= 0 || errno != EBUSY || std::chrono::steady_clock::now() > deadline_)
            return descriptor;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

Port::Port(const std::string& path, std::chrono::seconds patience)
    : path_(path), deadline_(std::chrono::steady_clock::now() + patience) {
    if (path_.empty()) {
        failure_ = "this machine has no port 'vmguest.labctl': labctl works only in a guest of "
                   "lab/vm";
        return;
    }
    descriptor_ = open_port();
    if (descriptor_ < 0)
        failure_ = "cannot open '" + path_ + "': " + std::strerror(errno);
    else
        flock(descriptor_, LOCK_EX); // for kinds of port that several processes can open
}

Port::~Port() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

bool Port::wait(short events) {
    using namespace std::chrono;
    for (;;) {
        const auto left = duration_cast<milliseconds>(deadline_ - steady_clock::now()).count();
        pollfd entry = {descriptor_, events, 0};
        const int ready = poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0)
            return true;
        if (ready == 0) {
            failure_ = "the host side of the lab has not answered in time";
            return false;
        }
        if (errno != EINTR) {
            failure_ = std::string("cannot wait for the host side: ") + std::strerror(errno);
            return false;
        }
    }
}

bool Port::send(std::string_view line) {
    if (descriptor_ < 0)
        return false;
    std::string bytes(line);
    bytes += '\n';
    for (std::size_t done = 0; done < bytes.size();) {
        if (!wait(POLLOUT))
            return false;
        const auto size = write(descriptor_, bytes.data() + done, bytes.size() - done);
        if (size < 0 && errno != EINTR && errno != EAGAIN) {
            failure_ =
                "cannot send to the host side of the lab: " + std::string(std::strerror(errno));
            return false;
        }
        done += size > 0 ? static_cast<std::size_t>(size) : 0;
    }
    return true;
}

Exchange Port::receive() {
    for (;;) {
        if (const auto end = input_.find('\n'); end != std::string::npos) {
            auto line = input_.substr(0, end);
            input_.erase(0, end + 1);
            return {std::move(line), {}};
        }
        if (!wait(POLLIN))
            return {std::nullopt, failure_};
        char bytes[65536];
        const auto size = read(descriptor_, bytes, sizeof bytes);
        if (size < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (size <= 0)
            return {std::nullopt, "the host side of the lab has gone away"};
        input_.append(bytes, static_cast<std::size_t>(size));
    }
}

} // namespace vmguest::labctl
