/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * For kernels that have the unaligned accessors under asm/ only (the header moved in 6.12).
 */
#ifndef VMGUEST_COMPAT_LINUX_UNALIGNED_H
#define VMGUEST_COMPAT_LINUX_UNALIGNED_H

#include <asm/unaligned.h>

#endif /* VMGUEST_COMPAT_LINUX_UNALIGNED_H */
