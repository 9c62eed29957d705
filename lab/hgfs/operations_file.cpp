// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Open, read, write, close.
#include "operations.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attributes.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

/// How often to look again at a name that others keep making and removing.
constexpr int create_attempts = 8;

constexpr u32 access_bits = 3;

bool is_valid(const OpenRequest& request) {
    return request.mode <= (mode_read_write | mode_sequential) &&
           (request.mode & access_bits) <= mode_read_write && request.flags <= open_create_empty;
}

/// The access mode of open(2): its numbers are those of the wire.
static_assert(O_RDONLY == mode_read && O_WRONLY == mode_write && O_RDWR == mode_read_write);
int access_flags(const OpenRequest& request) {
    return static_cast<int>(request.mode & access_bits);
}

bool may_create(u32 flags) {
    return flags >= open_create;
}

/// On a read-only share, "create if absent" still opens what is there.
Status adapt_to_read_only(OpenRequest& request) {
    if ((request.mode & access_bits) != mode_read)
        return Status::access_denied;
    if (request.flags != open_existing && request.flags != open_create)
        return Status::access_denied;
    return Status::success;
}

Outcome<Descriptor> open_existing_file(const Target& target, int flags) {
    const auto found = find_beneath(target.folder(), target.path);
    if (!found)
        return found.status();
    const auto status = file_status(found->get());
    if (!status)
        return status.status();
    if (S_ISLNK(status->mode))
        return Status::generic_error;
    // Opening a device can do things, and opening a pipe can wait.
    if (!S_ISREG(status->mode) && !S_ISDIR(status->mode))
        return Status::access_denied;
    return reopen(found->get(), flags);
}

Outcome<Descriptor> open_new_file(const Target& target, int flags, mode_t mode) {
    const auto place = find_place(target.folder(), target.path);
    if (!place)
        return place.status();
    if (place->leaf.empty())
        return Status::exists;
    Descriptor created(openat(place->parent.get(), place->leaf.c_str(),
                              flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                              mode));
    if (!created)
        return last_error();
    return created;
}

Outcome<Descriptor> open_target(const Target& target, const OpenRequest& request) {
    const bool empties = request.flags == open_truncate || request.flags == open_create_empty;
    const int flags = access_flags(request);
    const int flags_existing = flags | (empties ? O_TRUNC : 0);
    const mode_t mode = creation_mode(request.permissions, false);
    if (request.flags == open_create_new)
        return open_new_file(target, flags, mode);
    if (!may_create(request.flags))
        return open_existing_file(target, flags_existing);
    for (int i = 0; i < create_attempts; ++i) {
        auto opened = open_existing_file(target, flags_existing);
        if (opened.status() != Status::no_such_file)
            return opened;
        opened = open_new_file(target, flags, mode);
        if (opened.status() != Status::exists)
            return opened;
    }
    return Status::generic_error;
}

Outcome<u32> open_request(Call& call, OpenRequest& request) {
    const bool creating = may_create(request.flags);
    const auto target = locate(call, request.file, creating ? Purpose::create : Purpose::change);
    if (!target)
        return target.status();
    const bool read_only = target->share->policy.read_only;
    if (read_only) {
        if (const Status status = adapt_to_read_only(request); status != Status::success)
            return status;
        request.flags = open_existing;
    }
    if (call.handles.is_full())
        return Status::generic_error;
    auto opened = open_target(*target, request);
    if (!opened)
        return read_only && creating && opened.status() == Status::no_such_file
                   ? Status::access_denied
                   : opened.status();
    const auto status = file_status(opened->get());
    if (!status)
        return status.status();
    return call.handles.add(OpenFile{.session = call.session,
                                     .share = target->share,
                                     .path = target->path,
                                     .flags = access_flags(request),
                                     .sequential = (request.mode & mode_sequential) != 0,
                                     .device = status->device,
                                     .inode = status->inode,
                                     .descriptor = std::move(*opened)});
}

