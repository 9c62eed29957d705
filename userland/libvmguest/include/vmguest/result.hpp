// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// A value, or the reason why there is none. No function of libvmguest throws: what runs out of
// memory ends the program, and what a program has frozen is thawed when it ends.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace vmguest {

/// Why something could not be done.
struct Failure {
    int error = 0;        ///< errno value
    std::string sentence; ///< for people: cause and, where there is one, the next step
};

/// A value or a Failure.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

    explicit operator bool() const noexcept { return state_.index() == 0; }
    T& value() noexcept { return *std::get_if<0>(&state_); }
    const T& value() const noexcept { return *std::get_if<0>(&state_); }
    const Failure& failure() const noexcept { return *std::get_if<1>(&state_); }

private:
    std::variant<T, Failure> state_;
};

} // namespace vmguest
