// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// The names, and which opcodes have which.
#include "request_names.hpp"

#include <array>

#include "wire.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

constexpr std::string_view unknown = "unknown";

constexpr auto names = [] {
    std::array<std::string_view, op_count> all;
    all.fill(unknown);
    all[op_open_1] = all[op_open_2] = all[op_open_3] = "open";
    all[op_read_1] = all[op_read_3] = all[op_read_fast_4] = "read";
    all[op_write_1] = all[op_write_3] = all[op_write_fast_4] = "write";
    all[op_close_1] = all[op_close_3] = "close";
    all[op_search_open_1] = all[op_search_open_3] = "search_open";
    all[op_search_read_1] = all[op_search_read_2] = "search_read";
    all[op_search_read_3] = all[op_search_read_4] = "search_read";
    all[op_search_close_1] = all[op_search_close_3] = "search_close";
    all[op_getattr_1] = all[op_getattr_2] = all[op_getattr_3] = "getattr";
    all[op_setattr_1] = all[op_setattr_2] = all[op_setattr_3] = "setattr";
    all[op_create_dir_1] = all[op_create_dir_2] = all[op_create_dir_3] = "create_dir";
    all[op_delete_file_1] = all[op_delete_file_2] = all[op_delete_file_3] = "delete_file";
    all[op_delete_dir_1] = all[op_delete_dir_2] = all[op_delete_dir_3] = "delete_dir";
    all[op_rename_1] = all[op_rename_2] = all[op_rename_3] = "rename";
    all[op_query_volume_1] = all[op_query_volume_3] = "query_volume";
    all[op_create_symlink_2] = all[op_create_symlink_3] = "create_symlink";
    all[op_lock_change_2] = all[op_lock_change_3] = "lock_change";
    all[op_write_stream_3] = "write_stream";
    all[op_create_session_4] = "create_session";
    all[op_destroy_session_4] = "destroy_session";
    all[op_set_watch_4] = "set_watch";
    all[op_remove_watch_4] = "remove_watch";
    all[op_notify_4] = "notify";
    all[op_link_move_4] = "link_move";
    all[op_fsync_4] = "fsync";
    return all;
}();

} // namespace

std::span<const std::string_view> request_names() {
    return names;
}

std::string_view request_name(std::uint32_t op) {
    return op < names.size() ? names.at(op) : unknown;
}

} // namespace vmguest::hgfs
