// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders by the HGFS server of lab/hgfs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../../../hgfs/connection.hpp"
#include "../../host.hpp"
#include "folders.hpp"
#include "settings.hpp"

namespace vmguest::lab::backdoor {

/// The machine is one client of the server: a session outlives the channel that it was made over.
class HgfsFolders final : public SharedFolders {
public:
    /// Sharing is enabled if there is something to share. Fails with a sentence if a folder cannot
    /// be. The host has to outlive this.
    static Result<std::unique_ptr<SharedFolders>> make(Host& host, const Settings& settings);

    std::optional<std::string> process(std::string_view packet, Faults& faults) override;
    bool are_enabled() const override { return table_.sharing(); }
    void enable(bool on) override { table_.set_sharing(on); }
    void restart() override;
    nlohmann::json show() const override;
    std::span<const std::string_view> kinds() const override;

private:
    HgfsFolders(Host& host, const Settings& settings);

    hgfs::Packet answer(hgfs::Bytes packet, const hgfs::Envelope& envelope,
                        const std::optional<Fault>& fault);
    void note(std::string_view kind, std::size_t request, std::size_t reply);

    Host& host_;
    std::vector<Settings::Share> shares_;
    hgfs::ShareTable table_;
    hgfs::Channel channel_;
    std::optional<hgfs::Connection> connection_;
    std::map<std::string, std::uint64_t, std::less<>> requests_;
    std::size_t longest_request_ = 0, longest_reply_ = 0; ///< bytes
};

} // namespace vmguest::lab::backdoor
