// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "notify.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attributes.hpp"
#include "codec.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

/// What an inotify event is called on the wire.
struct Meaning {
    std::uint32_t inotify;
    u64 file;
    u64 directory;
};

constexpr std::array<Meaning, 11> meanings{{
    {IN_ACCESS, event_access, event_access},
    {IN_ATTRIB, event_attrib | event_changed, event_attrib | event_changed},
    {IN_MODIFY, event_modify | event_size | event_written, event_modify},
    {IN_OPEN, event_open, event_open},
    {IN_CLOSE_WRITE, event_close_write, event_close_write},
    {IN_CLOSE_NOWRITE, event_close, event_close},
    {IN_CREATE, event_create_file, event_create_dir},
    {IN_DELETE, event_delete_file, event_delete_dir},
    {IN_MOVED_FROM, event_old_file, event_old_dir},
    {IN_MOVED_TO, event_new_file, event_new_dir},
    {IN_DELETE_SELF, event_delete_self, event_delete_self},
}};

/// Every descriptor asks for the same, since watches share descriptors.
constexpr std::uint32_t asked_for = IN_ALL_EVENTS | IN_EXCL_UNLINK;

u64 to_events(std::uint32_t mask) {
    u64 events = mask & IN_MOVE_SELF ? u64{event_move_self} : 0;
    for (const Meaning& meaning : meanings)
        if (mask & meaning.inotify)
            events |= mask & IN_ISDIR ? meaning.directory : meaning.file;
    return events;
}

Components joined(Components path, std::string_view name) {
    path.emplace_back(name);
    return path;
}

/// The directories in a directory, links to directories excepted. What names take is taken from
/// `bytes_left`.
Outcome<std::vector<Components>> directories_in(int folder, const Components& path, int found,
                                                std::size_t& bytes_left) {
    const auto names = list_directory(found, bytes_left);
    if (!names)
        return names.status();
    bytes_left -= std::min(bytes_left, names_bytes(*names));
    std::vector<Components> directories;
    for (const std::string& name : *names) {
        if (name == "." || name == "..")
            continue;
        const Components below = joined(path, name);
        const auto entry = find_beneath(folder, below);
        const auto status = entry ? file_status(entry->get()) : entry.status();
        if (status && S_ISDIR(status->mode))
            directories.push_back(below);
    }
    return directories;
}

/// Names that are read to find the directories of one tree.
constexpr std::size_t listing_bytes = std::size_t{16} << 20;

} // namespace

Outcome<u64> Notifier::add(u64 session, const std::shared_ptr<Share>& share, const Components& path,
                           u64 events, u32 flags) {
    if (watches_.size() >= limits_.watches)
        return Status::generic_error;
    if (!inotify_)
        inotify_ = Descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_)
        return last_error();
    const u64 id = ++counter_;
    const Watch& watch = watches_[id] = {.session = session,
                                         .share = share,
                                         .path = path,
                                         .events = events,
                                         .tree = (flags & watch_tree) != 0,
                                         .one_shot = (flags & watch_one_shot) != 0};
    const Status status = watch_directories(id, watch, path);
    if (status != Status::success) {
        forget(id, false);
        return status;
    }
    return id;
}

/// Watch `top`, and for a tree what is below it.
Status Notifier::watch_directories(u64 id, const Watch& watch, const Components& top) {
    std::size_t bytes_left = listing_bytes;
    std::vector<Components> todo{top};
    while (!todo.empty()) {
        const Components path = std::move(todo.back());
        todo.pop_back();
        const auto found = find_beneath(watch.share->folder.get(), path);
        const auto status = found ? file_status(found->get()) : found.status();
        if (!status) {
            if (path == top)
                return status.status();
            continue; // it went away in the meantime
        }
        if (const Status watched = watch_one(id, *found, path); watched != Status::success)
            return watched;
        if (!watch.tree || !S_ISDIR(status->mode))
            continue;
        auto below = directories_in(watch.share->folder.get(), path, found->get(), bytes_left);
        if (!below)
            return below.status();
        std::move(below->begin(), below->end(), std::back_inserter(todo));
    }
    return Status::success;
}

Status Notifier::watch_one(u64 id, const Descriptor& found, const Components& path) {
    if (link_count_ >= limits_.directories)
        return Status::generic_error;
    const int descriptor =
        inotify_add_watch(inotify_.get(), descriptor_path(found.get()).c_str(), asked_for);
    if (descriptor < 0)
        return last_error();
    std::vector<Link>& links = links_[descriptor];
    const bool is_there = std::any_of(links.begin(), links.end(), [&](const Link& link) {
        return link.watch == id && link.path == path;
    });
    if (is_there)
        return Status::success;
    links.push_back({.watch = id, .path = path});
    ++link_count_;
    return Status::success;
}

/// A watch loses its interest in `below` and everything under it.
void Notifier::unlink(u64 id, const Components& below) {
    for (auto& [descriptor, links] : links_) {
        link_count_ -= std::erase_if(links, [&](const Link& link) {
            return link.watch == id && begins_with(link.path, below);
        });
        if (links.empty())
            inotify_rm_watch(inotify_.get(), descriptor);
    }
    std::erase_if(links_, [](const auto& item) { return item.second.empty(); });
}

