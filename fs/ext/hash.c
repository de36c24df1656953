/*
 * Hashes of names: the old polynomial one, a shortened MD4, and TEA in a chain,
 * each of characters taken as signed (as x86 had them when the format was
 * young) or unsigned. See kernel.org, "ext4 Data Structures", 4.5.
 *
 * The input goes in as words, padded with its length. A hash of all ones would
 * be the end of a directory for readdir, so that one is made one less.
 */
#include "fs/ext/hash.h"

#include "fs/ext/format.h"
#include "kernel/lib/string.h"

#define MD4_WORDS	8u
#define TEA_WORDS	4u
#define TEA_DELTA	0x9e3779b9u	/* 2^32 over the golden ratio */
#define MD4_K2		0x5a827999u	/* 2^30 times the root of 2, of 3 */
#define MD4_K3		0x6ed9eba1u
#define HASH_END	0xfffffffeu

static inline u32
rotate(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

static inline u32
character(u8 c, bool is_unsigned)
{
	return is_unsigned ? c : (u32)(s32)(s8)c;
}

/* At most nwords * 4 bytes of the name, and its length where it ends. */
static always_inline void
fill_words(const u8 *name, u32 len, bool is_unsigned, u32 *word, u32 nwords)
{
	u32 pad = len * 0x01010101u, left = MIN(len, nwords * 4), v = pad;

	for (u32 w = 0; w < nwords; w++)
		word[w] = pad;
	for (; left >= 4; left -= 4, name += 4)
		*word++ = (character(name[0], is_unsigned) << 24) +
		    (character(name[1], is_unsigned) << 16) +
		    (character(name[2], is_unsigned) << 8) +
		    character(name[3], is_unsigned);
	if (left == 0)
		return;
	for (; left > 0; left--)
		v = character(*name++, is_unsigned) + (v << 8);
	*word = v;
}

/* MD4's three functions of three words. */
#define CHOOSE(x, y, z)	((z) ^ ((x) & ((y) ^ (z))))
#define MOST(x, y, z)	(((x) & (y)) + (((x) ^ (y)) & (z)))
#define ODD(x, y, z)	((x) ^ (y) ^ (z))

/* Four steps, of words i, j, k, l, that turn by their sums. Written out, as
 * reading a directory makes thousands of them. */
#define MD4_STEPS(f, key, i, ti, j, tj, k, tk, l, tl)			\
	a = rotate(a + f(b, c, d) + in[i] + (key), ti);			\
	d = rotate(d + f(a, b, c) + in[j] + (key), tj);			\
	c = rotate(c + f(d, a, b) + in[k] + (key), tk);			\
	b = rotate(b + f(c, d, a) + in[l] + (key), tl)

/* Half of MD4's steps in each of its three rounds (RFC 1320 has the whole). */
static inline void
half_md4(u32 state[4], const u32 in[MD4_WORDS])
{
	u32 a = state[0], b = state[1], c = state[2], d = state[3];

	MD4_STEPS(CHOOSE, 0, 0, 3, 1, 7, 2, 11, 3, 19);
	MD4_STEPS(CHOOSE, 0, 4, 3, 5, 7, 6, 11, 7, 19);
	MD4_STEPS(MOST, MD4_K2, 1, 3, 3, 5, 5, 9, 7, 13);
	MD4_STEPS(MOST, MD4_K2, 0, 3, 2, 5, 4, 9, 6, 13);
	MD4_STEPS(ODD, MD4_K3, 3, 3, 7, 9, 2, 11, 6, 15);
	MD4_STEPS(ODD, MD4_K3, 1, 3, 5, 9, 0, 11, 4, 15);
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

static void
tea(u32 state[4], const u32 in[TEA_WORDS])
{
	u32 a = state[0], b = state[1], sum = 0;

	for (u32 i = 0; i < 16; i++) {
		sum += TEA_DELTA;
		a += ((b << 4) + in[0]) ^ (b + sum) ^ ((b >> 5) + in[1]);
		b += ((a << 4) + in[2]) ^ (a + sum) ^ ((a >> 5) + in[3]);
	}
	state[0] += a;
	state[1] += b;
}

static u32
legacy(const u8 *name, u32 len, bool is_unsigned)
{
	u32 h, h0 = 0x12a3fe2d, h1 = 0x37abe8f9;

	for (u32 i = 0; i < len; i++) {
		h = h1 + (h0 ^ (character(name[i], is_unsigned) * 7152373));
		if (h & 0x80000000)
			h -= 0x7fffffff;
		h1 = h0;
		h0 = h;
	}
	return h0 << 1;
}

/* The name in pieces of so many words through one of the two. */
static void
hash_half_md4(u32 state[4], const u8 *name, u32 len, bool is_unsigned)
{
	u32 word[MD4_WORDS];

	for (u32 at = 0; at < len; at += sizeof(word)) {
		fill_words(name + at, len - at, is_unsigned, word, MD4_WORDS);
		half_md4(state, word);
	}
}

static void
hash_tea(u32 state[4], const u8 *name, u32 len, bool is_unsigned)
{
	u32 word[TEA_WORDS];

	for (u32 at = 0; at < len; at += sizeof(word)) {
		fill_words(name + at, len - at, is_unsigned, word, TEA_WORDS);
		tea(state, word);
	}
}

struct ext_hash
ext_name_hash(u32 version, const u32 seed[4], const u8 *name, u32 len)
{
	u32 state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	bool is_unsigned = version >= EXT_HASH_LEGACY_U;
	struct ext_hash h = { 0, 0 };

	if ((seed[0] | seed[1] | seed[2] | seed[3]) != 0)
		memcpy(state, seed, sizeof(state));
	if (is_unsigned)
		version -= EXT_HASH_LEGACY_U;
	if (version == EXT_HASH_LEGACY) {
		h.major = legacy(name, len, is_unsigned);
	} else if (version == EXT_HASH_HALF_MD4) {
		hash_half_md4(state, name, len, is_unsigned);
		h = (struct ext_hash){ state[1], state[2] };
	} else {
		hash_tea(state, name, len, is_unsigned);
		h = (struct ext_hash){ state[0], state[1] };
	}
	h.major &= ~1u;
	if (h.major == HASH_END)
		h.major -= 2;
	return h;
}
