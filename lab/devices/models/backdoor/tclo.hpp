// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// TCLO: what the host asks of the guest. The guest polls: each of its messages is the answer to the
// last request, or empty, and only after it may the next request be offered.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "guestmsg.hpp"
#include "traffic.hpp"

namespace vmguest::lab::backdoor {

/// One request; its sender and the channel that carries it both hold it.
struct TcloRequest {
    enum class State { queued, sent, answered, refused, lost };

    std::uint32_t id = 0;
    std::string text;
    State state = State::queued;
    std::string reply; ///< as the guest gave it
    std::optional<std::chrono::nanoseconds> deadline;

    /// Nothing more becomes of it.
    bool is_over() const { return state != State::queued && state != State::sent; }
};

/// The host's end of a TCLO channel.
class TcloEndpoint final : public Endpoint {
public:
    static constexpr std::size_t most_queued = 64;

    /// All that is referred to but the settings has to outlive this; `id` is the channel's.
    TcloEndpoint(Host& host, Faults& faults, Traffic& traffic, const Settings& settings,
                 unsigned id);
    ~TcloEndpoint() override;
    TcloEndpoint(const TcloEndpoint&) = delete;
    TcloEndpoint& operator=(const TcloEndpoint&) = delete;

    void received(std::string_view message) override;
    std::optional<std::string> offer() override;
    void taken() override;
    void dropped() override;
    void restored() override;
    Side side() const override { return Side::tclo; }

    /// False if too many wait already.
    bool send(std::shared_ptr<TcloRequest> request);
    /// The program at the other end, once it has told its name.
    const std::string& application() const { return application_; }
    /// How often the guest has asked, which is the sign that it lives.
    std::uint64_t polls() const { return polls_; }

private:
    void send_own(std::string text);
    void finish(std::string_view message);
    void choose_next();
    void expire(TcloRequest& request) const;

    Host& host_;
    Faults& faults_;
    Traffic& traffic_;
    unsigned id_;
    std::deque<std::shared_ptr<TcloRequest>> queue_;
    std::shared_ptr<TcloRequest> current_; ///< offered, or taken and not answered yet
    bool is_taken_ = false;
    bool is_lost_ = false; ///< the current one is never offered
    std::chrono::nanoseconds ready_{};
    std::string application_;
    std::uint64_t polls_ = 0;
};

/// What became of the requests that somebody wants to hear about.
class TcloRequests {
public:
    static constexpr std::size_t most = 256;

    /// A new one with a deadline; the longest known is forgotten when there are too many.
    std::shared_ptr<TcloRequest> make(std::string_view text, std::chrono::nanoseconds deadline);
    /// Null if it is not known (any more).
    std::shared_ptr<TcloRequest> find(std::uint32_t id, std::chrono::nanoseconds now) const;

private:
    std::uint32_t last_id_ = 0;
    std::deque<std::shared_ptr<TcloRequest>> requests_;
};

} // namespace vmguest::lab::backdoor
