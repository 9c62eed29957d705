// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Change notification: watches of one connection on top of inotify, and the packets that come of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "beneath.hpp"
#include "shares.hpp"
#include "status.hpp"
#include "wire.hpp"

namespace vmguest::hgfs {

/// What one connection may have at a time.
struct NotifyLimits {
    std::size_t watches = 64;
    std::size_t directories = 1024; ///< below all watches together
    std::size_t packets = 256;      ///< waiting to be sent; what is more becomes an overflow
};

class Notifier {
public:
    explicit Notifier(const NotifyLimits& limits) : limits_(limits) {}

    /// Watch a file or directory, with watch_tree also all directories below it; symbolic links
    /// are not followed. `events` are WatchEvents, `flags` WatchFlags. Returns the watch's id.
    /// Errors: generic_error beyond a limit, those of find_beneath() and inotify_add_watch(2).
    Outcome<std::uint64_t> add(std::uint64_t session, const std::shared_ptr<Share>& share,
                               const Components& path, std::uint64_t events, std::uint32_t flags);

    /// Returns success, or invalid_parameter if the session has no such watch.
    Status remove(std::uint64_t session, std::uint64_t id);

    void end_session(std::uint64_t session);
    /// End the watches of shares that are no more; their clients are told.
    void drop_dead();

    /// Readable when next() may have something; -1 before the first watch.
    int descriptor() const { return inotify_.get(); }

    /// A packet to send, if there is one. Never waits.
    std::optional<Packet> next();

private:
    struct Watch {
        std::uint64_t session = 0;
        std::shared_ptr<Share> share;
        Components path;
        std::uint64_t events = 0;
        bool tree = false;
        bool one_shot = false;
    };
    /// One watch's interest in one inode; the kernel has one descriptor per inode.
    struct Link {
        std::uint64_t watch = 0;
        Components path;
    };
    /// What inotify says, taken apart.
    struct Event {
        int descriptor = 0;
        std::uint32_t mask = 0;
        std::string_view name;
    };

    Status watch_directories(std::uint64_t id, const Watch& watch, const Components& top);
    Status watch_one(std::uint64_t id, const Descriptor& found, const Components& path);
    void unlink(std::uint64_t id, const Components& below);
    void forget(std::uint64_t id, bool tell);
    void collect();
    void take(const Event& event);
    void follow_tree(std::uint64_t id, const Event& event, const Components& path);
    void report(const Link& link, const Event& event);
    void removed_by_kernel(int descriptor);
    void push(std::uint64_t id, const Watch& watch, std::uint32_t flags, std::uint64_t events,
              const Components& path);

    NotifyLimits limits_;
    Descriptor inotify_;
    std::map<std::uint64_t, Watch> watches_;
    std::map<int, std::vector<Link>> links_;
    std::size_t link_count_ = 0;
    std::deque<Packet> packets_;
    std::set<std::uint64_t> overflowed_;
    std::uint64_t counter_ = 0;
};

} // namespace vmguest::hgfs
