// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Opening vmblock's control node. Needs root's rights, and is the only thing that does.
#pragma once

#include "descriptor.hpp"

namespace vmguest::handover {

/// The open node, or why there is none.
struct Control {
    Descriptor node;
    const char* problem = nullptr;
};

/// The FUSE flavour's node if that is mounted, else the module's. It is closed at an exec until its
/// flag is taken off.
Control open_control();

} // namespace vmguest::handover
