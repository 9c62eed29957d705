// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// RPCI: what the guest asks of the host, one message and one reply at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "folders.hpp"
#include "guestinfo.hpp"
#include "guestlib.hpp"
#include "guestmsg.hpp"
#include "traffic.hpp"

namespace vmguest::lab::backdoor {

/// What the host knows and answers from.
struct Knowledge {
    GuestInfo info;
    Guestlib statistics;
    bool is_time_synced = false;
};

/// Answers calls.
class Rpci {
public:
    /// All of them have to outlive this.
    Rpci(const Settings& settings, Knowledge& knowledge, SharedFolders& folders, Faults& faults)
        : settings_(settings), knowledge_(knowledge), folders_(folders), faults_(faults) {}

    /// The whole reply to a request: "1 " and data, or "0 " and why not.
    std::string answer(std::string_view request);

private:
    using Handler = std::string (Rpci::*)(std::string_view arguments);
    struct Command {
        std::string_view name;
        Handler handle;
    };

    static Handler find(std::string_view name);
    std::string accept(std::string_view arguments);
    std::string say_none(std::string_view arguments);
    std::string say_one(std::string_view arguments);
    std::string forbid(std::string_view arguments);
    std::string say_sharing(std::string_view arguments);
    std::string files(std::string_view packet);
    std::string info_get(std::string_view arguments);
    std::string info_set(std::string_view arguments);
    std::string set_option(std::string_view arguments);
    std::string guestlib(std::string_view arguments);

    const Settings& settings_;
    Knowledge& knowledge_;
    SharedFolders& folders_;
    Faults& faults_;
};

/// The host's end of an RPCI channel.
class RpciEndpoint final : public Endpoint {
public:
    /// All that is referred to has to outlive this; `id` is the channel's.
    RpciEndpoint(Host& host, Faults& faults, Traffic& traffic, Rpci& rpci, unsigned id)
        : host_(host), faults_(faults), traffic_(traffic), rpci_(rpci), id_(id) {}

    void received(std::string_view message) override;
    std::optional<std::string> offer() override;
    void taken() override;
    void dropped() override { reply_.reset(); }
    Side side() const override { return Side::rpci; }

private:
    Host& host_;
    Faults& faults_;
    Traffic& traffic_;
    Rpci& rpci_;
    unsigned id_;
    std::optional<std::string> reply_;
    std::chrono::nanoseconds ready_{};
};

} // namespace vmguest::lab::backdoor
