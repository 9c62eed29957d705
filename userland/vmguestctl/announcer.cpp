// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "announcer.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmguest::ctl {
namespace {

/// The same pipe or terminal, opened anew, for O_NONBLOCK belongs to what was opened. Where that is
/// not possible, poll() says that there is room, which holds unless somebody else writes as well.
Descriptor open_anew(int output) {
    const auto path = "/proc/self/fd/" + std::to_string(output);
    const int anew = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return Descriptor(anew >= 0 ? anew : fcntl(output, F_DUPFD_CLOEXEC, 0));
}

} // namespace

Announcer::Announcer(int output, std::string line) : line_(std::move(line)) {
    struct stat status = {};
    if (fstat(output, &status) != 0)
        return;
    is_socket_ = S_ISSOCK(status.st_mode);
    if (is_socket_)
        output_ = Descriptor(fcntl(output, F_DUPFD_CLOEXEC, 0));
    else if (S_ISFIFO(status.st_mode) || isatty(output))
        output_ = open_anew(output);
}

void Announcer::say() noexcept {
    const char* rest = line_.data() + said_;
    const auto left = line_.size() - said_;
    const auto count = is_socket_ ? send(output_.get(), rest, left, MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : write(output_.get(), rest, left);
    if (count >= 0)
        said_ += static_cast<std::size_t>(count);
    const auto may_go_on = count >= 0 || errno == EAGAIN || errno == EINTR;
    is_over_ = !may_go_on || said_ == line_.size();
}

} // namespace vmguest::ctl
