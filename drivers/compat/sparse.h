/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What the released sparse (0.6.4) does not know of the newest kernel's headers. Included by
 * scripts/kmod when it runs sparse, and by nothing else.
 */
#ifndef VMGUEST_SPARSE_H
#define VMGUEST_SPARSE_H

/* Qualifiers are of no interest to sparse here. */
#define __typeof_unqual__ __typeof__

/* MODULE_INFO() compares a literal's length with its size in a static assertion. */
#define __builtin_strlen(s) (sizeof(s) - 1)

#endif /* VMGUEST_SPARSE_H */
