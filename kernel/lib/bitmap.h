/*
 * Bitmaps: arrays of u64, bit n in word n / 64. The searches return nbits when
 * nothing is found; bits past nbits in the last word are never reported.
 */
#pragma once

#include "kernel/lib/types.h"

#define BITMAP_WORDS(nbits)	(((nbits) + 63) / 64)
#define BITMAP(name, nbits)	u64 name[BITMAP_WORDS(nbits)]

/* Bits set in a word; without popcnt, which the kernel may not assume. */
static always_inline u32
popcount_u64(u64 x)
{
	x -= (x >> 1) & 0x5555555555555555ul;
	x = (x & 0x3333333333333333ul) + ((x >> 2) & 0x3333333333333333ul);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0ful;
	return (u32)((x * 0x0101010101010101ul) >> 56);
}

/* Position of the lowest and highest set bit; x must not be zero. */
#define lowest_bit(x)		((u32)__builtin_ctzl(x))
#define highest_bit(x)		(63u - (u32)__builtin_clzl(x))

static always_inline void
bitmap_set(u64 *map, usize bit)
{
	map[bit / 64] |= 1ul << (bit % 64);
}

static always_inline void
bitmap_clear(u64 *map, usize bit)
{
	map[bit / 64] &= ~(1ul << (bit % 64));
}

static always_inline bool
bitmap_test(const u64 *map, usize bit)
{
	return READ_ONCE(map[bit / 64]) >> (bit % 64) & 1;
}

static always_inline bool
bitmap_test_and_set(u64 *map, usize bit)
{
	bool was = bitmap_test(map, bit);

	bitmap_set(map, bit);
	return was;
}

static always_inline bool
bitmap_test_and_clear(u64 *map, usize bit)
{
	bool was = bitmap_test(map, bit);

	bitmap_clear(map, bit);
	return was;
}

/* The same on words that several CPUs change at once. */
static always_inline void
bitmap_set_atomic(u64 *map, usize bit)
{
	(void)__atomic_fetch_or(&map[bit / 64], 1ul << (bit % 64),
	    __ATOMIC_SEQ_CST);
}

static always_inline void
bitmap_clear_atomic(u64 *map, usize bit)
{
	(void)__atomic_fetch_and(&map[bit / 64], ~(1ul << (bit % 64)),
	    __ATOMIC_SEQ_CST);
}

static always_inline bool
bitmap_test_and_set_atomic(u64 *map, usize bit)
{
	u64 mask = 1ul << (bit % 64);

	return (__atomic_fetch_or(&map[bit / 64], mask, __ATOMIC_SEQ_CST) &
	    mask) != 0;
}

static always_inline bool
bitmap_test_and_clear_atomic(u64 *map, usize bit)
{
	u64 mask = 1ul << (bit % 64);

	return (__atomic_fetch_and(&map[bit / 64], ~mask, __ATOMIC_SEQ_CST) &
	    mask) != 0;
}

static always_inline void
bitmap_zero(u64 *map, usize nbits)
{
	for (usize i = 0; i < BITMAP_WORDS(nbits); i++)
		map[i] = 0;
}

/* Set bits 0 to nbits - 1, and no more. */
static always_inline void
bitmap_fill(u64 *map, usize nbits)
{
	for (usize i = 0; i < BITMAP_WORDS(nbits); i++)
		map[i] = ~0ul;
	if (nbits % 64)
		map[nbits / 64] = (1ul << (nbits % 64)) - 1;
}

static always_inline void
bitmap_copy(u64 *to, const u64 *from, usize nbits)
{
	for (usize i = 0; i < BITMAP_WORDS(nbits); i++)
		to[i] = from[i];
}

static always_inline void
bitmap_and(u64 *to, const u64 *a, const u64 *b, usize nbits)
{
	for (usize i = 0; i < BITMAP_WORDS(nbits); i++)
		to[i] = a[i] & b[i];
}

static always_inline void
bitmap_or(u64 *to, const u64 *a, const u64 *b, usize nbits)
{
	for (usize i = 0; i < BITMAP_WORDS(nbits); i++)
		to[i] = a[i] | b[i];
}

static always_inline void
bitmap_andnot(u64 *to, const u64 *a, const u64 *b, usize nbits)
{
	for (usize i = 0; i < BITMAP_WORDS(nbits); i++)
		to[i] = a[i] & ~b[i];
}

/* Bits set or clear: lowest at or above from, or nbits. */
static inline usize
bitmap_find_next(const u64 *map, usize nbits, usize from)
{
	u64 word;
	usize i = from / 64, bit;

	if (from >= nbits)
		return nbits;
	word = READ_ONCE(map[i]) & ~0ul << (from % 64);
	while (word == 0) {
		if (++i >= BITMAP_WORDS(nbits))
			return nbits;
		word = READ_ONCE(map[i]);
	}
	bit = i * 64 + lowest_bit(word);
	return bit < nbits ? bit : nbits;
}

static inline usize
bitmap_find_next_zero(const u64 *map, usize nbits, usize from)
{
	u64 word;
	usize i = from / 64, bit;

	if (from >= nbits)
		return nbits;
	word = ~READ_ONCE(map[i]) & ~0ul << (from % 64);
	while (word == 0) {
		if (++i >= BITMAP_WORDS(nbits))
			return nbits;
		word = ~READ_ONCE(map[i]);
	}
	bit = i * 64 + lowest_bit(word);
	return bit < nbits ? bit : nbits;
}

static always_inline usize
bitmap_find_first(const u64 *map, usize nbits)
{
	return bitmap_find_next(map, nbits, 0);
}

static always_inline usize
bitmap_find_first_zero(const u64 *map, usize nbits)
{
	return bitmap_find_next_zero(map, nbits, 0);
}

static always_inline bool
bitmap_is_empty(const u64 *map, usize nbits)
{
	return bitmap_find_first(map, nbits) == nbits;
}

/* Number of bits set below nbits. */
static inline usize
bitmap_weight(const u64 *map, usize nbits)
{
	usize n = 0, i;

	for (i = 0; i < nbits / 64; i++)
		n += popcount_u64(map[i]);
	if (nbits % 64)
		n += popcount_u64(map[i] & ((1ul << (nbits % 64)) - 1));
	return n;
}

/* Visit the set bits in rising order; bit is a usize. */
#define bitmap_for_each(bit, map, nbits) \
	for ((bit) = bitmap_find_first((map), (nbits)); (bit) < (nbits); \
	    (bit) = bitmap_find_next((map), (nbits), (bit) + 1))
