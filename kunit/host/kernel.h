/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The kernel's basic vocabulary for pure code that is compiled on the host.
 * It is force-included, so the kernel header that a name comes from does not
 * matter here; that every name is included properly is what the kernel builds
 * prove.  Only little-endian hosts.
 */
#ifndef KUNIT_HOST_KERNEL_H
#define KUNIT_HOST_KERNEL_H

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#if __BYTE_ORDER != __LITTLE_ENDIAN
#error "the byte order helpers below are those of a little-endian host"
#endif

/* types */
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;
typedef unsigned int gfp_t;

#define U8_MAX		UINT8_MAX
#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define U64_MAX		((u64)~0ULL)
#define S8_MAX		INT8_MAX
#define S16_MAX		INT16_MAX
#define S32_MAX		INT32_MAX
#define S64_MAX		((s64)(U64_MAX >> 1))
#define S32_MIN		INT32_MIN
#define S64_MIN		((s64)(-S64_MAX - 1))

/* compiler */
#define __packed		__attribute__((__packed__))
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __maybe_unused		__attribute__((__unused__))
#define __always_unused		__attribute__((__unused__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __noreturn		__attribute__((__noreturn__))
#undef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#define noinline		__attribute__((__noinline__))
#define __pure			__attribute__((__pure__))
#ifndef __attribute_const__
#define __attribute_const__	__attribute__((__const__))
#endif
#define fallthrough		__attribute__((__fallthrough__))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ __volatile__("" : : : "memory")
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val)	(*(volatile typeof(x) *)&(x) = (val))
#define __same_type(a, b)	__builtin_types_compatible_p(typeof(a), typeof(b))
#define __force
#define __user
#define __iomem
#define __init
#define __exit
#define __read_mostly
#define __acquires(x)
#define __releases(x)
#define OPTIMIZER_HIDE_VAR(x)	__asm__ ("" : "=r" (x) : "0" (x))
#define IS_ENABLED(option)	0

/* build_bug */
#define static_assert(...)	static_assert_(__VA_ARGS__, #__VA_ARGS__)
#define static_assert_(expr, msg, ...)	_Static_assert(expr, msg)
#define BUILD_BUG_ON_MSG(cond, msg)	_Static_assert(!(cond), msg)
#define BUILD_BUG_ON(cond)	BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON: " #cond)
#define BUILD_BUG_ON_ZERO(cond)	((int)(sizeof(struct { int: (-!!(cond)); })))

/* stddef, array_size, container_of */
#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define offsetofend(type, member)	(offsetof(type, member) + sizeof_field(type, member))
#define struct_group(name, ...) \
	union { struct { __VA_ARGS__ }; struct { __VA_ARGS__ } name; }
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* bits */
#define BITS_PER_BYTE		8
#define BITS_PER_LONG		(BITS_PER_BYTE * (int)sizeof(long))
#define BITS_PER_LONG_LONG	64
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK(high, low)	((~0UL << (low)) & (~0UL >> (BITS_PER_LONG - 1 - (high))))
#define GENMASK_ULL(high, low)	((~0ULL << (low)) & (~0ULL >> (63 - (high))))
#define hweight32(x)		((unsigned int)__builtin_popcount(x))
#define hweight64(x)		((unsigned int)__builtin_popcountll(x))
#define upper_32_bits(n)	((u32)(((u64)(n)) >> 32))
#define lower_32_bits(n)	((u32)((n) & 0xffffffff))
#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define __fls(x)		((unsigned long)(BITS_PER_LONG - 1 - __builtin_clzl(x)))

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

/* log2 */
static inline int ilog2(u64 n)
{
	return fls64(n) - 1;
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return 1UL << fls64(n - 1);
}

static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << (fls64(n) - 1);
}

/* minmax: as in the kernel, both sides have the same type or are cast */
#define host_cmp(a, op, b) \
	({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ op b_ ? a_ : b_; })
#define min(a, b)		host_cmp(a, <, b)
#define max(a, b)		host_cmp(a, >, b)
#define min_t(type, a, b)	host_cmp((type)(a), <, (type)(b))
#define max_t(type, a, b)	host_cmp((type)(a), >, (type)(b))
#define min3(a, b, c)		({ typeof(a) m_ = min(a, b); min(m_, c); })
#define max3(a, b, c)		({ typeof(a) m_ = max(a, b); max(m_, c); })
#define clamp(v, low, high)	({ typeof(v) m_ = max(v, low); min(m_, high); })
#define clamp_t(type, v, low, high) \
	({ type m_ = max_t(type, v, low); min_t(type, m_, high); })
#define swap(a, b) \
	do { typeof(a) t_ = (a); (a) = (b); (b) = t_; } while (0)

