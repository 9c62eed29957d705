// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders over GuestMsg; see the header.
#include "hgfs_folders.hpp"

#include <nlohmann/json.hpp>

#include "../../../hgfs/request_names.hpp"

namespace vmguest::lab::backdoor {
namespace {

/// No other actions apply to Point::folders than those named here and 'silent'.
std::optional<folders::Fault> fault_of(const std::optional<Fault>& fault) {
    if (!fault)
        return std::nullopt;
    switch (fault->action) {
    case Action::status:
        return folders::Fault{folders::Act::status, fault->number};
    case Action::cut:
        return folders::Fault{folders::Act::cut, fault->number};
    case Action::id:
        return folders::Fault{folders::Act::id, 0};
    case Action::count:
        return folders::Fault{folders::Act::count, fault->number};
    default:
        return folders::Fault{folders::Act::silent, 0};
    }
}

} // namespace

Result<std::unique_ptr<SharedFolders>> HgfsFolders::make(Host& host, const Settings& settings) {
    auto server =
        folders::Server::make(host, settings.shares, {.max_packet = settings.longest_packet()});
    if (!server)
        return Failure{server.sentence()};
    return std::unique_ptr<SharedFolders>(
        new HgfsFolders(std::move(server.value()), settings.longest_packet()));
}

Reply HgfsFolders::command(std::span<const std::string_view> words) {
    return server_->command(words);
}

std::span<const std::string_view> HgfsFolders::kinds() const {
    return hgfs::request_names();
}

std::optional<std::string> HgfsFolders::process(std::string_view packet, Faults& faults) {
    const auto answer = server_->process(
        std::as_bytes(std::span(packet)), longest_, {}, [&](std::string_view kind) {
            return fault_of(faults.strike(Point::folders, Side::rpci, kind));
        });
    if (answer.verdict == hgfs::Verdict::refused)
        return std::nullopt;
    return std::string(reinterpret_cast<const char*>(answer.packet.data()), answer.packet.size());
}

} // namespace vmguest::lab::backdoor
