/*
 * ChaCha20, RFC 8439 sections 2.1 to 2.4.
 */
#include "kernel/lib/chacha20.h"
#include "kernel/lib/string.h"

#define ROTL(x, n)		((x) << (n) | (x) >> (32 - (n)))
#define QUARTER(a, b, c, d) do { \
	a += b; d = ROTL(d ^ a, 16); \
	c += d; b = ROTL(b ^ c, 12); \
	a += b; d = ROTL(d ^ a, 8); \
	c += d; b = ROTL(b ^ c, 7); \
} while (0)

void
chacha20_block(const u8 key[CHACHA20_KEY], u32 counter,
    const u8 nonce[CHACHA20_NONCE], u8 out[CHACHA20_BLOCK])
{
	u32 start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	u32 x[16];

	memcpy(&start[4], key, CHACHA20_KEY);
	start[12] = counter;
	memcpy(&start[13], nonce, CHACHA20_NONCE);
	memcpy(x, start, sizeof(x));
	for (int i = 0; i < 10; i++) {
		QUARTER(x[0], x[4], x[8], x[12]);
		QUARTER(x[1], x[5], x[9], x[13]);
		QUARTER(x[2], x[6], x[10], x[14]);
		QUARTER(x[3], x[7], x[11], x[15]);
		QUARTER(x[0], x[5], x[10], x[15]);
		QUARTER(x[1], x[6], x[11], x[12]);
		QUARTER(x[2], x[7], x[8], x[13]);
		QUARTER(x[3], x[4], x[9], x[14]);
	}
	for (int i = 0; i < 16; i++)
		x[i] += start[i];
	memcpy(out, x, CHACHA20_BLOCK);
}

void
chacha20_xor(const u8 key[CHACHA20_KEY], u32 counter,
    const u8 nonce[CHACHA20_NONCE], const void *in, void *out, usize len)
{
	const u8 *from = in;
	u8 *to = out, block[CHACHA20_BLOCK];
	usize n;

	for (; len; from += n, to += n, len -= n) {
		chacha20_block(key, counter++, nonce, block);
		n = MIN(len, (usize)CHACHA20_BLOCK);
		for (usize i = 0; i < n; i++)
			to[i] = from[i] ^ block[i];
	}
}