void Notifier::forget(u64 id, bool tell) {
    const auto found = watches_.find(id);
    if (found == watches_.end())
        return;
    if (tell)
        push(id, found->second, notify_watch_removed, 0, found->second.path);
    unlink(id, found->second.path);
    watches_.erase(found);
    overflowed_.erase(id);
}

Status Notifier::remove(u64 session, u64 id) {
    const auto found = watches_.find(id);
    if (found == watches_.end() || found->second.session != session)
        return Status::invalid_parameter;
    forget(id, false);
    return Status::success;
}

void Notifier::end_session(u64 session) {
    std::vector<u64> ended;
    for (const auto& [id, watch] : watches_)
        if (watch.session == session)
            ended.push_back(id);
    for (const u64 id : ended)
        forget(id, false);
}

void Notifier::drop_dead() {
    std::vector<u64> dead;
    for (const auto& [id, watch] : watches_)
        if (!watch.share->alive)
            dead.push_back(id);
    for (const u64 id : dead)
        forget(id, true);
}

std::optional<Packet> Notifier::next() {
    if (packets_.empty())
        collect();
    if (packets_.empty() && !overflowed_.empty()) {
        const u64 id = *overflowed_.begin();
        overflowed_.erase(overflowed_.begin());
        const Watch& watch = watches_.at(id);
        push(id, watch, notify_overflow, 0, watch.path);
    }
    if (packets_.empty())
        return std::nullopt;
    Packet packet = std::move(packets_.front());
    packets_.pop_front();
    return packet;
}

/// Read what inotify has, one buffer of it at most.
void Notifier::collect() {
    alignas(inotify_event) std::array<char, 16384> buffer{};
    if (!inotify_)
        return;
    const ssize_t length = read(inotify_.get(), buffer.data(), buffer.size());
    std::size_t left = length > 0 ? static_cast<std::size_t>(length) : 0;
    for (const char* at = buffer.data(); left >= sizeof(inotify_event);) {
        inotify_event head{};
        std::memcpy(&head, at, sizeof head);
        const char* name = at + sizeof head;
        take({.descriptor = head.wd,
              .mask = head.mask,
              .name = head.len ? std::string_view(name) : std::string_view()});
        at += sizeof head + head.len;
        left -= sizeof head + head.len;
    }
}

void Notifier::take(const Event& event) {
    if (event.mask & IN_Q_OVERFLOW) {
        for (const auto& [id, watch] : watches_)
            overflowed_.insert(id);
        return;
    }
    if (event.mask & IN_IGNORED)
        return removed_by_kernel(event.descriptor);
    const auto found = links_.find(event.descriptor);
    if (found == links_.end())
        return;
    const std::vector<Link> links = found->second; // reports may change it
    for (const Link& link : links)
        report(link, event);
}

void Notifier::report(const Link& link, const Event& event) {
    const auto found = watches_.find(link.watch);
    if (found == watches_.end() || !is_utf8(event.name))
        return;
    const Watch& watch = found->second;
    // What happens to a directory itself, its parent in the tree tells by name.
    if (event.name.empty() && link.path != watch.path)
        return;
    const Components path = event.name.empty() ? link.path : joined(link.path, event.name);
    if (watch.tree && (event.mask & IN_ISDIR) && !event.name.empty())
        follow_tree(link.watch, event, path);
    const u64 events = to_events(event.mask) & watch.events;
    if (!events)
        return;
    push(link.watch, watch, watch.one_shot ? u32{notify_watch_removed} : 0, events, path);
    if (watch.one_shot)
        forget(link.watch, false);
}

/// A directory has come into the tree, or left it.
void Notifier::follow_tree(u64 id, const Event& event, const Components& path) {
    if (event.mask & (IN_MOVED_FROM | IN_DELETE))
        unlink(id, path);
    if ((event.mask & (IN_CREATE | IN_MOVED_TO)) &&
        watch_directories(id, watches_.at(id), path) == Status::generic_error)
        overflowed_.insert(id);
}

/// The kernel ended a descriptor because its inode is gone.
void Notifier::removed_by_kernel(int descriptor) {
    const auto found = links_.find(descriptor);
    if (found == links_.end())
        return;
    const std::vector<Link> links = std::move(found->second);
    link_count_ -= links.size();
    links_.erase(found);
    for (const Link& link : links) {
        const auto watch = watches_.find(link.watch);
        if (watch != watches_.end() && watch->second.path == link.path)
            forget(link.watch, true);
    }
}

void Notifier::push(u64 id, const Watch& watch, u32 flags, u64 events, const Components& path) {
    if (packets_.size() >= limits_.packets) {
        overflowed_.insert(id);
        return;
    }
    const std::string name = wire_name({.share = watch.share->name, .path = path});
    packets_.push_back(frame_push(op_notify_4, watch.session,
                                  encode_notify(id, flags, events, events ? name : "")));
}

} // namespace vmguest::hgfs
