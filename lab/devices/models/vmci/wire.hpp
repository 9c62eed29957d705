// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// VMCI's numbers: registers, statuses, handles, layouts.
#pragma once

#include <compare>
#include <cstdint>

namespace vmguest::lab::vmci {

/// An address: a resource of a context.
struct Handle {
    std::uint32_t context;
    std::uint32_t resource;

    friend auto operator<=>(const Handle&, const Handle&) = default;
};

/// Statuses that devices and services answer with; what is not negative is a number of bytes or
/// one of the successes.
enum Status : std::int32_t {
    success = 0,
    success_last_detach = 3,
    success_queuepair_create = 4,
    success_queuepair_attach = 5,
    invalid_resource = -1,
    invalid_args = -2,
    no_mem = -3,
    no_access = -7,
    dst_unreachable = -10,
    payload_too_large = -11,
    no_resources = -19,
    unavailable = -20,
    not_found = -21,
    already_exists = -22,
    invalid_size = -24,
    obsolete = -30,
    queuepair_mismatch = -31,
    queuepair_not_ready = -40,
};

} // namespace vmguest::lab::vmci
