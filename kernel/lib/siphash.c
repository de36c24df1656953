/*
 * SipHash.
 */
#include "kernel/lib/siphash.h"

#define ROTL(x, n)		((x) << (n) | (x) >> (64 - (n)))

struct sip {
	u64 v0, v1, v2, v3;
};

static always_inline void
sip_rounds(struct sip *s, int n)
{
	u64 v0 = s->v0, v1 = s->v1, v2 = s->v2, v3 = s->v3;

	for (int i = 0; i < n; i++) {
		v0 += v1;
		v2 += v3;
		v1 = ROTL(v1, 13) ^ v0;
		v3 = ROTL(v3, 16) ^ v2;
		v0 = ROTL(v0, 32);
		v2 += v1;
		v0 += v3;
		v1 = ROTL(v1, 17) ^ v2;
		v3 = ROTL(v3, 21) ^ v0;
		v2 = ROTL(v2, 32);
	}
	*s = (struct sip){ v0, v1, v2, v3 };
}

static always_inline u64
siphash(const void *data, usize len, const u64 key[2], int per_word, int last)
{
	struct sip s = {
		key[0] ^ 0x736f6d6570736575ul, key[1] ^ 0x646f72616e646f6dul,
		key[0] ^ 0x6c7967656e657261ul, key[1] ^ 0x7465646279746573ul,
	};
	const u8 *p = data;
	u64 w, tail = (u64)len << 56;

	for (; len >= 8; p += 8, len -= 8) {
		__builtin_memcpy(&w, p, sizeof(w));
		s.v3 ^= w;
		sip_rounds(&s, per_word);
		s.v0 ^= w;
	}
	for (usize i = 0; i < len; i++)
		tail |= (u64)p[i] << (8 * i);
	s.v3 ^= tail;
	sip_rounds(&s, per_word);
	s.v0 ^= tail;
	s.v2 ^= 0xff;
	sip_rounds(&s, last);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

u64
siphash24(const void *data, usize len, const u64 key[2])
{
	return siphash(data, len, key, 2, 4);
}

u64
siphash13(const void *data, usize len, const u64 key[2])
{
	return siphash(data, len, key, 1, 3);
}
