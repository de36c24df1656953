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
static void
fill_words(const u8 *name, u32 len, bool is_unsigned, u32 *word, u32 nwords)
{
	u32 pad = len | len << 8, v;

	pad |= pad << 16;
	for (u32 w = 0; w < nwords; w++) {
		v = pad;
		for (u32 i = w * 4; i < w * 4 + 4 && i < len; i++)
			v = character(name[i], is_unsigned) + (v << 8);
		word[w] = v;
	}
}

/* One step of a round of MD4: the sums of s[0..3] turn by one. */
static inline void
md4_step(u32 s[4], u32 f, u32 in, u32 turn)
{
	u32 a = rotate(s[0] + f + in, turn);

	s[0] = s[3];
	s[3] = s[2];
	s[2] = s[1];
	s[1] = a;
}

/* Half of MD4's steps in each of its three rounds (RFC 1320 has the whole). */
static void
half_md4(u32 state[4], const u32 in[MD4_WORDS])
{
	static const u8 order[3][MD4_WORDS] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7 }, { 1, 3, 5, 7, 0, 2, 4, 6 },
		{ 3, 7, 2, 6, 1, 5, 0, 4 },
	};
	static const u8 turns[3][4] = {
		{ 3, 7, 11, 19 }, { 3, 5, 9, 13 }, { 3, 9, 11, 15 },
	};
	u32 s[4] = { state[0], state[1], state[2], state[3] };

	for (u32 i = 0; i < MD4_WORDS; i++)
		md4_step(s, s[3] ^ (s[1] & (s[2] ^ s[3])), in[order[0][i]],
		    turns[0][i & 3]);
	for (u32 i = 0; i < MD4_WORDS; i++)
		md4_step(s, (s[1] & s[2]) + ((s[1] ^ s[2]) & s[3]),
		    in[order[1][i]] + MD4_K2, turns[1][i & 3]);
	for (u32 i = 0; i < MD4_WORDS; i++)
		md4_step(s, s[1] ^ s[2] ^ s[3], in[order[2][i]] + MD4_K3,
		    turns[2][i & 3]);
	for (u32 i = 0; i < 4; i++)
		state[i] += s[i];
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

/* The name in pieces of 4 * nwords bytes through one of the two. */
static void
hash_words(u32 state[4], const u8 *name, u32 len, bool is_unsigned,
    u32 nwords)
{
	u32 word[MD4_WORDS];

	for (u32 at = 0; at < len; at += nwords * 4) {
		fill_words(name + at, len - at, is_unsigned, word, nwords);
		if (nwords == MD4_WORDS)
			half_md4(state, word);
		else
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
		hash_words(state, name, len, is_unsigned, MD4_WORDS);
		h = (struct ext_hash){ state[1], state[2] };
	} else {
		hash_words(state, name, len, is_unsigned, TEA_WORDS);
		h = (struct ext_hash){ state[0], state[1] };
	}
	h.major &= ~1u;
	if (h.major == HASH_END)
		h.major -= 2;
	return h;
}
