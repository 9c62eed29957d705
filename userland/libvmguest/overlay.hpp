// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// What overlay's mount options say of the folders that it lies on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmguest {

/// All layers of an overlay, those that it only reads included, by their absolute paths.
std::vector<std::string> overlay_layers(std::string_view super_options);

/// The folder that it writes to; empty if there is none.
std::string overlay_upper(std::string_view super_options);

} // namespace vmguest
