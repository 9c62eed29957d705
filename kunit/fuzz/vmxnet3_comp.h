/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * A completion ring between a hostile device and the driver's reader.  The books
 * count completions since the ring was started; the index and the generation
 * that belong to a count are a division away, which is how the reader does not
 * work.
 */
#ifndef KUNIT_FUZZ_VMXNET3_COMP_H
#define KUNIT_FUZZ_VMXNET3_COMP_H

#include <linux/string.h>

#include "../../drivers/vmxnet3/vmxnet3_ring.h"
#include "input.h"

/* Rings of this many slots at most: small ones wrap soon. */
#define FUZZ_RING	64u

struct fuzz_comp {
	struct vmxnet3_comp_pos pos;	/* the driver's */
	struct vmxnet3_comp ring[2 * FUZZ_RING];

	/* The books. */
	u32 size;
	u32 written;
	u32 read;
};

static inline void fuzz_comp_start(struct fuzz_comp *c, u32 size)
{
	memset(c, 0, sizeof(*c));
	c->size = size;
	vmxnet3_comp_start(&c->pos, size);
}

static inline void fuzz_comp_store(struct fuzz_comp *c, u32 count, u64 w0, u64 w1)
{
	u64 gen = count / c->size % 2 ? 0 : 1ull << 63;
	struct vmxnet3_comp *e = &c->ring[count % c->size];

	e->w0 = cpu_to_le64(w0);
	e->w1 = cpu_to_le64((w1 & ~(1ull << 63)) | gen);
}

/* The device completes something, where and as the driver expects it. */
static inline void fuzz_comp_write(struct fuzz_comp *c, u64 w0, u64 w1)
{
	fuzz_comp_store(c, c->written++, w0, w1);
}

/* It scribbles. */
static inline void fuzz_comp_scribble(struct fuzz_comp *c, struct fuzz_input *in)
{
	struct vmxnet3_comp *e = &c->ring[fuzz_byte(in) % c->size];

	e->w0 = cpu_to_le64(fuzz_u64(in));
	e->w1 = cpu_to_le64(fuzz_u64(in));
}

/* The device stores a completion just where the driver looks next. */
static inline void fuzz_comp_forestall(struct fuzz_comp *c, u64 w0, u64 w1)
{
	fuzz_comp_store(c, c->read, w0, w1);
	if (c->written == c->read)
		c->written++;
}

/* Double word @n of the completion that is being read, as the books see it. */
static inline u32 fuzz_comp_dword(const struct fuzz_comp *c, u32 n)
{
	const u8 *b = (const u8 *)&c->ring[c->read % c->size] + 4 * n;

	return b[0] | b[1] << 8 | b[2] << 16 | (u32)b[3] << 24;
}

/* The driver looks for a completion. */
static inline bool fuzz_comp_is_new(struct fuzz_comp *c, struct fuzz_input *in)
{
	bool want = fuzz_comp_dword(c, 3) >> 31 == !(c->read / c->size % 2);
	bool is_new;

	if (!fuzz_holds(in, c->pos.next == c->read % c->size, "reads completions out of order"))
		return false;
	is_new = vmxnet3_comp_is_new(&c->pos, le64_to_cpu(c->ring[c->pos.next].w1));
	return fuzz_holds(in, is_new == want, "mistakes the generation of a completion") && is_new;
}

/* Takes it; the books stay with it until fuzz_comp_pass(). */
static inline void fuzz_comp_take(struct fuzz_comp *c, u64 *w0, u64 *w1)
{
	*w0 = le64_to_cpu(c->ring[c->pos.next].w0);
	*w1 = le64_to_cpu(c->ring[c->pos.next].w1);
	vmxnet3_comp_advance(&c->pos);
}

static inline void fuzz_comp_pass(struct fuzz_comp *c)
{
	c->read++;
}

#endif /* KUNIT_FUZZ_VMXNET3_COMP_H */
