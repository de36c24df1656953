/*
 * Checksums.
 *
 * crc32c takes eight bytes a step: by the CPU's instruction, if it has one (SSE
 * 4.2, on general registers), else by eight tables: table[k][b] is what byte b
 * contributes from k bytes before the end of the step. A CRC is linear, so
 * each table of 256 follows from its eight entries at powers of two; only
 * those are written here, and the preprocessor adds them up.
 */
#include "kernel/lib/checksum.h"

/* The sum, bit by bit, of the basis b0 to b7 that index i selects. */
#define ENTRY(i, b0, b1, b2, b3, b4, b5, b6, b7) \
	(((i) & 1 ? b0 : 0u) ^ ((i) & 2 ? b1 : 0u) ^ \
	((i) & 4 ? b2 : 0u) ^ ((i) & 8 ? b3 : 0u) ^ \
	((i) & 16 ? b4 : 0u) ^ ((i) & 32 ? b5 : 0u) ^ \
	((i) & 64 ? b6 : 0u) ^ ((i) & 128 ? b7 : 0u))
#define ROW4(i, ...) \
	ENTRY((i), __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), \
	ENTRY((i) + 2, __VA_ARGS__), ENTRY((i) + 3, __VA_ARGS__)
#define ROW16(i, ...) \
	ROW4((i), __VA_ARGS__), ROW4((i) + 4, __VA_ARGS__), \
	ROW4((i) + 8, __VA_ARGS__), ROW4((i) + 12, __VA_ARGS__)
#define ROW64(i, ...) \
	ROW16((i), __VA_ARGS__), ROW16((i) + 16, __VA_ARGS__), \
	ROW16((i) + 32, __VA_ARGS__), ROW16((i) + 48, __VA_ARGS__)
#define TABLE(...) { \
	ROW64(0, __VA_ARGS__), ROW64(64, __VA_ARGS__), \
	ROW64(128, __VA_ARGS__), ROW64(192, __VA_ARGS__) }

/* Reflected polynomial 0x82f63b78. */
static const u32 table[8][256] = {
	TABLE(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
	    0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	TABLE(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
	    0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	TABLE(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
	    0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	TABLE(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
	    0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	TABLE(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
	    0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	TABLE(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
	    0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	TABLE(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
	    0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	TABLE(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
	    0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};

bool crc32c_by_cpu;

static u32
by_instruction(u32 crc, const u8 *p, usize len)
{
	u64 c = crc, w;

	for (; len >= 8; p += 8, len -= 8) {
		__builtin_memcpy(&w, p, sizeof(w));
		__asm__("crc32q %1, %0" : "+r"(c) : "r"(w));
	}
	for (; len > 0; p++, len--)
		__asm__("crc32b %1, %k0" : "+r"(c) : "r"(*p));
	return (u32)c;
}

u32
crc32c(u32 crc, const void *data, usize len)
{
	const u8 *p = data;
	u64 w;

	if (crc32c_by_cpu)
		return by_instruction(crc, p, len);
	for (; len >= 8; p += 8, len -= 8) {
		__builtin_memcpy(&w, p, sizeof(w));
		w ^= crc;
		crc = table[7][w & 255] ^ table[6][w >> 8 & 255] ^
		    table[5][w >> 16 & 255] ^ table[4][w >> 24 & 255] ^
		    table[3][w >> 32 & 255] ^ table[2][w >> 40 & 255] ^
		    table[1][w >> 48 & 255] ^ table[0][w >> 56];
	}
	for (; len; p++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
	return crc;
}

u8
byte_sum(const void *data, usize len)
{
	const u8 *p = data;
	u8 sum = 0;

	for (usize i = 0; i < len; i++)
		sum += p[i];
	return sum;
}
