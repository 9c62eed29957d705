// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Puts port models at their I/O ports.
#pragma once

#include <string_view>

#include "host.hpp"

namespace vmguest::lab {

/// `port=NAME[:OPTIONS]` on the plugin's command line. Fails if there is no such model, or if it
/// refuses its options; a model that was chosen before stays as it is.
Result<PortModel*> choose_port_model(std::string_view text);
/// When the machine is complete: make and map what was chosen.
void map_port_models();
/// Null if it was not chosen.
PortModel* find_port_model(std::string_view name);

} // namespace vmguest::lab
