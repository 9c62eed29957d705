// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Making, removing and renaming names.
#include "operations.hpp"

#include <climits>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attributes.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

/// Whether a file can be removed or renamed: the folder of a share cannot.
Status check_removable(const Target& target) {
    return target.path.empty() ? Status::access_denied : check_writable(*target.share);
}

Outcome<Packet> delete_name(Call& call, int flags) {
    const auto file = decode_delete(call.op, call.payload);
    if (!file)
        return file.status();
    const auto target = locate(call, *file, Purpose::change);
    if (!target)
        return target.status();
    if (const Status status = check_removable(*target); status != Status::success)
        return status;
    const auto place = find_place(target->folder(), target->path);
    if (!place)
        return place.status();
    return done(call, result_of(unlinkat(place->parent.get(), place->leaf.c_str(), flags)));
}

Status make_directory(const Target& target, const Permissions& permissions) {
    const auto place = find_place(target.folder(), target.path);
    if (!place)
        return place.status();
    if (place->leaf.empty())
        return Status::exists;
    if (target.share->policy.read_only)
        return find_beneath(target.folder(), target.path) ? Status::exists : Status::access_denied;
    const mode_t mode = creation_mode(permissions, true);
    return result_of(mkdirat(place->parent.get(), place->leaf.c_str(), mode));
}

/// Give a file another name, or one more.
Status move_file(const RenameRequest& request, const Target& from, const Target& to) {
    const auto from_place = find_place(from.folder(), from.path);
    if (!from_place)
        return from_place.status();
    const auto to_place = find_place(to.folder(), to.path);
    if (!to_place)
        return to_place.status();
    const int from_parent = from_place->parent.get();
    const int to_parent = to_place->parent.get();
    const char* from_leaf = from_place->leaf.c_str();
    const char* to_leaf = to_place->leaf.c_str();
    if (request.hard_link)
        return result_of(linkat(from_parent, from_leaf, to_parent, to_leaf, 0));
    return result_of(renameat2(from_parent, from_leaf, to_parent, to_leaf,
                               request.no_replace ? RENAME_NOREPLACE : 0));
}

/// The target of a new link as the host stores it. Errors: invalid_name if that cannot be,
/// name_too_long.
Outcome<std::string> host_target(std::string_view wire_target) {
    const std::string target = swap_link(wire_target);
    if (!is_utf8(target)) // nor, with that, a '/' on the wire, which would be a NUL here
        return Status::invalid_name;
    if (target.size() >= PATH_MAX)
        return Status::name_too_long;
    return target;
}

} // namespace

Outcome<Packet> create_directory(Call& call) {
    const auto request = decode_create_dir(call.op, call.payload);
    if (!request)
        return request.status();
    const auto target = locate(call, request->file, Purpose::create);
    if (!target)
        return target.status();
    return done(call, make_directory(*target, request->permissions));
}

Outcome<Packet> delete_file(Call& call) {
    return delete_name(call, 0);
}

Outcome<Packet> delete_directory(Call& call) {
    return delete_name(call, AT_REMOVEDIR);
}

Outcome<Packet> rename_file(Call& call) {
    const auto request = decode_rename(call.op, call.payload);
    if (!request)
        return request.status();
    const auto from = locate(call, request->from, Purpose::change);
    if (!from)
        return from.status();
    const auto to = locate(call, request->to, Purpose::create);
    if (!to)
        return to.status();
    for (const Target* target : {&*from, &*to})
        if (const Status status = check_removable(*target); status != Status::success)
            return status;
    const Status status = move_file(*request, *from, *to);
    if (status == Status::success && !request->hard_link)
        call.handles.renamed(*from->share, from->path, to->share, to->path);
    return done(call, status);
}

Outcome<Packet> create_symlink(Call& call) {
    const auto request = decode_symlink(call.op, call.payload);
    if (!request)
        return request.status();
    const auto link = locate(call, request->link, Purpose::create);
    if (!link)
        return link.status();
    if (const Status status = check_removable(*link); status != Status::success)
        return status;
    const auto text = host_target(request->target);
    if (!text)
        return text.status();
    const auto place = find_place(link->folder(), link->path);
    if (!place)
        return place.status();
    return done(call,
                result_of(symlinkat(text->c_str(), place->parent.get(), place->leaf.c_str())));
}

} // namespace vmguest::hgfs
