/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * One input, one run: its first byte says which direction it is for.
 */
#ifndef KUNIT_FUZZ_VMXNET3_H
#define KUNIT_FUZZ_VMXNET3_H

#include "vmxnet3_rx.h"
#include "vmxnet3_tx.h"

/* Too large for a kernel stack. */
struct fuzz_vmxnet3 {
	union {
		struct fuzz_rx rx;
		struct fuzz_tx tx;
	};
};

/* NULL, or what the pure code did wrong. */
static inline const char *fuzz_vmxnet3_run(struct fuzz_vmxnet3 *f, const u8 *data, size_t size)
{
	struct fuzz_input in = { .next = data, .end = data + size };
	bool is_tx = fuzz_byte(&in) & 1;

	memset(f, 0, sizeof(*f));
	if (is_tx) {
		f->tx.in = in;
		return fuzz_tx_run(&f->tx);
	}
	f->rx.in = in;
	return fuzz_rx_run(&f->rx);
}

#endif /* KUNIT_FUZZ_VMXNET3_H */
