// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Names: cross-platform names of the wire to components of host paths and back. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "status.hpp"

namespace vmguest::hgfs {

/// A path below a share's folder; its components are host names. Empty: the folder itself.
using Components = std::vector<std::string>;

/// Where a request points. `share` is empty for the list of shares, and then so is `path`.
struct Location {
    std::string share;
    Components path;
};

constexpr std::size_t max_component = 255; ///< bytes, on the wire and on the host
constexpr std::size_t max_name = 4095;     ///< bytes of a whole name

/// Whether `text` is UTF-8 of Unicode scalar values, each in its shortest form, without NUL.
bool is_utf8(std::string_view text);

/// Make a host name of a component: what a host name cannot hold ('/') becomes an escape, and what
/// already looks like one is marked. Any text is accepted; the result has no '/'.
std::string escape(std::string_view component);

/// The inverse of escape() for everything that escape() returns; other host names are left alone
/// except for what looks like an escape.
std::string unescape(std::string_view host_name);

/// Take a cross-platform name apart: components joined by NUL, the first one the share's name.
/// Returned components are escaped, none is "", "." or "..", none contains '/' or NUL.
/// Errors: invalid_name for a leading or trailing NUL, "." or "..", or what is not UTF-8;
/// name_too_long beyond max_component or max_name.
Outcome<Location> parse_name(std::string_view wire);

/// The cross-platform name of a location, as parse_name() takes it.
std::string wire_name(const Location& location);

/// A symbolic link's target between host and wire: '/' and NUL swapped, nothing else.
std::string swap_link(std::string_view target);

/// Whether two names are equal when the case of ASCII letters does not count.
bool equal_caseless(std::string_view a, std::string_view b);

/// Bytes of memory that names take, as limits count them.
std::size_t names_bytes(const Components& names);

/// Whether `path` is `above` or something below it.
bool begins_with(const Components& path, const Components& above);

/// Components joined by '/', "." if there are none.
std::string host_path(const Components& path);

} // namespace vmguest::hgfs
