// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
#include "shares.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>

namespace vmguest::hgfs {
namespace {

bool is_share_name(std::string_view name) {
    return !name.empty() && name.size() <= max_component && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos && is_utf8(name);
}

} // namespace

std::shared_ptr<Share> ShareTable::open(const std::string& name, const Entry& entry) {
    Descriptor folder(::open(entry.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder)
        return nullptr;
    auto share = std::make_shared<Share>();
    share->name = name;
    share->folder = std::move(folder);
    share->policy = entry.policy;
    return share;
}

std::string ShareTable::add(const std::string& name, const std::string& folder,
                            SharePolicy policy) {
    if (!is_share_name(name))
        return "'" + name + "' is no name for a share: use one name without '/', in UTF-8";
    if (entries_.count(name))
        return "there is already a share '" + name + "': take another name";
    Entry entry{.folder = folder, .policy = policy, .share = nullptr};
    entry.share = open(name, entry);
    if (!entry.share)
        return "cannot open the folder '" + folder + "': " + std::strerror(errno);
    entries_.emplace(name, std::move(entry));
    return {};
}

void ShareTable::end(Entry& entry) {
    if (!entry.share)
        return;
    entry.share->alive = false;
    entry.share = nullptr;
    ++revision_;
}

bool ShareTable::remove(std::string_view name) {
    const auto found = entries_.find(name);
    if (found == entries_.end())
        return false;
    end(found->second);
    entries_.erase(found);
    return true;
}

bool ShareTable::set_enabled(std::string_view name, bool enabled) {
    const auto found = entries_.find(name);
    if (found == entries_.end())
        return false;
    Entry& entry = found->second;
    if (!enabled)
        end(entry);
    else if (!entry.share)
        entry.share = open(found->first, entry);
    return !enabled || entry.share;
}

bool ShareTable::set_policy(std::string_view name, SharePolicy policy) {
    const auto found = entries_.find(name);
    if (found == entries_.end())
        return false;
    found->second.policy = policy;
    if (found->second.share)
        found->second.share->policy = policy;
    return true;
}

void ShareTable::set_sharing(bool on) {
    sharing_ = on;
    for (auto& [name, entry] : entries_) {
        const bool was_enabled = entry.share != nullptr;
        if (was_enabled && !on) {
            end(entry);
            entry.share = open(name, entry);
        }
    }
}

std::shared_ptr<Share> ShareTable::find(std::string_view name) const {
    const auto exact = entries_.find(name);
    if (exact != entries_.end() && exact->second.share)
        return exact->second.share;
    for (const auto& [other, entry] : entries_)
        if (entry.share && equal_caseless(other, name))
            return entry.share;
    return nullptr;
}

std::vector<std::shared_ptr<Share>> ShareTable::all() const {
    std::vector<std::shared_ptr<Share>> shares;
    shares.reserve(entries_.size());
    for (const auto& [name, entry] : entries_)
        if (entry.share)
            shares.push_back(entry.share);
    return shares;
}

} // namespace vmguest::hgfs
