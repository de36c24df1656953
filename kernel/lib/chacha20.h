/*
 * ChaCha20, RFC 8439: the stream behind the random pool.
 */
#pragma once

#include "kernel/lib/types.h"

#define CHACHA20_KEY		32
#define CHACHA20_NONCE		12
#define CHACHA20_BLOCK		64

/* One block of key stream (RFC 8439 2.3). */
void	chacha20_block(const u8 key[CHACHA20_KEY], u32 counter,
	    const u8 nonce[CHACHA20_NONCE], u8 out[CHACHA20_BLOCK]);

/* Encrypt or decrypt (RFC 8439 2.4); in and out may be the same. */
void	chacha20_xor(const u8 key[CHACHA20_KEY], u32 counter,
	    const u8 nonce[CHACHA20_NONCE], const void *in, void *out,
	    usize len);