/* math, align */
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_CLOSEST(n, d)	(((n) + (d) / 2) / (d))
#define roundup(x, y)		(DIV_ROUND_UP(x, y) * (y))
#define rounddown(x, y)		((x) - (x) % (y))
#define ALIGN(x, a)		(((x) + (typeof(x))(a) - 1) & ~((typeof(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((typeof(x))(a) - 1))
#define IS_ALIGNED(x, a)	(!((x) & ((typeof(x))(a) - 1)))
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define SZ_4K			0x1000
#define SZ_64K			0x10000

static inline u64 div_u64(u64 n, u32 d)
{
	return n / d;
}

static inline u64 div64_u64(u64 n, u64 d)
{
	return n / d;
}

/* byte order */
#define cpu_to_le16(x)		((__force __le16)(u16)(x))
#define cpu_to_le32(x)		((__force __le32)(u32)(x))
#define cpu_to_le64(x)		((__force __le64)(u64)(x))
#define le16_to_cpu(x)		((__force u16)(__le16)(x))
#define le32_to_cpu(x)		((__force u32)(__le32)(x))
#define le64_to_cpu(x)		((__force u64)(__le64)(x))
#define cpu_to_be16(x)		((__force __be16)__builtin_bswap16(x))
#define cpu_to_be32(x)		((__force __be32)__builtin_bswap32(x))
#define cpu_to_be64(x)		((__force __be64)__builtin_bswap64(x))
#define be16_to_cpu(x)		__builtin_bswap16((__force u16)(__be16)(x))
#define be32_to_cpu(x)		__builtin_bswap32((__force u32)(__be32)(x))
#define be64_to_cpu(x)		__builtin_bswap64((__force u64)(__be64)(x))
#define le16_to_cpup(p)		le16_to_cpu(*(p))
#define le32_to_cpup(p)		le32_to_cpu(*(p))
#define le64_to_cpup(p)		le64_to_cpu(*(p))
#define le16_add_cpu(p, v)	(*(p) = cpu_to_le16(le16_to_cpu(*(p)) + (v)))
#define le32_add_cpu(p, v)	(*(p) = cpu_to_le32(le32_to_cpu(*(p)) + (v)))
#ifndef htons
#define htons(x)		cpu_to_be16(x)
#define htonl(x)		cpu_to_be32(x)
#define ntohs(x)		be16_to_cpu(x)
#define ntohl(x)		be32_to_cpu(x)
#endif

/* err */
#define MAX_ERRNO		4095
#define IS_ERR_VALUE(x)		((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return IS_ERR_VALUE(ptr);
}

static inline int PTR_ERR_OR_ZERO(const void *ptr)
{
	return IS_ERR(ptr) ? PTR_ERR(ptr) : 0;
}

static inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return !ptr || IS_ERR_VALUE(ptr);
}

/* string, printk-free formatting */
static inline ssize_t strscpy(char *dest, const char *src, size_t size)
{
	size_t len = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (len == size) {
		memcpy(dest, src, size - 1);
		dest[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dest, src, len + 1);
	return len;
}

static inline int scnprintf_len(int wanted, size_t size)
{
	return wanted < (int)size ? wanted : (size ? (int)size - 1 : 0);
}

#define scnprintf(buf, size, ...)	scnprintf_len(snprintf(buf, size, __VA_ARGS__), size)

/* Behind a barrier, so that it stays where nobody reads the memory again. */
static inline void memzero_explicit(void *start, size_t bytes)
{
	memset(start, 0, bytes);
	__asm__ __volatile__("" : : "r" (start) : "memory");
}

static inline void *memchr_inv(const void *start, int c, size_t bytes)
{
	const u8 *p = start;

	for (; bytes; p++, bytes--)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

/* slab: for suites; pure code allocates through its caller */
#define GFP_KERNEL		0u
#define GFP_ATOMIC		0u
#define __GFP_ZERO		1u

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	return gfp & __GFP_ZERO ? calloc(1, size) : malloc(size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	(void)gfp;
	return calloc(n, size);
}

static inline void kfree(const void *ptr)
{
	free((void *)ptr);
}

/* module */
#define THIS_MODULE		NULL
#define __module_get(module)	((void)(module))
#define EXPORT_SYMBOL_GPL(name)
#define EXPORT_SYMBOL_NS_GPL(name, ns)
#define MODULE_LICENSE(text)		_Static_assert(1, text)
#define MODULE_DESCRIPTION(text)	_Static_assert(1, text)
#define MODULE_AUTHOR(text)		_Static_assert(1, text)

#endif /* KUNIT_HOST_KERNEL_H */