/// Read into `to`, as much as there is.
Outcome<std::size_t> read_at(Call& call, const ReadRequest& request, std::span<std::byte> to) {
    const auto found = call.handles.file(call.session, request.handle);
    if (!found)
        return found.status();
    OpenFile& file = **found;
    const u64 offset = file.sequential ? file.position : request.offset;
    const ssize_t actual =
        pread(file.descriptor.get(), to.data(), to.size(), static_cast<off_t>(offset));
    if (actual < 0)
        return last_error();
    file.position = offset + static_cast<u64>(actual);
    return static_cast<std::size_t>(actual);
}

/// A file opened for appending stays so, also when it is opened again.
Status make_appending(OpenFile& file) {
    file.flags |= O_APPEND;
    if (fcntl(file.descriptor.get(), F_SETFL, O_APPEND | O_NONBLOCK) < 0)
        return last_error();
    return Status::success;
}

Outcome<std::size_t> write_at(Call& call, const WriteRequest& request, Bytes from) {
    const auto found = call.handles.file(call.session, request.handle);
    if (!found)
        return found.status();
    OpenFile& file = **found;
    if (const Status status = check_writable(*file.share); status != Status::success)
        return status;
    if (request.append)
        if (const Status status = make_appending(file); status != Status::success)
            return status;
    const u64 offset = file.sequential ? file.position : request.offset;
    const ssize_t actual =
        pwrite(file.descriptor.get(), from.data(), from.size(), static_cast<off_t>(offset));
    if (actual < 0)
        return last_error();
    file.position = offset + static_cast<u64>(actual);
    return static_cast<std::size_t>(actual);
}

} // namespace

Outcome<Packet> open_file(Call& call) {
    auto request = decode_open(call.op, call.payload);
    if (!request)
        return request.status();
    if (!is_valid(*request))
        return Status::protocol_error;
    const auto handle = open_request(call, *request);
    return handle ? Outcome<Packet>(encode_open(call.op, *handle)) : handle.status();
}

Outcome<Packet> read_file(Call& call) {
    const auto request = decode_read(call.op, call.payload);
    if (!request)
        return request.status();
    const std::size_t overhead = make_read_reply(call.op, 0).size();
    if (overhead > call.room || request->count > call.room - overhead)
        return Status::invalid_name;
    Packet reply = make_read_reply(call.op, request->count);
    const std::span<std::byte> data =
        std::span(reply).subspan(read_data_offset(call.op), request->count);
    const auto actual = read_at(call, *request, data);
    if (!actual)
        return actual.status();
    finish_read_reply(call.op, reply, *actual);
    return reply;
}

Outcome<Packet> read_fast(Call& call) {
    const auto request = decode_read(call.op, call.payload);
    if (!request)
        return request.status();
    if (request->count > call.data.size())
        return Status::invalid_name;
    const auto actual = read_at(call, *request, call.data.first(request->count));
    return actual ? Outcome<Packet>(encode_fast_read(static_cast<u32>(*actual))) : actual.status();
}

Outcome<Packet> write_file(Call& call) {
    auto request = decode_write(call.op, call.payload);
    if (!request)
        return request.status();
    if (call.op == op_write_fast_4) {
        if (request->count > call.data.size())
            return Status::protocol_error;
        request->data = call.data.first(request->count);
    }
    const auto actual = write_at(call, *request, request->data);
    return actual ? Outcome<Packet>(encode_write(call.op, static_cast<u32>(*actual)))
                  : actual.status();
}

Outcome<Packet> close_file(Call& call) {
    const auto handle = decode_handle(call.op, call.payload);
    return done(call, handle ? call.handles.close_file(call.session, *handle) : handle.status());
}

Outcome<Packet> sync_file(Call& call) {
    const auto handle = decode_handle(call.op, call.payload);
    if (!handle)
        return handle.status();
    const auto file = call.handles.file(call.session, *handle);
    if (!file)
        return file.status();
    return done(call, result_of(fsync((*file)->descriptor.get())));
}

} // namespace vmguest::hgfs
