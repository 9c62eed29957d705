// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The libFuzzer target; kunit/fuzz/run drives it.
 */
#include "vmxnet3.h"

/* The name that libFuzzer looks for. */
int fuzz_one(const u8 *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int fuzz_one(const u8 *data, size_t size)
{
	static struct fuzz_vmxnet3 run;
	const char *fault = fuzz_vmxnet3_run(&run, data, size);

	if (fault) {
		fprintf(stderr, "vmxnet3: the driver %s\n", fault);
		abort();
	}
	return 0;
}
