/*
 * Hashes for tables in memory.
 *
 * hash_bytes is seeded and takes one 64 x 64 -> 128 bit multiplication for
 * eight bytes. With a secret seed it resists a user who picks names to collide,
 * but it is no message authenticator: what leaves the machine (TCP sequence
 * numbers) uses siphash.h.
 */
#pragma once

#include "kernel/lib/types.h"

#define HASH_K0			0x9e3779b97f4a7c15ul	/* 2^64 / phi */
#define HASH_K1			0xd6e8feb86659fd93ul

/* The top bits are the good ones: take hash_u64(x) >> (64 - n). */
static always_inline u64
hash_u64(u64 x)
{
	return x * HASH_K0;
}

/* Map x to a table of 2^bits entries; bits from 1 to 63. */
static always_inline u64
hash_bits(u64 x, u32 bits)
{
	return hash_u64(x) >> (64 - bits);
}

static always_inline u64
hash_ptr(const void *p, u32 bits)
{
	return hash_bits((u64)p, bits);
}

/* Multiply wide and fold: every input bit reaches every output bit. */
static always_inline u64
hash_mix(u64 a, u64 b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

/* Eight, or fewer, bytes at any alignment, little end first. */
static always_inline u64
hash_load64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static always_inline u64
hash_load_tail(const u8 *p, usize n)
{
	u32 lo, hi;

	if (n >= 4) {
		__builtin_memcpy(&lo, p, sizeof(lo));
		__builtin_memcpy(&hi, p + n - 4, sizeof(hi));
		return (u64)hi << 32 | lo;
	}
	if (n == 0)
		return 0;
	return (u64)p[0] << 16 | (u64)p[n / 2] << 8 | p[n - 1];
}

/* Hash len bytes; all 64 bits of the result are good. */
static always_inline u64
hash_bytes(const void *data, usize len, u64 seed)
{
	const u8 *p = data;
	usize n = len;
	u64 h = seed ^ HASH_K0;

	for (; n > 8; p += 8, n -= 8)
		h = hash_mix(h ^ hash_load64(p), HASH_K1);
	if (n == 8)
		h = hash_mix(h ^ hash_load64(p), HASH_K1);
	else
		h = hash_mix(h ^ hash_load_tail(p, n), HASH_K1);
	return hash_mix(h ^ len, HASH_K0);
}
