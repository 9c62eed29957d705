// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Which folders are shared under which names. Changes may be made at any time between two requests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "beneath.hpp"

namespace vmguest::hgfs {

/// What the host's user decides about a share.
struct SharePolicy {
    bool read_only = false;
    bool set_owner = false;   ///< a client may give files away (as far as the server may)
    bool set_id_bits = false; ///< a client may set the set-user-id and set-group-id bits
};

/// A share while it can be used. Whoever holds files of it asks `alive` before touching them: it
/// never becomes true again; a share that comes back is another object.
struct Share {
    std::string name;
    Descriptor folder; ///< O_PATH; stays this folder even if another takes its place on the host
    SharePolicy policy;
    bool alive = true;
};

/// The shares of one host. Not thread-safe: all of its Connections are served by one thread.
class ShareTable {
public:
    /// Share `folder` as `name`. Returns an empty string, or a sentence that says why not: the name
    /// is taken or is no single component of UTF-8, or the folder cannot be opened.
    std::string add(const std::string& name, const std::string& folder, SharePolicy policy);

    /// These return false if there is no share of exactly this name. Disabling and removing end all
    /// handles; enabling opens the folder anew and is also refused if that fails.
    bool remove(std::string_view name);
    bool set_enabled(std::string_view name, bool enabled);
    bool set_policy(std::string_view name, SharePolicy policy);

    /// The switch for all shares. While it is off, connections refuse every request.
    void set_sharing(bool on);
    bool sharing() const { return sharing_; }

    /// The enabled share of this name: exactly it, or if there is none, in another case. Null if
    /// there is none.
    std::shared_ptr<Share> find(std::string_view name) const;

    /// The enabled shares, by name.
    std::vector<std::shared_ptr<Share>> all() const;

    /// Changes whenever a share ends.
    std::uint64_t revision() const { return revision_; }

private:
    struct Entry {
        std::string folder;
        SharePolicy policy;
        std::shared_ptr<Share> share; ///< null while disabled
    };

    static std::shared_ptr<Share> open(const std::string& name, const Entry& entry);
    void end(Entry& entry);

    std::map<std::string, Entry, std::less<>> entries_;
    bool sharing_ = true;
    std::uint64_t revision_ = 0;
};

} // namespace vmguest::hgfs
