// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Open files and directory searches of one connection. All of its sessions draw their handles from
// one counter, so that a handle that is no more is not soon another file's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "beneath.hpp"
#include "shares.hpp"
#include "status.hpp"

namespace vmguest::hgfs {

/// What one connection may have at a time.
struct HandleLimits {
    std::size_t files = 1024;
    std::size_t descriptors = 30; ///< files whose descriptor is open; the others are opened anew
    std::size_t searches = 256;
    std::size_t search_bytes = std::size_t{32} << 20; ///< names that searches remember
};

/// A file that a client has opened. Its descriptor may be closed when others are needed more; then
/// it is found again by its path, and must be the same file.
struct OpenFile {
    std::uint64_t session = 0;
    std::shared_ptr<Share> share;
    Components path;
    int flags = 0; ///< of open(2), without those that create or truncate
    bool sequential = false;
    std::uint64_t position = 0; ///< bytes; where a sequential file is read and written
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    Descriptor descriptor;
    std::uint64_t last_use = 0;
};

/// The names that a directory had when the search was opened. An empty `share` lists the shares.
struct Search {
    std::uint64_t session = 0;
    std::shared_ptr<Share> share;
    Components path;
    Components names;
    std::uint64_t last_use = 0;
};

class HandleTable {
public:
    explicit HandleTable(const HandleLimits& limits) : limits_(limits) {}

    /// Returns the new handle. Error: generic_error if there are too many.
    Outcome<std::uint32_t> add(OpenFile file);
    /// Where there are too many, those that were not used for longest end: open-vm-tools' client
    /// never closes any. Error: generic_error if there are more names than all may remember.
    Outcome<std::uint32_t> add(Search search);

    /// The file, opened again if need be; the pointer is good until the table is changed.
    /// Errors: invalid_handle if the session has no such file; no_such_file if its name is now
    /// another file's or nobody's; those of open(2).
    Outcome<OpenFile*> file(std::uint64_t session, std::uint32_t handle);

    /// As file(), but the descriptor may be closed.
    Outcome<OpenFile*> closed_file(std::uint64_t session, std::uint32_t handle);

    /// Error: invalid_handle.
    Outcome<Search*> search(std::uint64_t session, std::uint32_t handle);

    /// These return success or invalid_handle.
    Status close_file(std::uint64_t session, std::uint32_t handle);
    Status close_search(std::uint64_t session, std::uint32_t handle);

    /// Whether there is no room for one more file.
    bool is_full() const { return files_.size() >= limits_.files; }

    /// Names that one search may remember, in bytes.
    std::size_t search_bytes() const { return limits_.search_bytes; }

    /// A file or directory has another path now, and with it what is below.
    void renamed(const Share& from_share, const Components& from,
                 const std::shared_ptr<Share>& to_share, const Components& to);

    void end_session(std::uint64_t session);
    /// Forget the files and searches of shares that are no more.
    void drop_dead();

    std::size_t open_files() const { return files_.size(); }
    std::size_t open_searches() const { return searches_.size(); }
    std::size_t open_descriptors() const;

private:
    std::uint32_t next_handle();
    void make_room();
    void end_oldest_search();
    template <class Dead>
    void drop_searches(Dead dead);

    HandleLimits limits_;
    std::map<std::uint32_t, OpenFile> files_;
    std::map<std::uint32_t, Search> searches_;
    std::size_t search_bytes_ = 0;
    std::uint32_t counter_ = 0;
    std::uint64_t uses_ = 0;
};

} // namespace vmguest::hgfs
