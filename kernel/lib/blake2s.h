/*
 * BLAKE2s, RFC 7693: the hash that stirs entropy into the random pool.
 */
#pragma once

#include "kernel/lib/types.h"

#define BLAKE2S_BLOCK		64
#define BLAKE2S_HASH		32
#define BLAKE2S_KEY_MAX		32

struct blake2s {
	u32 h[8];
	u64 count;			/* bytes hashed so far */
	u8 buf[BLAKE2S_BLOCK];
	u32 fill;			/* bytes waiting in buf */
	u32 hash_len;
};

/* hash_len 1 to 32; key_len 0 to 32 (key may be NULL when 0). */
void	blake2s_init(struct blake2s *s, u32 hash_len, const void *key,
	    u32 key_len);
void	blake2s_update(struct blake2s *s, const void *data, usize len);

/* Write hash_len bytes and wipe the state. */
void	blake2s_final(struct blake2s *s, u8 *out);

/* All at once, unkeyed, 32 bytes. */
void	blake2s(const void *data, usize len, u8 out[BLAKE2S_HASH]);
