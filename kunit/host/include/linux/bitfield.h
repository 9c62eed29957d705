/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * Bit fields named by constant masks, for pure code that is compiled on the
 * host; the kernel's header has the meaning of each name.
 */
#ifndef KUNIT_HOST_BITFIELD_H
#define KUNIT_HOST_BITFIELD_H

#define host_shift(mask)	__builtin_ctzll(mask)

#define FIELD_MAX(mask)		((typeof(mask))((mask) >> host_shift(mask)))
#define FIELD_FIT(mask, val)	(!((((typeof(mask))(val)) << host_shift(mask)) & ~(mask)))
/* The kernel also refuses constants that do not fit; its builds will say so. */
#define FIELD_PREP(mask, val)	((((typeof(mask))(val)) << host_shift(mask)) & (mask))
#define FIELD_PREP_CONST(mask, val)	FIELD_PREP(mask, val)
#define FIELD_GET(mask, reg)	((typeof(mask))(((reg) & (mask)) >> host_shift(mask)))

#define HOST_FIELD_HELPERS(kind, base, to, from)				\
	static inline kind kind##_field_encode(base val, base field)		\
	{									\
		return to((base)((val << host_shift(field)) & field));		\
	}									\
	static inline base kind##_field_get(kind val, base field)		\
	{									\
		return (base)((from(val) & field) >> host_shift(field));	\
	}									\
	static inline kind kind##_field_replace(kind old, base val, base field)	\
	{									\
		return to((base)((from(old) & ~field) |				\
				 ((val << host_shift(field)) & field)));	\
	}

#define host_same(x)	(x)
HOST_FIELD_HELPERS(u8, u8, host_same, host_same)
HOST_FIELD_HELPERS(u16, u16, host_same, host_same)
HOST_FIELD_HELPERS(u32, u32, host_same, host_same)
HOST_FIELD_HELPERS(u64, u64, host_same, host_same)
HOST_FIELD_HELPERS(__le16, u16, cpu_to_le16, le16_to_cpu)
HOST_FIELD_HELPERS(__le32, u32, cpu_to_le32, le32_to_cpu)
HOST_FIELD_HELPERS(__le64, u64, cpu_to_le64, le64_to_cpu)
HOST_FIELD_HELPERS(__be16, u16, cpu_to_be16, be16_to_cpu)
HOST_FIELD_HELPERS(__be32, u32, cpu_to_be32, be32_to_cpu)

#define u8_encode_bits(v, f)		u8_field_encode(v, f)
#define u8_get_bits(v, f)		u8_field_get(v, f)
#define u8_replace_bits(o, v, f)	u8_field_replace(o, v, f)
#define u16_encode_bits(v, f)		u16_field_encode(v, f)
#define u16_get_bits(v, f)		u16_field_get(v, f)
#define u16_replace_bits(o, v, f)	u16_field_replace(o, v, f)
#define u32_encode_bits(v, f)		u32_field_encode(v, f)
#define u32_get_bits(v, f)		u32_field_get(v, f)
#define u32_replace_bits(o, v, f)	u32_field_replace(o, v, f)
#define u32p_replace_bits(p, v, f)	(*(p) = u32_field_replace(*(p), v, f))
#define u64_encode_bits(v, f)		u64_field_encode(v, f)
#define u64_get_bits(v, f)		u64_field_get(v, f)
#define u64_replace_bits(o, v, f)	u64_field_replace(o, v, f)
#define u64p_replace_bits(p, v, f)	(*(p) = u64_field_replace(*(p), v, f))
#define le16_encode_bits(v, f)		__le16_field_encode(v, f)
#define le16_get_bits(v, f)		__le16_field_get(v, f)
#define le32_encode_bits(v, f)		__le32_field_encode(v, f)
#define le32_get_bits(v, f)		__le32_field_get(v, f)
#define le32_replace_bits(o, v, f)	__le32_field_replace(o, v, f)
#define le32p_replace_bits(p, v, f)	(*(p) = __le32_field_replace(*(p), v, f))
#define le64_encode_bits(v, f)		__le64_field_encode(v, f)
#define le64_get_bits(v, f)		__le64_field_get(v, f)
#define le64_replace_bits(o, v, f)	__le64_field_replace(o, v, f)
#define le64p_replace_bits(p, v, f)	(*(p) = __le64_field_replace(*(p), v, f))
#define be16_get_bits(v, f)		__be16_field_get(v, f)
#define be32_get_bits(v, f)		__be32_field_get(v, f)

#endif /* KUNIT_HOST_BITFIELD_H */
