// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The table of operations, and how a request's name becomes a file.
#include "operations.hpp"

#include <array>

#include <sys/stat.h>

#include "attributes.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

/// When an operation is there.
enum class Needs { nothing, never, shared_memory, batch, push, extensions };

struct Row {
    u32 op;
    Operation run;
    Needs needs = Needs::nothing;
};

/// For what no POSIX server does: the size is looked at, but nothing else.
Outcome<Packet> unsupported(Call& call) {
    return call.payload.size() < request_size(call.op) ? Status::protocol_error
                                                       : Status::not_supported;
}

Outcome<Packet> set_watch(Call& call) {
    const auto request = decode_set_watch(call.payload);
    if (!request)
        return request.status();
    const auto target = locate(call, request->file, Purpose::look);
    if (!target)
        return target.status();
    if (!target->share)
        return Status::not_supported;
    const auto id = call.notifier.add(call.session, target->share, target->path, request->events,
                                      request->flags);
    return id ? Outcome<Packet>(encode_set_watch(*id)) : id.status();
}

Outcome<Packet> remove_watch(Call& call) {
    const auto id = decode_remove_watch(call.payload);
    return done(call, id ? call.notifier.remove(call.session, *id) : id.status());
}

constexpr std::array rows{
    Row{op_open_1, open_file},
    Row{op_read_1, read_file},
    Row{op_write_1, write_file},
    Row{op_close_1, close_file},
    Row{op_search_open_1, search_open},
    Row{op_search_read_1, search_read},
    Row{op_search_close_1, search_close},
    Row{op_getattr_1, get_attributes},
    Row{op_setattr_1, set_attributes},
    Row{op_create_dir_1, create_directory},
    Row{op_delete_file_1, delete_file},
    Row{op_delete_dir_1, delete_directory},
    Row{op_rename_1, rename_file},
    Row{op_query_volume_1, query_volume},
    Row{op_open_2, open_file},
    Row{op_getattr_2, get_attributes},
    Row{op_setattr_2, set_attributes},
    Row{op_search_read_2, search_read},
    Row{op_create_symlink_2, create_symlink},
    Row{op_lock_change_2, unsupported, Needs::never},
    Row{op_create_dir_2, create_directory},
    Row{op_delete_file_2, delete_file},
    Row{op_delete_dir_2, delete_directory},
    Row{op_rename_2, rename_file},
    Row{op_open_3, open_file},
    Row{op_read_3, read_file},
    Row{op_write_3, write_file},
    Row{op_close_3, close_file},
    Row{op_search_open_3, search_open},
    Row{op_search_read_3, search_read},
    Row{op_search_close_3, search_close},
    Row{op_getattr_3, get_attributes},
    Row{op_setattr_3, set_attributes},
    Row{op_create_dir_3, create_directory},
    Row{op_delete_file_3, delete_file},
    Row{op_delete_dir_3, delete_directory},
    Row{op_rename_3, rename_file},
    Row{op_query_volume_3, query_volume},
    Row{op_create_symlink_3, create_symlink},
    Row{op_lock_change_3, unsupported, Needs::never},
    Row{op_write_stream_3, unsupported, Needs::never},
    Row{op_read_fast_4, read_fast, Needs::shared_memory},
    Row{op_write_fast_4, write_file, Needs::shared_memory},
    Row{op_set_watch_4, set_watch, Needs::push},
    Row{op_remove_watch_4, remove_watch, Needs::push},
    Row{op_search_read_4, search_read_batch, Needs::batch},
    Row{op_link_move_4, rename_file, Needs::extensions},
    Row{op_fsync_4, sync_file, Needs::extensions},
};

bool has(const Channel& channel, Needs needs) {
    switch (needs) {
    case Needs::nothing:
        return true;
    case Needs::shared_memory:
        return channel.shared_memory;
    case Needs::batch:
        return channel.shared_memory || channel.extensions;
    case Needs::push:
        return channel.can_push;
    case Needs::extensions:
        return channel.extensions;
    case Needs::never:
        break;
    }
    return false;
}

const Row* find_row(u32 op) {
    for (const Row& row : rows)
        if (row.op == op)
            return &row;
    return nullptr;
}

/// A deleted folder can still be reached by its descriptor, but it has no name any more.
Status check_folder(const Share& share) {
    struct stat found {};
    if (fstat(share.folder.get(), &found))
        return last_error();
    return found.st_nlink == 0 ? Status::generic_error : Status::success;
}

/// Names asked for without regard to case become those of the host, as far as there are any.
Components spell(const Share& share, Components path) {
    constexpr std::size_t spelling_bytes = std::size_t{16} << 20;
    const int folder = share.folder.get();
    if (path.empty() || find_beneath(folder, path).status() != Status::no_such_file)
        return path;
    if (auto spelled = find_caseless(folder, path, spelling_bytes))
        return std::move(*spelled);
    const std::string leaf = std::move(path.back());
    path.pop_back();
    auto above = find_caseless(folder, path, spelling_bytes);
    Components result = above ? std::move(*above) : std::move(path);
    result.push_back(leaf);
    return result;
}

Outcome<Target> locate_name(Call& call, const FileRef& file, Purpose purpose) {
    auto location = parse_name(file.name);
    if (!location)
        return location.status();
    if (location->share.empty())
        return Target{};
    Target target{.share = call.shares.find(location->share), .path = std::move(location->path)};
    if (!target.share) {
        const bool is_new_share = purpose == Purpose::create && target.path.empty();
        return is_new_share ? Status::access_denied : Status::no_such_file;
    }
    if (const Status status = check_folder(*target.share); status != Status::success)
        return status;
    if (file.case_type == case_insensitive)
        target.path = spell(*target.share, std::move(target.path));
    return target;
}

} // namespace

Operation find_operation(u32 op, const Channel& channel) {
    const Row* row = find_row(op);
    return row && (row->needs == Needs::never || has(channel, row->needs)) ? row->run : nullptr;
}

bool is_supported(u32 op, const Channel& channel) {
    if (op == op_create_session_4 || op == op_destroy_session_4)
        return true;
    const Row* row = find_row(op);
    return row && has(channel, row->needs);
}

Outcome<Target> locate(Call& call, const FileRef& file, Purpose purpose) {
    if (file.handle) {
        const auto open = call.handles.closed_file(call.session, *file.handle);
        if (!open)
            return open.status();
        return Target{.share = (*open)->share, .path = (*open)->path};
    }
    auto target = locate_name(call, file, purpose);
    if (target && !target->share && purpose != Purpose::look)
        return Status::access_denied;
    return target;
}

Status check_writable(const Share& share) {
    return share.policy.read_only ? Status::access_denied : Status::success;
}

Outcome<Packet> done(const Call& call, Status status) {
    if (status != Status::success)
        return status;
    return encode_empty(call.op);
}

Outcome<AttrV2> attributes_at(const Target& target) {
    const auto found = find_beneath(target.folder(), target.path);
    if (!found)
        return found.status();
    auto status = file_status(found->get());
    if (!status)
        return status.status();
    if (status->attr.type != type_symlink)
        add_effective_permissions(status->attr, found->get(), !target.share->policy.read_only);
    return status->attr;
}

} // namespace vmguest::hgfs
