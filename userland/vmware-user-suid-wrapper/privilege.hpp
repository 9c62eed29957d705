// SPDX-License-Identifier: GPL-2.0-only
// Copyright (c) 2026 the vmguest authors
//
// Becoming the user, for good.
#pragma once

namespace vmguest::handover {

/// All three group ids, then all three user ids become the real ones; a user who is not root has no
/// capability left. Supplementary groups are the user's own all the time and stay. False if any of
/// this cannot be had, or could be undone: then the caller has to end.
bool become_user();

} // namespace vmguest::handover
