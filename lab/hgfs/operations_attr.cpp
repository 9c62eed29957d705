// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Attributes of files, and the room on their file systems.
#include "operations.hpp"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "attributes.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

constexpr unsigned set_id_bits = 6; ///< of the special octet

/// The first of several failures counts.
class FirstFailure {
public:
    void add(Status status) {
        if (first_ == Status::success)
            first_ = status;
    }
    Status get() const { return first_; }

private:
    Status first_ = Status::success;
};

/// A file whose attributes are changed, by a path that means this file and no other.
struct Subject {
    std::string path;
    FileStatus now;
    SharePolicy policy;
};

Status set_owner(const Subject& subject, const AttrV2& wanted) {
    const u64 mask = wanted.mask & (attr_user_id | attr_group_id);
    const u32 user = mask & attr_user_id ? wanted.user : subject.now.attr.user;
    const u32 group = mask & attr_group_id ? wanted.group : subject.now.attr.group;
    if (user == subject.now.attr.user && group == subject.now.attr.group)
        return Status::success;
    if (!subject.policy.set_owner)
        return Status::not_permitted;
    return result_of(chown(subject.path.c_str(), user, group));
}

/// The mode with one of its octets replaced if the mask has the octet's bit.
unsigned with_octet(unsigned mode, const AttrV2& wanted, u64 bit, u8 octet, unsigned shift) {
    if (!(wanted.mask & bit))
        return mode;
    return (mode & ~(7U << shift)) | (octet & 7U) << shift;
}

Status set_permissions(const Subject& subject, const AttrV2& wanted) {
    const unsigned now = subject.now.mode & 07777U;
    unsigned mode = with_octet(now, wanted, attr_special, wanted.special_permissions, 9);
    mode = with_octet(mode, wanted, attr_owner, wanted.owner_permissions, 6);
    mode = with_octet(mode, wanted, attr_group, wanted.group_permissions, 3);
    mode = with_octet(mode, wanted, attr_other, wanted.other_permissions, 0);
    const unsigned added = mode & ~now;
    if ((added & set_id_bits << 9) && !subject.policy.set_id_bits)
        return Status::not_permitted;
    return result_of(chmod(subject.path.c_str(), mode));
}

Status set_size(const Subject& subject, u64 size) {
    return result_of(truncate(subject.path.c_str(), static_cast<off_t>(size)));
}

/// The time to set: none, the one given, or the host's.
timespec time_to_set(const AttrV2& wanted, u64 bit, bool is_given, u64 time) {
    if (!(wanted.mask & bit))
        return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
    return is_given ? from_filetime(time) : timespec{.tv_sec = 0, .tv_nsec = UTIME_NOW};
}

Status set_times(const Subject& subject, const SetattrRequest& request) {
    const AttrV2& wanted = request.attr;
    const std::array<timespec, 2> times{
        time_to_set(wanted, attr_accessed, request.accessed_given, wanted.accessed),
        time_to_set(wanted, attr_written, request.written_given, wanted.written)};
    return result_of(utimensat(AT_FDCWD, subject.path.c_str(), times.data(), 0));
}

/// Everything that is asked for is tried.
Status apply(const Subject& subject, const SetattrRequest& request) {
    const u64 mask = request.attr.mask;
    FirstFailure failure;
    if (mask & (attr_user_id | attr_group_id))
        failure.add(set_owner(subject, request.attr));
    if (mask & (attr_special | attr_owner | attr_group | attr_other))
        failure.add(set_permissions(subject, request.attr));
    if (mask & attr_size)
        failure.add(set_size(subject, request.attr.size));
    if (mask & (attr_accessed | attr_written))
        failure.add(set_times(subject, request));
    return failure.get();
}

Status apply_to(const Share& share, int descriptor, const SetattrRequest& request) {
    if (const Status status = check_writable(share); status != Status::success)
        return status;
    const auto now = file_status(descriptor);
    if (!now)
        return now.status();
    if (S_ISLNK(now->mode))
        return Status::invalid_name;
    return apply({.path = descriptor_path(descriptor), .now = *now, .policy = share.policy},
                 request);
}

Outcome<Packet> attributes_by_handle(Call& call, u32 handle) {
    const auto file = call.handles.file(call.session, handle);
    if (!file)
        return file.status();
    const auto status = file_status((*file)->descriptor.get());
    return status ? Outcome<Packet>(encode_getattr(call.op, status->attr, {})) : status.status();
}

Outcome<Packet> attributes_by_name(const Call& call, const Target& target) {
    const auto attr = attributes_at(target);
    if (!attr)
        return attr.status();
    if (attr->type != type_symlink)
        return encode_getattr(call.op, *attr, {});
    const auto found = find_beneath(target.folder(), target.path);
    const auto text = found ? link_target(found->get()) : found.status();
    return text ? Outcome<Packet>(encode_getattr(call.op, *attr, *text)) : text.status();
}

/// Bytes free, and in all.
struct Volume {
    u64 free = 0;
    u64 total = 0;
};

Outcome<Volume> volume_of(const Target& target) {
    const auto found = find_beneath(target.folder(), target.path);
    if (!found)
        return found.status();
    struct statvfs volume {};
    if (fstatvfs(found->get(), &volume))
        return last_error();
    return Volume{.free = u64{volume.f_bavail} * volume.f_frsize,
                  .total = u64{volume.f_blocks} * volume.f_frsize};
}

/// For the list of shares: the share with the least free room.
Outcome<Volume> smallest_volume(const ShareTable& shares) {
    Outcome<Volume> least = Status::generic_error;
    for (const auto& share : shares.all()) {
        const auto volume = volume_of({.share = share, .path = {}});
        if (volume && (!least || volume->free < least->free))
            least = volume;
    }
    return least;
}

} // namespace

Outcome<Packet> get_attributes(Call& call) {
    const auto file = decode_getattr(call.op, call.payload);
    if (!file)
        return file.status();
    if (file->handle)
        return attributes_by_handle(call, *file->handle);
    const auto target = locate(call, *file, Purpose::look);
    if (!target)
        return target.status();
    if (!target->share)
        return encode_getattr(call.op, base_attributes(), {});
    return attributes_by_name(call, *target);
}

Outcome<Packet> set_attributes(Call& call) {
    const auto request = decode_setattr(call.op, call.payload);
    if (!request)
        return request.status();
    if (request->file.handle) {
        const auto file = call.handles.file(call.session, *request->file.handle);
        if (!file)
            return file.status();
        return done(call, apply_to(*(*file)->share, (*file)->descriptor.get(), *request));
    }
    const auto target = locate(call, request->file, Purpose::change);
    if (!target)
        return target.status();
    const auto found = find_beneath(target->folder(), target->path);
    return done(call, found ? apply_to(*target->share, found->get(), *request) : found.status());
}

Outcome<Packet> query_volume(Call& call) {
    const auto file = decode_name(call.op, call.payload);
    if (!file)
        return file.status();
    const auto target = locate(call, *file, Purpose::look);
    if (!target)
        return target.status();
    const auto volume = target->share ? volume_of(*target) : smallest_volume(call.shares);
    return volume ? Outcome<Packet>(encode_volume(call.op, volume->free, volume->total))
                  : volume.status();
}

} // namespace vmguest::hgfs
