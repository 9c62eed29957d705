// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The libFuzzer target; kunit/fuzz/run drives it.
 */
#include "ovmapi_wire.h"

/* The name that libFuzzer looks for. */
int fuzz_one(const u8 *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int fuzz_one(const u8 *data, size_t size)
{
	static struct fuzz_wire run;
	const char *fault = fuzz_wire_run_input(&run, data, size);

	if (fault) {
		fprintf(stderr, "ovmapi_wire: the driver %s\n", fault);
		abort();
	}
	return 0;
}
