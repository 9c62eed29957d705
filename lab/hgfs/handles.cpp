// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "handles.hpp"

#include <algorithm>
#include <utility>

#include "attributes.hpp"

namespace vmguest::hgfs {
namespace {

/// Open a file again by its path; it has to be the one it was.
Status open_again(OpenFile& file) {
    const auto found = find_beneath(file.share->folder.get(), file.path);
    if (!found)
        return found.status();
    const auto status = file_status(found->get());
    if (!status)
        return status.status();
    if (status->device != file.device || status->inode != file.inode)
        return Status::no_such_file;
    auto opened = reopen(found->get(), file.flags);
    if (!opened)
        return opened.status();
    file.descriptor = std::move(*opened);
    return Status::success;
}

} // namespace

std::uint32_t HandleTable::next_handle() {
    while (counter_ == wire::invalid_handle || files_.count(counter_) || searches_.count(counter_))
        ++counter_;
    return counter_++;
}

std::size_t HandleTable::open_descriptors() const {
    const auto is_open = [](const auto& item) { return bool(item.second.descriptor); };
    return static_cast<std::size_t>(std::count_if(files_.begin(), files_.end(), is_open));
}

/// Close the descriptor that has not been used for longest if there are too many.
void HandleTable::make_room() {
    while (open_descriptors() >= limits_.descriptors) {
        OpenFile* oldest = nullptr;
        for (auto& [handle, file] : files_)
            if (file.descriptor && (!oldest || file.last_use < oldest->last_use))
                oldest = &file;
        if (!oldest)
            return;
        oldest->descriptor = Descriptor();
    }
}

Outcome<std::uint32_t> HandleTable::add(OpenFile file) {
    if (files_.size() >= limits_.files)
        return Status::generic_error;
    make_room();
    file.last_use = ++uses_;
    const std::uint32_t handle = next_handle();
    files_.emplace(handle, std::move(file));
    return handle;
}

Outcome<std::uint32_t> HandleTable::add(Search search) {
    const std::size_t bytes = names_bytes(search.names);
    if (bytes > limits_.search_bytes)
        return Status::generic_error;
    while (searches_.size() >= limits_.searches || bytes > limits_.search_bytes - search_bytes_)
        end_oldest_search();
    search_bytes_ += bytes;
    search.last_use = ++uses_;
    const std::uint32_t handle = next_handle();
    searches_.emplace(handle, std::move(search));
    return handle;
}

void HandleTable::end_oldest_search() {
    const auto oldest =
        std::min_element(searches_.begin(), searches_.end(), [](const auto& a, const auto& b) {
            return a.second.last_use < b.second.last_use;
        });
    search_bytes_ -= names_bytes(oldest->second.names);
    searches_.erase(oldest);
}

Outcome<OpenFile*> HandleTable::closed_file(std::uint64_t session, std::uint32_t handle) {
    const auto found = files_.find(handle);
    if (found == files_.end() || found->second.session != session)
        return Status::invalid_handle;
    return &found->second;
}

Outcome<OpenFile*> HandleTable::file(std::uint64_t session, std::uint32_t handle) {
    const auto found = closed_file(session, handle);
    if (!found)
        return found;
    OpenFile& file = **found;
    file.last_use = ++uses_;
    if (file.descriptor)
        return &file;
    make_room();
    const Status status = open_again(file);
    return status == Status::success ? Outcome<OpenFile*>(&file) : status;
}

Outcome<Search*> HandleTable::search(std::uint64_t session, std::uint32_t handle) {
    const auto found = searches_.find(handle);
    if (found == searches_.end() || found->second.session != session)
        return Status::invalid_handle;
    found->second.last_use = ++uses_;
    return &found->second;
}

Status HandleTable::close_file(std::uint64_t session, std::uint32_t handle) {
    const auto found = closed_file(session, handle);
    if (found)
        files_.erase(handle);
    return found.status();
}

Status HandleTable::close_search(std::uint64_t session, std::uint32_t handle) {
    const auto found = search(session, handle);
    if (found) {
        search_bytes_ -= names_bytes((*found)->names);
        searches_.erase(handle);
    }
    return found.status();
}

void HandleTable::renamed(const Share& from_share, const Components& from,
                          const std::shared_ptr<Share>& to_share, const Components& to) {
    const auto move = [&](auto& item) {
        if (item.share.get() != &from_share || !begins_with(item.path, from))
            return;
        Components path = to;
        path.insert(path.end(), item.path.begin() + static_cast<std::ptrdiff_t>(from.size()),
                    item.path.end());
        item.share = to_share;
        item.path = std::move(path);
    };
    for (auto& [handle, file] : files_)
        move(file);
    for (auto& [handle, search] : searches_)
        move(search);
}

template <class Dead>
void HandleTable::drop_searches(Dead dead) {
    std::erase_if(searches_, [&](const auto& item) {
        if (!dead(item.second))
            return false;
        search_bytes_ -= names_bytes(item.second.names);
        return true;
    });
}

void HandleTable::end_session(std::uint64_t session) {
    std::erase_if(files_, [&](const auto& item) { return item.second.session == session; });
    drop_searches([&](const Search& search) { return search.session == session; });
}

void HandleTable::drop_dead() {
    std::erase_if(files_, [](const auto& item) { return !item.second.share->alive; });
    drop_searches([](const Search& search) { return search.share && !search.share->alive; });
}

} // namespace vmguest::hgfs
