// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Listing directories: the names are taken when a search is opened, attributes when an entry is
// read.
#include "operations.hpp"

#include <algorithm>
#include <cstring>

#include "attributes.hpp"

namespace vmguest::hgfs {
namespace {

using namespace wire;

constexpr std::size_t entry_alignment = 8;

/// What goes into a reply about one entry.
struct Entry {
    std::string name;
    AttrV2 attr{}; ///< nothing is valid if the file went away since the search was opened
};

Components share_names(const ShareTable& shares) {
    Components names{".", ".."};
    for (const auto& share : shares.all())
        names.push_back(share->name);
    return names;
}

Outcome<Components> names_in(const Target& target, std::size_t max_bytes) {
    const auto found = find_beneath(target.folder(), target.path);
    return found ? list_directory(found->get(), max_bytes) : found.status();
}

AttrV2 attributes_or_none(const Target& target) {
    const auto attr = attributes_at(target);
    return attr ? *attr : AttrV2{};
}

Entry base_entry(const ShareTable& shares, const std::string& name) {
    if (name == "." || name == "..")
        return {.name = name, .attr = base_attributes()};
    const auto share = shares.find(name);
    const bool is_there = share && share->name == name;
    return {.name = name,
            .attr = is_there ? attributes_or_none({.share = share, .path = {}}) : AttrV2{}};
}

Entry entry_of(const Call& call, const Search& search, const std::string& name) {
    if (!search.share)
        return base_entry(call.shares, name);
    Target target{.share = search.share, .path = search.path};
    if (name == "..") {
        if (target.path.empty()) // what is above a share is never looked at
            return {.name = name, .attr = base_attributes()};
        target.path.pop_back();
    } else if (name != ".") {
        target.path.push_back(name);
    }
    return {.name = unescape(name), .attr = attributes_or_none(target)};
}

/// A reply that is being filled with entries, here or in the data pages.
class Batch {
public:
    explicit Batch(std::size_t limit) : limit_(limit) {}

    /// False if it does not fit, and then nothing has changed.
    bool add(const Packet& entry) {
        const std::size_t begin = aligned(bytes_.size());
        if (begin > limit_ || entry.size() > limit_ - begin)
            return false;
        if (count_ > 0) {
            const auto distance = static_cast<u32>(begin - last_);
            std::memcpy(bytes_.data() + last_, &distance, sizeof distance);
        }
        bytes_.resize(begin);
        bytes_.insert(bytes_.end(), entry.begin(), entry.end());
        last_ = begin;
        ++count_;
        return true;
    }

    u32 count() const { return count_; }
    const Packet& bytes() const { return bytes_; }

private:
    static std::size_t aligned(std::size_t size) {
        return (size + entry_alignment - 1) / entry_alignment * entry_alignment;
    }

    std::size_t limit_;
    Packet bytes_;
    std::size_t last_ = 0;
    u32 count_ = 0;
};

/// Returns whether the search has no more entries after those of the batch.
bool fill(const Call& call, const Search& search, const SearchReadRequest& request, Batch& batch) {
    for (std::size_t index = request.index; index < search.names.size(); ++index) {
        const Entry entry = entry_of(call, search, search.names[index]);
        const auto number = static_cast<u32>(index);
        if (!batch.add(encode_batch_entry(request.mask, number, entry.name, entry.attr)))
            return false;
        if (request.flags & search_single)
            return index + 1 == search.names.size();
    }
    return true;
}

Packet batch_reply(const Call& call, const SearchReadRequest& request, const Batch& batch,
                   bool is_final) {
    const SearchReadReplyV4 head{.count = batch.count(),
                                 .next_index = request.index + batch.count(),
                                 .flags = is_final ? u32{search_final} : 0,
                                 .reserved = 0};
    Packet reply(sizeof head);
    std::memcpy(reply.data(), &head, sizeof head);
    if (call.data.empty())
        reply.insert(reply.end(), batch.bytes().begin(), batch.bytes().end());
    else
        std::copy(batch.bytes().begin(), batch.bytes().end(), call.data.begin());
    return reply;
}

/// Bytes that entries may have: as many as the client wants and the place for them holds.
std::size_t batch_limit(const Call& call, const SearchReadRequest& request) {
    const std::size_t in_reply =
        call.room > sizeof(SearchReadReplyV4) ? call.room - sizeof(SearchReadReplyV4) : 0;
    return std::min<std::size_t>(request.max_bytes,
                                 call.data.empty() ? in_reply : call.data.size());
}

} // namespace

Outcome<Packet> search_open(Call& call) {
    const auto file = decode_name(call.op, call.payload);
    if (!file)
        return file.status();
    auto target = locate(call, *file, Purpose::look);
    if (!target)
        return target.status();
    auto names = target->share ? names_in(*target, call.handles.search_bytes())
                               : Outcome<Components>(share_names(call.shares));
    if (!names)
        return names.status();
    const auto handle = call.handles.add(Search{.session = call.session,
                                                .share = target->share,
                                                .path = std::move(target->path),
                                                .names = std::move(*names)});
    return handle ? Outcome<Packet>(encode_search_open(call.op, *handle)) : handle.status();
}

Outcome<Packet> search_read(Call& call) {
    const auto request = decode_search_read(call.op, call.payload);
    if (!request)
        return request.status();
    const auto search = call.handles.search(call.session, request->handle);
    if (!search)
        return search.status();
    const Components& names = (*search)->names;
    if (request->index >= names.size())
        return encode_entry(call.op, {}, {});
    const Entry entry = entry_of(call, **search, names[request->index]);
    return encode_entry(call.op, entry.name, entry.attr);
}

Outcome<Packet> search_read_batch(Call& call) {
    const auto request = decode_search_read(call.op, call.payload);
    if (!request)
        return request.status();
    const bool is_all = request->pattern.empty() || request->pattern == "*";
    if (!is_all || (request->flags & search_handle_4))
        return Status::not_supported;
    const auto search = call.handles.search(call.session, request->handle);
    if (!search)
        return search.status();
    Batch batch(batch_limit(call, *request));
    const bool is_final = fill(call, **search, *request, batch);
    if (batch.count() == 0 && !is_final)
        return Status::invalid_name; // as for a read that does not fit
    return batch_reply(call, *request, batch, is_final);
}

Outcome<Packet> search_close(Call& call) {
    const auto handle = decode_handle(call.op, call.payload);
    return done(call, handle ? call.handles.close_search(call.session, *handle) : handle.status());
}

} // namespace vmguest::hgfs
