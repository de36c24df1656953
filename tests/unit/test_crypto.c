/*
 * CRC-32C, ChaCha20 and BLAKE2s against their RFCs' vectors.
 */
#include "tests/unit/unit.h"

#include "kernel/lib/blake2s.h"
#include "kernel/lib/chacha20.h"
#include "kernel/lib/checksum.h"

static void
from_hex(const char *hex, u8 *out)
{
	unsigned byte;

	for (; *hex; hex += 2) {
		sscanf(hex, "%2x", &byte);
		*out++ = (u8)byte;
	}
}

/* RFC 3720 B.4, and all lengths and splits against a bitwise sum. */
static void
test_crc32c(void)
{
	u8 data[100];
	u32 crc;

	memset(data, 0, 32);
	CHECK_EQ((u32)~crc32c(~0u, data, 32), 0x8a9136aa);
	memset(data, 0xff, 32);
	CHECK_EQ((u32)~crc32c(~0u, data, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		data[i] = (u8)i;
	CHECK_EQ((u32)~crc32c(~0u, data, 32), 0x46dd794e);
	CHECK_EQ((u32)~crc32c(~0u, "123456789", 9), 0xe3069283);
	for (usize len = 0; len < sizeof(data); len++) {
		for (usize i = 0; i < len; i++)
			data[i] = (u8)unit_random();
		crc = ~0u;
		for (usize i = 0; i < len; i++) {
			crc ^= data[i];
			for (int b = 0; b < 8; b++)
				crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
		}
		CHECK_EQ(crc32c(~0u, data, len), crc);
		CHECK_EQ(crc32c(crc32c(~0u, data, len / 3), data + len / 3,
		    len - len / 3), crc);
	}
	CHECK_EQ(byte_sum("\xff\x01\x02", 3), 2);
}

/* RFC 8439 2.3.2 and 2.4.2. */
static void
test_chacha20(void)
{
	static const char text[] = "Ladies and Gentlemen of the class of '99: "
	    "If I could offer you only one tip for the future, sunscreen "
	    "would be it.";
	u8 key[32], nonce[12], want[128], got[128];

	for (int i = 0; i < 32; i++)
		key[i] = (u8)i;
	from_hex("000000090000004a00000000", nonce);
	from_hex("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d4"
	    "6c4ed2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a250"
	    "3c4e", want);
	chacha20_block(key, 1, nonce, got);
	CHECK(memcmp(got, want, 64) == 0);
	from_hex("000000000000004a00000000", nonce);
	from_hex("6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9f"
	    "ae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f08"
	    "61d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab779"
	    "37365af90bbf74a35be6b40b8eedf2785e42874d", want);
	chacha20_xor(key, 1, nonce, text, got, sizeof(text) - 1);
	CHECK_EQ(sizeof(text) - 1, 114);
	CHECK(memcmp(got, want, 114) == 0);
	chacha20_xor(key, 1, nonce, got, got, 114);
	CHECK(memcmp(got, text, 114) == 0);
}

/* The self-test of RFC 7693, appendix E: a hash over many hashes. */
static void
fill_sequence(u8 *out, usize len, u32 seed)
{
	u32 a = 0xdead4bad * seed, b = 1, t;

	for (usize i = 0; i < len; i++) {
		t = a + b;
		a = b;
		b = t;
		out[i] = (u8)(t >> 24);
	}
}

static void
test_blake2s(void)
{
	static const u32 hash_lens[] = { 16, 20, 28, 32 };
	static const u32 in_lens[] = { 0, 3, 64, 65, 255, 1024 };
	u8 in[1024], key[32], md[32], want[32];
	struct blake2s all, s;

	from_hex("6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c"
	    "1dfe", want);
	blake2s_init(&all, 32, NULL, 0);
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 6; j++) {
			fill_sequence(in, in_lens[j], in_lens[j]);
			blake2s_init(&s, hash_lens[i], NULL, 0);
			for (usize at = 0; at < in_lens[j]; at += 7)
				blake2s_update(&s, in + at,
				    MIN((usize)7, in_lens[j] - at));
			blake2s_final(&s, md);
			blake2s_update(&all, md, hash_lens[i]);
			fill_sequence(key, hash_lens[i], hash_lens[i]);
			blake2s_init(&s, hash_lens[i], key, hash_lens[i]);
			blake2s_update(&s, in, in_lens[j]);
			blake2s_final(&s, md);
			blake2s_update(&all, md, hash_lens[i]);
		}
	}
	blake2s_final(&all, md);
	CHECK(memcmp(md, want, 32) == 0);
	from_hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c8667"
	    "5982", want);
	blake2s("abc", 3, md);
	CHECK(memcmp(md, want, 32) == 0);
}

/* By the instruction, where this machine has it. */
static void
test_crc32c_cpu(void)
{
	crc32c_by_cpu = __builtin_cpu_supports("sse4.2");
	test_crc32c();
	crc32c_by_cpu = false;
}

UNIT_MAIN("crypto", { "crc32c", test_crc32c },
    { "crc32c-cpu", test_crc32c_cpu }, { "chacha20", test_chacha20 },
    { "blake2s", test_blake2s })
