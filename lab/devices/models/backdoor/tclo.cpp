// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// See the header.
#include "tclo.hpp"

#include <utility>

#include "text.hpp"

namespace vmguest::lab::backdoor {
namespace {

/// The order in which hosts were seen to begin.
constexpr std::string_view start[] = {"reset", "ping", "Set_Option synctime 0",
                                      "Capabilities_Register", "Set_Option broadcastIP 1"};

std::string_view without_nul(std::string_view text) {
    if (text.ends_with('\0'))
        text.remove_suffix(1);
    return text;
}

} // namespace

TcloEndpoint::TcloEndpoint(Host& host, Faults& faults, Traffic& traffic, const Settings& settings,
                           unsigned id)
    : host_(host), faults_(faults), traffic_(traffic), id_(id) {
    if (settings.has_start)
        for (const auto text : start)
            send_own(std::string(text));
}

// The channel is gone: nobody will answer.
TcloEndpoint::~TcloEndpoint() {
    if (current_ && !current_->is_over())
        current_->state = TcloRequest::State::lost;
    for (const auto& request : queue_)
        if (!request->is_over())
            request->state = TcloRequest::State::lost;
}

void TcloEndpoint::send_own(std::string text) {
    auto request = std::make_shared<TcloRequest>();
    request->text = std::move(text);
    send(std::move(request));
}

bool TcloEndpoint::send(std::shared_ptr<TcloRequest> request) {
    if (queue_.size() >= most_queued)
        return false;
    queue_.push_back(std::move(request));
    return true;
}

void TcloEndpoint::received(std::string_view message) {
    ++polls_;
    host_.count("backdoor.tclo.poll");
    if (!message.empty())
        traffic_.add("tclo", id_, '>', message);
    if (current_ && is_taken_)
        finish(message);
    if (!current_)
        choose_next();
}

/// What the guest has answered; an answer that comes after its deadline changes nothing.
void TcloEndpoint::finish(std::string_view message) {
    constexpr std::string_view ok = "OK ", attribution = "ATR ";
    const auto request = std::exchange(current_, nullptr);
    expire(*request);
    message = without_nul(message);
    const bool is_ok = message.starts_with(ok) || message == "OK";
    if (is_ok && request->text == "reset" && message.substr(ok.size()).starts_with(attribution))
        application_ = printable(message.substr(ok.size() + attribution.size()), 32);
    if (request->is_over())
        return;
    request->state = is_ok ? TcloRequest::State::answered : TcloRequest::State::refused;
    request->reply = message;
}

void TcloEndpoint::choose_next() {
    while (!queue_.empty() && !current_) {
        current_ = std::move(queue_.front());
        queue_.pop_front();
        expire(*current_);
        if (current_->is_over())
            current_.reset();
    }
    if (!current_)
        return;
    is_taken_ = is_lost_ = false;
    ready_ = host_.now();
    const auto fault = faults_.strike(Point::request, Side::tclo);
    if (!fault)
        return;
    if (fault->action == Action::late)
        ready_ += std::chrono::milliseconds(fault->number);
    else if (fault->action == Action::lose)
        is_lost_ = true;
    else
        current_->text = fault->text;
}

void TcloEndpoint::expire(TcloRequest& request) const {
    if (!request.is_over() && request.deadline && host_.now() >= *request.deadline)
        request.state = TcloRequest::State::lost;
}

std::optional<std::string> TcloEndpoint::offer() {
    if (!current_ || is_taken_)
        return std::nullopt;
    expire(*current_);
    if (is_lost_ || current_->is_over()) {
        if (current_->is_over() || !current_->deadline)
            current_.reset();
        return std::nullopt;
    }
    if (host_.now() < ready_)
        return std::nullopt;
    return current_->text;
}

void TcloEndpoint::taken() {
    if (!current_)
        return;
    traffic_.add("tclo", id_, '<', current_->text);
    is_taken_ = true;
    if (!current_->is_over())
        current_->state = TcloRequest::State::sent;
}

void TcloEndpoint::dropped() {
    if (current_ && !current_->is_over())
        current_->state = TcloRequest::State::lost;
    current_.reset();
}

// The first thing after a restore is a reset; what was under way is not heard of again.
void TcloEndpoint::restored() {
    if (is_taken_)
        dropped();
    auto request = std::make_shared<TcloRequest>();
    request->text = "reset";
    if (queue_.size() < most_queued)
        queue_.push_front(std::move(request));
}

std::shared_ptr<TcloRequest> TcloRequests::make(std::string_view text,
                                                std::chrono::nanoseconds deadline) {
    auto request = std::make_shared<TcloRequest>();
    request->id = ++last_id_;
    request->text = text;
    request->deadline = deadline;
    requests_.push_back(request);
    if (requests_.size() > most)
        requests_.pop_front();
    return request;
}

std::shared_ptr<TcloRequest> TcloRequests::find(std::uint32_t id,
                                                std::chrono::nanoseconds now) const {
    for (const auto& request : requests_) {
        if (request->id != id)
            continue;
        if (!request->is_over() && now >= *request->deadline)
            request->state = TcloRequest::State::lost;
        return request;
    }
    return nullptr;
}

} // namespace vmguest::lab::backdoor
