// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * A suite as a program: prints KTAP, fails if a suite fails.
 */
#include <kunit/test.h>

int main(void)
{
	unsigned int count = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (kunit_shim_suites[count])
		count++;
	printf("KTAP version 1\n1..%u\n", count);
	return kunit_shim_run(kunit_shim_suites) ? EXIT_FAILURE : EXIT_SUCCESS;
}
