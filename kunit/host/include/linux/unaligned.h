/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Access at any address for pure code that is compiled on the host; the
 * kernel's header has the meaning of each name.
 */
#ifndef KUNIT_HOST_UNALIGNED_H
#define KUNIT_HOST_UNALIGNED_H

#define HOST_UNALIGNED(name, type, to, from)			\
	static inline type get_unaligned_##name(const void *p)	\
	{							\
		type v;						\
								\
		memcpy(&v, p, sizeof(v));			\
		return from(v);					\
	}							\
	static inline void put_unaligned_##name(type v, void *p)	\
	{							\
		v = to(v);					\
		memcpy(p, &v, sizeof(v));			\
	}

HOST_UNALIGNED(le16, u16, cpu_to_le16, le16_to_cpu)
HOST_UNALIGNED(le32, u32, cpu_to_le32, le32_to_cpu)
HOST_UNALIGNED(le64, u64, cpu_to_le64, le64_to_cpu)
HOST_UNALIGNED(be16, u16, cpu_to_be16, be16_to_cpu)
HOST_UNALIGNED(be32, u32, cpu_to_be32, be32_to_cpu)
HOST_UNALIGNED(be64, u64, cpu_to_be64, be64_to_cpu)

#endif /* KUNIT_HOST_UNALIGNED_H */
