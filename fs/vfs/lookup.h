/*
 * The hot part of the name cache, inline in the walk: reading a component and
 * finding it in the table. dcache.c owns the table and has the theory.
 */
#pragma once

#include "fs/vfs/vfs.h"
#include "kernel/lib/hash.h"

#define CHAINS_PER_FRAME	(PAGE_SIZE / sizeof(struct hlist))
#define TABLE_FRAMES_MAX	1024u

/* [I after boot] */
extern struct dcache_table {
	u32		shift;		/* 64 - log2(chains) */
	u64		seed;		/* secret: names that collide cost us */
	struct hlist	*frame[TABLE_FRAMES_MAX];
} dcache_table;

#define BYTES(c)	(0x0101010101010101ul * (u8)(c))

static always_inline u64
zero_bytes(u64 w)
{
	return (w - BYTES(1)) & ~w & BYTES(0x80);
}

/* Eight bytes at s; near the end of a page, only up to the NUL. */
static always_inline u64
load_word(const char *s)
{
	u64 w = 0;

	if (likely(((u64)s & PAGE_MASK) <= PAGE_SIZE - 8))
		return hash_load64((const u8 *)s);
	for (u32 i = 0; i < 8; i++) {
		w |= (u64)(u8)s[i] << (8 * i);
		if (s[i] == '\0')
			break;
	}
	return w;
}

static always_inline u64
low_bytes(u64 w, u32 n)
{
	return w & (BIT(8 * n) - 1);
}

/*
 * Length and hash of the component at s, which ends at '/' or NUL. A name has
 * no NUL in it, so padding its last word with zeros loses nothing.
 */
static always_inline usize
name_scan(const char *s, u64 *hash)
{
	u64 h = dcache_table.seed, w, stop;
	usize len = 0;
	u32 n;

	for (;;) {
		w = load_word(s + len);
		stop = zero_bytes(w) | zero_bytes(w ^ BYTES('/'));
		if (stop != 0)
			break;
		h = hash_mix(h ^ w, HASH_K1);
		len += 8;
	}
	n = __builtin_ctzl(stop) / 8;
	*hash = hash_mix(h ^ low_bytes(w, n), HASH_K1);
	return len + n;
}

/* The same hash of len bytes, of which none is '/' or NUL. */
static inline u64
name_hash(const char *s, usize len)
{
	u64 h = dcache_table.seed, w;

	for (;;) {
		w = 0;
		for (usize i = 0; i < len && i < 8; i++)
			w |= (u64)(u8)s[i] << (8 * i);
		h = hash_mix(h ^ w, HASH_K1);
		if (len < 8)
			return h;
		s += 8;
		len -= 8;
	}
}

/* Names in dentries are padded with eight zero bytes. */
static always_inline bool
name_is(const struct dentry *d, const char *s, usize len)
{
	const char *name = READ_ONCE(d->name);
	usize at = 0;

	if (unlikely(READ_ONCE(d->name_len) != len))
		return false;
	if (unlikely(len > DNAME_INLINE - 8 && name == d->inline_name))
		return false;		/* read in the middle of a swap: D3 */
	for (; at + 8 <= len; at += 8)
		if (hash_load64((const u8 *)name + at) !=
		    hash_load64((const u8 *)s + at))
			return false;
	return at == len || hash_load64((const u8 *)name + at) ==
	    low_bytes(load_word(s + at), len - at);
}

static always_inline u64
chain_no(const struct dentry *parent, u64 hash)
{
	return hash_u64(hash ^ (u64)parent) >> dcache_table.shift;
}

static always_inline struct hlist *
chain_of(u64 no)
{
	return &dcache_table.frame[no / CHAINS_PER_FRAME]
	    [no % CHAINS_PER_FRAME];
}

/* The hashed dentry, under RCU, or NULL. May miss one that is being moved. */
static always_inline struct dentry *
dentry_find_rcu(const struct dentry *parent, const char *s, usize len,
    u64 hash)
{
	struct dentry *d;

	hlist_for_each(d, chain_of(chain_no(parent, hash)), hash_node)
		if (d->hash == hash && READ_ONCE(d->parent) == parent &&
		    name_is(d, s, len))
			return d;
	return NULL;
}
