// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "vmguest/mounts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vmguest {
namespace {

/// In place of a mount: the parent of what has none in the table.
constexpr auto nowhere = static_cast<std::size_t>(-1);

/// What comes before `end`, which is taken off `line` with it; all of it if there is no `end`.
std::string_view take(std::string_view& line, char end) {
    const auto field = line.substr(0, line.find(end));
    line.remove_prefix(std::min(field.size() + 1, line.size()));
    return field;
}

template <class Number>
bool take_number(std::string_view& line, char end, Number& number) {
    const auto field = take(line, end);
    const auto* last = field.data() + field.size();
    const auto parsed = std::from_chars(field.data(), last, number);
    return parsed.ec == std::errc() && parsed.ptr == last;
}

/// The character that "\ooo" at the beginning of a text stands for. NUL is none: no path has it.
std::optional<char> escaped(std::string_view text) {
    if (text.size() < 4 || text[0] != '\\')
        return std::nullopt;
    unsigned value = 0;
    for (const char digit : text.substr(1, 3)) {
        if (digit < '0' || digit > '7')
            return std::nullopt;
        value = value * 8 + static_cast<unsigned>(digit - '0');
    }
    if (value == 0 || value > 0xff)
        return std::nullopt;
    return static_cast<char>(value);
}

std::string unescape(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        const auto character = escaped(text);
        plain += character.value_or(text.front());
        text.remove_prefix(character ? 4 : 1);
    }
    return plain;
}

std::optional<Mount> parse_line(std::string_view line) {
    Mount mount;
    if (!take_number(line, ' ', mount.id) || !take_number(line, ' ', mount.parent) ||
        !take_number(line, ':', mount.device.major) || !take_number(line, ' ', mount.device.minor))
        return std::nullopt;
    mount.root = unescape(take(line, ' '));
    mount.point = unescape(take(line, ' '));
    take(line, ' '); // options of this mount
    do {             // any number of optional fields
        if (line.empty())
            return std::nullopt;
    } while (take(line, ' ') != "-");
    mount.type = unescape(take(line, ' '));
    mount.source = unescape(take(line, ' ')); // which may be empty
    mount.super_options = unescape(line);
    if (!mount.point.starts_with('/') || mount.type.empty() || mount.super_options.empty())
        return std::nullopt;
    return mount;
}

/// Call fold(i) for all i below `count`, for next(i) before i where there is one. Each is visited
/// once, however long the chains are; what garbled parents have made a ring is cut somewhere.
template <class Next, class Fold>
void fold_chains(std::size_t count, Next next, Fold fold) {
    std::vector<bool> is_visited(count);
    std::vector<std::size_t> chain;
    for (std::size_t first = 0; first < count; ++first) {
        for (auto i = first; i != nowhere && !is_visited[i]; i = next(i)) {
            is_visited[i] = true;
            chain.push_back(i);
        }
        for (; !chain.empty(); chain.pop_back())
            fold(chain.back());
    }
}

} // namespace

std::string to_string(DeviceNumber device) {
    return std::to_string(device.major) + ':' + std::to_string(device.minor);
}

std::optional<DeviceNumber> parse_device_number(std::string_view text) noexcept {
    DeviceNumber number;
    if (!take_number(text, ':', number.major) || !take_number(text, '\n', number.minor))
        return std::nullopt;
    return number;
}

std::vector<Mount> parse_mountinfo(std::string_view text) noexcept {
    std::vector<Mount> mounts;
    while (!text.empty())
        if (auto mount = parse_line(take(text, '\n')))
            mounts.push_back(std::move(*mount));
    return mounts;
}

bool is_network_type(std::string_view type) noexcept {
    static constexpr std::array names{"9p",
                                      "afs",
                                      "beegfs",
                                      "ceph",
                                      "cifs",
                                      "coda",
                                      "glusterfs",
                                      "lustre",
                                      "ncpfs",
                                      "nfs",
                                      "nfs4",
                                      "orangefs",
                                      "pvfs2",
                                      "smb3",
                                      "smbfs",
                                      "virtiofs",
                                      "vmhgfs",
                                      "fuse.sshfs",
                                      "fuse.glusterfs",
                                      "fuse.vmhgfs-fuse",
                                      "fuse.ceph-fuse",
                                      "fuse.s3fs",
                                      "fuse.rclone"};
    return std::find(names.begin(), names.end(), type) != names.end();
}

bool is_program_type(std::string_view type) noexcept {
    return type == "fuse" || type == "fuseblk" || type.starts_with("fuse.") ||
           type.starts_with("fuseblk.");
}

MountTable::MountTable(std::vector<Mount> mounts) noexcept : mounts_(std::move(mounts)) {
    for (std::size_t i = 0; i < mounts_.size(); ++i)
        by_id_.emplace(mounts_[i].id, i);
    for (std::size_t i = 0; i < mounts_.size(); ++i)
        children_.insert_or_assign(Place{parent(i), mounts_[i].point}, i);
    find_tops();
    find_those_behind_others();
}

std::optional<std::size_t> MountTable::by_id(int id) const noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::size_t MountTable::parent(std::size_t mount) const noexcept {
    const auto found = by_id(mounts_[mount].parent);
    return found && *found != mount ? *found : nowhere;
}

std::size_t MountTable::at(std::size_t parent, std::string_view point) const noexcept {
    const auto found = children_.find({parent, point});
    return found == children_.end() ? nowhere : found->second;
}

/// What is mounted where something is mounted already is its child, at the same point.
void MountTable::find_tops() {
    top_.resize(mounts_.size());
    for (std::size_t i = 0; i < top_.size(); ++i)
        top_[i] = i;
    const auto cover = [this](std::size_t i) { return at(i, mounts_[i].point); };
    fold_chains(mounts_.size(), cover, [&](std::size_t i) {
        if (const auto above = cover(i); above != nowhere)
            top_[i] = top_[above];
    });
}

/// A filesystem that covers another one is entered without asking that.
void MountTable::find_those_behind_others() {
    is_behind_others_.resize(mounts_.size());
    const auto above = [this](std::size_t i) { return parent(i); };
    fold_chains(mounts_.size(), above, [&](std::size_t i) {
        const auto way = parent(i);
        if (way == nowhere)
            return;
        const auto& type = mounts_[way].type;
        is_behind_others_[i] =
            is_behind_others_[way] || (mounts_[way].point != mounts_[i].point &&
                                       (is_network_type(type) || is_program_type(type)));
    });
}

std::optional<std::size_t> MountTable::holder(std::string_view path) const noexcept {
    if (!path.starts_with('/'))
        return std::nullopt;
    auto mount = nowhere;
    // Each beginning of the path that is whole components: "/", "/mnt", "/mnt/a".
    for (std::size_t end = 1;; end = std::min(path.find('/', end + 1), path.size())) {
        if (const auto child = at(mount, path.substr(0, end)); child != nowhere)
            mount = top_[child];
        if (end == path.size())
            break;
    }
    return mount == nowhere ? std::nullopt : std::optional(mount);
}

bool MountTable::is_visible(std::size_t mount) const noexcept {
    return holder(mounts_[mount].point) == mount;
}

} // namespace vmguest
