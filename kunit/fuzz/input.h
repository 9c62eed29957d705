/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * What fuzz engines share: the bytes of an input, read one after the other, and
 * the first fault that was found.  An engine plays the driver with the driver's
 * own pure code, plays a hostile device as the input says, and keeps books of
 * its own; a fault is a line that tells where the two disagree.
 */
#ifndef KUNIT_FUZZ_INPUT_H
#define KUNIT_FUZZ_INPUT_H

#include <linux/types.h>

struct fuzz_input {
	const u8 *next;
	const u8 *end;
	const char *fault;
};

static inline bool fuzz_goes_on(const struct fuzz_input *in)
{
	return in->next != in->end && !in->fault;
}

/* The next byte, 0 behind the end. */
static inline u8 fuzz_byte(struct fuzz_input *in)
{
	return in->next != in->end ? *in->next++ : 0;
}

static inline u32 fuzz_u32(struct fuzz_input *in)
{
	u32 v = fuzz_byte(in);

	v |= (u32)fuzz_byte(in) << 8;
	v |= (u32)fuzz_byte(in) << 16;
	return v | (u32)fuzz_byte(in) << 24;
}

static inline u64 fuzz_u64(struct fuzz_input *in)
{
	u64 low = fuzz_u32(in);

	return low | (u64)fuzz_u32(in) << 32;
}

/* The first fault counts: what comes later may follow from it. */
static inline bool fuzz_holds(struct fuzz_input *in, bool cond, const char *fault)
{
	if (!cond && !in->fault)
		in->fault = fault;
	return cond;
}

#endif /* KUNIT_FUZZ_INPUT_H */
