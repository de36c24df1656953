/*
 * The integer types, and the few macros that every file uses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef size_t usize;
typedef ptrdiff_t isize;

typedef u64 paddr_t;		/* physical address, in bytes */
typedef u64 vaddr_t;		/* virtual address, not dereferenced by us */
typedef u32 pfn_t;		/* physical frame number: paddr >> 12 */

/* An address that user space gave us: it cannot be dereferenced by mistake. */
typedef struct {
	u64 addr;
} uptr_t;

#define UPTR(x)			((uptr_t){ (u64)(x) })

#define PAGE_SHIFT		12
#define PAGE_SIZE		4096ul
#define PAGE_MASK		(PAGE_SIZE - 1)
#define PAGE_DOWN(x)		((x) & ~PAGE_MASK)
#define PAGE_UP(x)		(((x) + PAGE_MASK) & ~PAGE_MASK)

#define BIT(n)			(1ul << (n))
#define ARRAY_LEN(a)		(sizeof(a) / sizeof((a)[0]))
#define ROUND_UP(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ROUND_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define DIV_UP(x, a)		(((x) + (a) - 1) / (a))
#define MIN(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
	a_ < b_ ? a_ : b_; })
#define MAX(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
	a_ > b_ ? a_ : b_; })
#define CONTAINER_OF(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define noinline		__attribute__((noinline))
#define always_inline		inline __attribute__((always_inline))
#define noreturn		__attribute__((noreturn))
#define packed			__attribute__((packed))
#define aligned(n)		__attribute__((aligned(n)))
#define maybe_unused		__attribute__((unused))
#define nodiscard		__attribute__((warn_unused_result))
#define printf_like(f, a)	__attribute__((format(printf, f, a)))
#define CACHE_LINE		64

/* One load or store that the compiler neither tears, repeats nor drops. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
