// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "status.hpp"

#include <cerrno>

namespace vmguest::hgfs {

Status from_errno(int error) {
    switch (error) {
    case 0:
        return Status::success;
    case ENOENT:
        return Status::no_such_file;
    case EBADF:
        return Status::invalid_handle;
    case EPERM:
        return Status::not_permitted;
    case EISDIR:
    case EEXIST:
        return Status::exists;
    case ENOTDIR:
        return Status::not_directory;
    case ENOTEMPTY:
        return Status::not_empty;
    case EPROTO:
        return Status::protocol_error;
    case EACCES:
        return Status::access_denied;
    case EINVAL:
        return Status::invalid_name;
    case ENOSPC:
        return Status::no_space;
    case EOPNOTSUPP:
        return Status::not_supported;
    case ENAMETOOLONG:
        return Status::name_too_long;
    case EXDEV:
        return Status::not_same_device;
    case ENETRESET:
        return Status::stale_session;
    case ECONNREFUSED:
        return Status::too_many_sessions;
    default:
        return Status::generic_error;
    }
}

Status last_error() {
    return from_errno(errno);
}

} // namespace vmguest::hgfs
