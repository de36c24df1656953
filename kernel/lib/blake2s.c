/*
 * BLAKE2s, RFC 7693.
 */
#include "kernel/lib/blake2s.h"
#include "kernel/lib/string.h"

#define ROTR(x, n)		((x) >> (n) | (x) << (32 - (n)))

static const u32 iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* RFC 7693 2.7 */
static const u8 sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static always_inline void
mix(u32 v[16], int a, int b, int c, int d, u32 x, u32 y)
{
	v[a] += v[b] + x;
	v[d] = ROTR(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = ROTR(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = ROTR(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = ROTR(v[b] ^ v[c], 7);
}

/* RFC 7693 3.2; s->count already holds the bytes of this block. */
static void
compress(struct blake2s *s, const u8 *block, bool is_last)
{
	u32 v[16], m[16];
	const u8 *g;

	memcpy(m, block, sizeof(m));
	memcpy(v, s->h, sizeof(s->h));
	memcpy(v + 8, iv, sizeof(iv));
	v[12] ^= (u32)s->count;
	v[13] ^= (u32)(s->count >> 32);
	if (is_last)
		v[14] = ~v[14];
	for (int i = 0; i < 10; i++) {
		g = sigma[i];
		mix(v, 0, 4, 8, 12, m[g[0]], m[g[1]]);
		mix(v, 1, 5, 9, 13, m[g[2]], m[g[3]]);
		mix(v, 2, 6, 10, 14, m[g[4]], m[g[5]]);
		mix(v, 3, 7, 11, 15, m[g[6]], m[g[7]]);
		mix(v, 0, 5, 10, 15, m[g[8]], m[g[9]]);
		mix(v, 1, 6, 11, 12, m[g[10]], m[g[11]]);
		mix(v, 2, 7, 8, 13, m[g[12]], m[g[13]]);
		mix(v, 3, 4, 9, 14, m[g[14]], m[g[15]]);
	}
	for (int i = 0; i < 8; i++)
		s->h[i] ^= v[i] ^ v[i + 8];
}

void
blake2s_init(struct blake2s *s, u32 hash_len, const void *key, u32 key_len)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->h, iv, sizeof(iv));
	s->h[0] ^= 0x01010000 ^ key_len << 8 ^ hash_len;
	s->hash_len = hash_len;
	if (key_len) {
		memcpy(s->buf, key, key_len);
		s->fill = BLAKE2S_BLOCK;
	}
}

/* A full buffer waits for more, since the last block is compressed apart. */
void
blake2s_update(struct blake2s *s, const void *data, usize len)
{
	const u8 *p = data;
	usize n;

	while (len) {
		if (s->fill == BLAKE2S_BLOCK) {
			s->count += BLAKE2S_BLOCK;
			compress(s, s->buf, false);
			s->fill = 0;
		}
		n = MIN(len, (usize)(BLAKE2S_BLOCK - s->fill));
		memcpy(s->buf + s->fill, p, n);
		s->fill += (u32)n;
		p += n;
		len -= n;
	}
}

void
blake2s_final(struct blake2s *s, u8 *out)
{
	s->count += s->fill;
	memset(s->buf + s->fill, 0, BLAKE2S_BLOCK - s->fill);
	compress(s, s->buf, true);
	memcpy(out, s->h, s->hash_len);
	memset(s, 0, sizeof(*s));
	__asm__ volatile("" : : "r"(s) : "memory");	/* keep the wipe */
}

void
blake2s(const void *data, usize len, u8 out[BLAKE2S_HASH])
{
	struct blake2s s;

	blake2s_init(&s, BLAKE2S_HASH, NULL, 0);
	blake2s_update(&s, data, len);
	blake2s_final(&s, out);
}
