// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Puts port models at their I/O ports.
#pragma once

#include <string_view>

#include "host.hpp"

namespace vmguest::lab {

/// `port=NAME` on the plugin's command line. False if there is no such model.
bool choose_port_model(std::string_view name);
/// When the machine is complete: make and map what was chosen.
void map_port_models();
/// Null if it was not chosen.
PortModel* find_port_model(std::string_view name);

} // namespace vmguest::lab
