// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Words for VMCI's numbers, and numbers of words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/vmci/wire.hpp"

namespace vmguest::lab::vmci {

/// "queuepair_alloc"; empty if the device serves no such resource.
std::string_view name_of(Hypercall call);
std::optional<Hypercall> parse_hypercall(std::string_view word);

/// "2:1024"
std::string text_of(Handle handle);
std::optional<Handle> parse_handle(std::string_view word);

/// Of at most 32 bits; the second with a minus sign, or without.
std::optional<std::uint32_t> parse_word(std::string_view word);
std::optional<std::int32_t> parse_signed(std::string_view word);

} // namespace vmguest::lab::vmci
