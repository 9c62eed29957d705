// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Hostile acts of the vsock peer: rules that say where it breaks its promises and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "host.hpp"
#include "occasions.hpp"

namespace vmguest::lab::vmci::vsock {

/// Where something can go wrong.
enum class Point {
    connect,   ///< the host asks for a connection
    request,   ///< the guest's request is answered
    negotiate, ///< the guest's negotiation is answered by an offer
    offer,     ///< the guest's offer is answered
    data,      ///< a piece of the stream has been moved
    notice,    ///< WROTE or READ is due
};

/// What goes wrong there.
enum class Act {
    reset,  ///< RST instead
    silent, ///< nothing comes
    late,   ///< it comes after so many milliseconds
    size,   ///< with this size
    proto,  ///< with these bits of protocols
    handle, ///< with another handle
    twice,
    early,  ///< WROTE comes before it
    detach, ///< the host lets go of the pair
};

struct Fault {
    Act act = Act::silent;
    std::uint64_t number = 0;
};

/// The rules in force.
class Faults {
public:
    static constexpr std::size_t most_rules = 64;

    /// Put the rules of a script in the place of all there were; "faithful" has none. Gives their
    /// number; after a failure the old ones stay in force.
    Result<std::size_t> load(std::string_view script);
    /// Whether something goes wrong here, now: the first rule that applies and is not used up.
    std::optional<Fault> strike(Point point);
    /// How often something has gone wrong so far.
    std::uint64_t committed() const { return committed_; }

private:
    struct Rule {
        Point point = Point::request;
        Occasions occasions;
        Fault fault;
    };

    static Result<Rule> parse(std::string_view statement);

    std::vector<Rule> rules_;
    std::uint64_t committed_ = 0;
};

} // namespace vmguest::lab::vmci::vsock
