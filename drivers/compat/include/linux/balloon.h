/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * For kernels before 7.0, where the header is named after one of its uses.
 */
#ifndef VMGUEST_COMPAT_LINUX_BALLOON_H
#define VMGUEST_COMPAT_LINUX_BALLOON_H

#include <linux/balloon_compaction.h>

#endif /* VMGUEST_COMPAT_LINUX_BALLOON_H */
