// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Shared Folders by the HGFS server of lab/hgfs, as the models whose guests reach it see them: a
// packet in, a packet out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../../../hgfs/connection.hpp"
#include "../../host.hpp"
#include "share.hpp"

namespace vmguest::lab::folders {

/// What a hostile server does to one reply.
enum class Act {
    silent, ///< there is none
    status, ///< it is a failure with this status
    cut,    ///< it has only so many bytes
    id,     ///< it is another request's
    count,  ///< it begins with this number
};
struct Fault {
    Act act = Act::silent;
    std::uint32_t number = 0;
};

/// The machine is one client: a session outlives the channel that it was made over.
class Server {
public:
    /// Asked what goes wrong, once for each request that can be read, by its kind.
    using Judge = std::function<std::optional<Fault>(std::string_view kind)>;

    /// Sharing is enabled if there is something to share. Fails with a sentence if a folder cannot
    /// be. The host has to outlive this.
    static Result<std::unique_ptr<Server>> make(Host& host, const std::vector<Share>& shares,
                                                const hgfs::Channel& channel);

    /// As hgfs::Connection has it; a packet of no bytes asks whether anybody is there.
    hgfs::Answer process(hgfs::Bytes packet, std::size_t max_reply, std::span<std::byte> data,
                         const Judge& judge);

    bool are_enabled() const { return table_.sharing(); }
    /// Disabling ends all open files.
    void enable(bool on) { table_.set_sharing(on); }
    /// The server is started anew: it knows no session and no open file any more.
    void restart();

    /// `model ID hgfs [enable|disable|restart]` of the control socket; gives show().
    Reply command(std::span<const std::string_view> words);
    /// For people: what is shared, what is open, what was asked.
    nlohmann::json show() const;

private:
    Server(Host& host, const std::vector<Share>& shares, const hgfs::Channel& channel);

    hgfs::Answer answer(hgfs::Bytes packet, const hgfs::Envelope& envelope, std::size_t max_reply,
                        std::span<std::byte> data, const std::optional<Fault>& fault);
    void note(std::string_view kind, std::size_t request, std::size_t reply);

    Host& host_;
    std::vector<Share> shares_;
    hgfs::ShareTable table_;
    hgfs::Channel channel_;
    std::optional<hgfs::Connection> connection_;
    std::map<std::string, std::uint64_t, std::less<>> requests_;
    std::size_t longest_request_ = 0, longest_reply_ = 0; ///< bytes
};

} // namespace vmguest::lab::folders
