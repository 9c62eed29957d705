// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// HGFS status codes, what becomes of errno, and the "value or status" that all functions return.
#pragma once

#include <cstdint>
#include <utility>
#include <variant>

namespace vmguest::hgfs {

/// The numbers on the wire.
enum class Status : std::uint32_t {
    success = 0,
    no_such_file = 1,
    invalid_handle = 2,
    not_permitted = 3,
    exists = 4,
    not_directory = 5,
    not_empty = 6,
    protocol_error = 7,
    access_denied = 8,
    invalid_name = 9,
    generic_error = 10,
    sharing_violation = 11,
    no_space = 12,
    not_supported = 13,
    name_too_long = 14,
    invalid_parameter = 15,
    not_same_device = 16,
    stale_session = 17,
    too_many_sessions = 18,
    transport_error = 19,
};

/// The status a POSIX server gives for `error`, an errno value. 0 is success, and whatever has no
/// status of its own is generic_error.
Status from_errno(int error);

/// The status of the errno of the call that has just failed.
Status last_error();

/// The status of a call that returns 0, or -1 and errno.
inline Status result_of(int returned) {
    return returned ? last_error() : Status::success;
}

/// A value, or the status that says why there is none.
template <class T>
class [[nodiscard]] Outcome {
public:
    Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Outcome(Status status) : state_(std::in_place_index<1>, status) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() { return std::get<0>(state_); }
    const T& operator*() const { return std::get<0>(state_); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    /// success if there is a value
    Status status() const { return *this ? Status::success : std::get<1>(state_); }

private:
    std::variant<T, Status> state_;
};

} // namespace vmguest::hgfs
