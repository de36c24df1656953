/*
 * Bitmaps, reference counts, atomics, hashes, sorting.
 */
#include "tests/unit/unit.h"

#include "kernel/lib/bitmap.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/siphash.h"
#include "kernel/lib/sort.h"

#define BITS			200

static void
test_bitmap(void)
{
	BITMAP(map, BITS);
	bool model[BITS] = { 0 };
	usize bit, n, next, zero;

	bitmap_zero(map, BITS);
	CHECK_EQ(bitmap_find_first(map, BITS), BITS);
	for (int step = 0; step < 4000; step++) {
		bit = unit_random() % BITS;
		if (unit_random() & 1)
			CHECK_EQ(bitmap_test_and_set(map, bit), model[bit]);
		else
			CHECK_EQ(bitmap_test_and_clear(map, bit), model[bit]);
		model[bit] = bitmap_test(map, bit);
		bit = unit_random() % (BITS + 10);
		for (next = bit; next < BITS && !model[next]; next++)
			;
		for (zero = bit; zero < BITS && model[zero]; zero++)
			;
		CHECK_EQ(bitmap_find_next(map, BITS, bit), MIN(next, 200ul));
		CHECK_EQ(bitmap_find_next_zero(map, BITS, bit),
		    MIN(zero, 200ul));
		n = 0;
		for (bit = 0; bit < BITS; bit++)
			n += model[bit];
		CHECK_EQ(bitmap_weight(map, BITS), n);
	}
	n = 0;
	bitmap_for_each(bit, map, BITS)
		n += model[bit] ? 1 : 1000;
	CHECK_EQ(n, bitmap_weight(map, BITS));
	bitmap_fill(map, BITS);
	CHECK_EQ(bitmap_find_first_zero(map, BITS), BITS);
	CHECK_EQ(bitmap_weight(map, BITS), BITS);
	CHECK_EQ(map[BITS / 64], (1ul << BITS % 64) - 1);
	CHECK_EQ(popcount_u64(~0ul), 64);
	CHECK_EQ(highest_bit(0x80), 7);
}

static void
test_atomic_bits(void)
{
	u64 map[2] = { 0 };

	CHECK(!bitmap_test_and_set_atomic(map, 70));
	CHECK(bitmap_test_and_set_atomic(map, 70));
	bitmap_set_atomic(map, 3);
	CHECK_EQ(map[0], 8);
	CHECK_EQ(map[1], 64);
	CHECK(bitmap_test_and_clear_atomic(map, 70));
	bitmap_clear_atomic(map, 3);
	CHECK(bitmap_is_empty(map, 128));
}

static void
test_atomic(void)
{
	u64 v = 5;
	u64 old = 4;

	CHECK_EQ(atomic_cmpxchg(&v, 4ul, 9ul), 5);
	CHECK_EQ(atomic_cmpxchg(&v, 5ul, 9ul), 5);
	CHECK_EQ(v, 9);
	CHECK(!atomic_try_cmpxchg(&v, &old, 1ul));
	CHECK_EQ(old, 9);
	CHECK_EQ(atomic_fetch_add(&v, 1), 9);
	CHECK_EQ(atomic_add_return(&v, 1), 11);
	CHECK_EQ(atomic_xchg(&v, 1ul), 11);
	CHECK(atomic_dec_and_test(&v));
	atomic_max_u64(&v, 7);
	atomic_max_u64(&v, 3);
	CHECK_EQ(v, 7);
}

static void
test_refcount(void)
{
	u32 ref;

	ref_init(&ref, 1);
	ref_get(&ref);
	CHECK(!ref_put(&ref));
	CHECK(ref_put(&ref));
	CHECK(!ref_get_unless_zero(&ref));
	CHECK_EQ(ref_read(&ref), 0);
	ref_init(&ref, REF_SATURATED);
	ref_get(&ref);
	CHECK(!ref_put(&ref));
	CHECK_EQ(ref_read(&ref), REF_SATURATED);
}

/* Every length and one-bit change gives another hash; tails are read right. */
static void
test_hash(void)
{
	u8 *data;
	u64 h;

	for (usize len = 0; len < 40; len++) {
		data = calloc(len + 1, 1);
		data = realloc(data, len ? len : 1);
		h = hash_bytes(data, len, 7);
		CHECK(h != hash_bytes(data, len, 8));
		for (usize i = 0; i < len * 8; i++) {
			data[i / 8] ^= (u8)(1 << i % 8);
			CHECK(hash_bytes(data, len, 7) != h);
			data[i / 8] ^= (u8)(1 << i % 8);
		}
		free(data);
	}
	CHECK(hash_bits(1, 10) < 1024);
}

/* Vectors of the SipHash paper's appendix, and of its reference code. */
static void
test_siphash(void)
{
	static const u64 key[2] = {
		0x0706050403020100ul, 0x0f0e0d0c0b0a0908ul,
	};
	u8 data[15];

	for (int i = 0; i < 15; i++)
		data[i] = (u8)i;
	CHECK_EQ(siphash24(data, 15, key), 0xa129ca6149be45e5ul);
	CHECK_EQ(siphash24(data, 0, key), 0x726fdb47dd0e0e31ul);
	CHECK(siphash13(data, 15, key) != siphash13(data, 14, key));
}

static int
compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void
test_sort(void)
{
	u32 a[100], b[100];

	for (usize n = 0; n <= 100; n++) {
		for (usize i = 0; i < n; i++)
			a[i] = b[i] = (u32)(unit_random() % 50);
		sort(a, n, sizeof(a[0]), compare);
		qsort(b, n, sizeof(b[0]), compare);
		CHECK(n == 0 || memcmp(a, b, n * sizeof(a[0])) == 0);
	}
}

UNIT_MAIN("bits", { "bitmap", test_bitmap },
    { "atomic_bits", test_atomic_bits }, { "atomic", test_atomic },
    { "refcount", test_refcount }, { "hash", test_hash },
    { "siphash", test_siphash }, { "sort", test_sort })
