/*
 * Memory and strings, against the C library.
 */
#include "tests/unit/unit.h"

#include "tests/unit/host_string.h"

static int
sign(int x)
{
	return x < 0 ? -1 : x > 0;
}

static void
fill(u8 *p, usize n)
{
	for (usize i = 0; i < n; i++)
		p[i] = (u8)unit_random();
}

/* Every length to 300 at random offsets, up, down and disjoint. */
static void
test_copy(void)
{
	u8 a[1024], b[1024], src[512];
	usize from, to;

	for (usize len = 0; len < 300; len++) {
		for (int turn = 0; turn < 20; turn++) {
			fill(a, sizeof(a));
			memcpy(b, a, sizeof(a));
			from = unit_random() % (sizeof(a) - len);
			to = turn % 2 ? unit_random() % (sizeof(a) - len) :
			    MIN(from + unit_random() % 40, sizeof(a) - len);
			CHECK(kl_memmove(a + to, a + from, len) == a + to);
			memmove(b + to, b + from, len);
			CHECK(memcmp(a, b, sizeof(a)) == 0);
			fill(src, sizeof(src));
			CHECK(kl_memcpy(a + to, src, len) == a + to);
			memcpy(b + to, src, len);
			CHECK(memcmp(a, b, sizeof(a)) == 0);
			CHECK(kl_memset(a + to, (int)len, len) == a + to);
			memset(b + to, (int)len, len);
			CHECK(memcmp(a, b, sizeof(a)) == 0);
		}
	}
}

static void
test_compare(void)
{
	u8 a[100], b[100];

	for (int turn = 0; turn < 20000; turn++) {
		usize len = unit_random() % 60, at = unit_random() % 40;

		fill(a, sizeof(a));
		memcpy(b, a, sizeof(a));
		b[unit_random() % 100] = (u8)unit_random();
		CHECK_EQ(sign(kl_memcmp(a + at, b + at, len)),
		    sign(memcmp(a + at, b + at, len)));
		CHECK(kl_memchr(a + at, b[0], len) ==
		    memchr(a + at, b[0], len));
	}
}

static void
test_strings(void)
{
	char *s, buf[8];

	for (usize n = 0; n < 70; n++) {
		for (usize off = 0; off < 9; off++) {
			s = malloc(off + n + 1);
			memset(s, 'x', off + n);
			s[off + n] = '\0';
			CHECK_EQ(kl_strlen(s + off), n);
			CHECK_EQ(kl_strnlen(s + off, 30), MIN(n, 30ul));
			free(s);
		}
	}
	CHECK_EQ(sign(kl_strcmp("abc", "abd")), -1);
	CHECK_EQ(kl_strcmp("abc", "abc"), 0);
	CHECK_EQ(sign(kl_strcmp("abc", "ab")), 1);
	CHECK_EQ(sign(kl_strcmp("\x80", "a")), 1);
	CHECK_EQ(kl_strncmp("abcd", "abce", 3), 0);
	CHECK_EQ(kl_strncmp("abc", "abd", 0), 0);
	CHECK_STR(kl_strchr("a/b/c", '/'), "/b/c");
	CHECK_STR(kl_strrchr("a/b/c", '/'), "/c");
	CHECK(kl_strchr("abc", 'x') == NULL);
	CHECK_STR(kl_strchr("abc", '\0'), "");
	CHECK_STR(kl_strstr("hello", "ll"), "llo");
	CHECK(kl_strstr("hello", "lll") == NULL);
	CHECK_EQ(strlcpy(buf, "0123456789", sizeof(buf)), 10);
	CHECK_STR(buf, "0123456");
	CHECK_EQ(strlcpy(buf, "abc", sizeof(buf)), 3);
	CHECK_EQ(strlcat(buf, "defgh", sizeof(buf)), 8);
	CHECK_STR(buf, "abcdefg");
	CHECK_EQ(strlcpy(buf, "abc", 0), 3);
}

static void
test_zero(void)
{
	u8 a[50] = { 0 };

	CHECK(mem_is_zero(a, 50));
	for (int i = 0; i < 50; i++) {
		a[i] = 1;
		CHECK(!mem_is_zero(a, 50));
		CHECK(mem_is_zero(a, (usize)i));
		a[i] = 0;
	}
}

UNIT_MAIN("string", { "copy", test_copy }, { "compare", test_compare },
    { "strings", test_strings }, { "zero", test_zero })
