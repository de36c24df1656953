/*
 * The cpio reader.
 */
#include "tests/unit/unit.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/cpio.h"
#include "tests/unit/samples.h"

static struct sample s;

static void
test_walk(void)
{
	static const char *const names[] = {
		".", "bin", "bin/sh", "etc/motd", "link", "dev/console",
		"second",
	};
	struct cpio_iter it;
	struct cpio_entry e;
	usize first = ~0ul;

	sample_cpio(&s);
	cpio_start(&it, s.data, s.len);
	for (usize i = 0; i < ARRAY_LEN(names); i++) {
		CHECK_EQ(cpio_next(&it, &e), 1);
		CHECK_STR(e.name, names[i]);
		CHECK_EQ(e.name_len, strlen(names[i]));
		if (i == 0)
			first = e.archive;
		if (i == 2)
			CHECK(e.size_bytes == 12 &&
			    memcmp(e.data, "#!/bin/true\n", 12) == 0);
		if (i == 5)
			CHECK(e.mode == 020600 && e.rdev_major == 5);
	}
	CHECK(e.archive != first);
	CHECK_EQ(cpio_next(&it, &e), 0);
	CHECK_EQ(cpio_next(&it, &e), 0);
	cpio_start(&it, s.data, 0);
	CHECK_EQ(cpio_next(&it, &e), 0);
}

/* Cut anywhere but in the last padding: an error, never a quiet end. */
static void
test_short(void)
{
	struct cpio_iter it;
	struct cpio_entry e;
	u8 *copy;
	int r;

	memset(&s, 0, sizeof(s));
	sample_cpio_entry(&s, "a", 0100644, "data", 4);
	sample_cpio_entry(&s, "TRAILER!!!", 0, "", 0);
	for (u32 len = 1; len < s.len; len++) {
		copy = malloc(len);
		memcpy(copy, s.data, len);
		cpio_start(&it, copy, len);
		while ((r = cpio_next(&it, &e)) > 0)
			;
		CHECK_EQ(r, len >= s.len - 3 ? 0 : -EINVAL);
		CHECK(r == 0 || it.why);
		free(copy);
	}
}

static void
expect_error(const char *what)
{
	struct cpio_iter it;
	struct cpio_entry e;

	cpio_start(&it, s.data, s.len);
	CHECK_EQ(cpio_next(&it, &e), -EINVAL);
	CHECK_STR(it.why, what);
	CHECK_EQ(cpio_next(&it, &e), -EINVAL);
}

static void
test_bad(void)
{
	memset(&s, 0, sizeof(s));
	sample_bytes(&s, "garbage", 7);
	s.len = 200;
	expect_error("cpio: not a newc archive");
	s.len = 0;
	sample_cpio_entry(&s, "name", 0100644, "x", 1);
	s.data[112] = '\0';
	expect_error("cpio: name and its length disagree");
	s.data[112] = 'm';
	s.data[101] = '0';
	expect_error("cpio: bad name length");
	s.data[101] = 'g';
	expect_error("cpio: bad number in a header");
	s.data[101] = '5';
	s.data[5] = '2';
	expect_error("cpio: bad checksum");
	s.len = 0;
	sample_cpio_entry(&s, "link", 0120777, "", 0);
	expect_error("cpio: bad length of a symbolic link");
}

UNIT_MAIN("cpio", { "walk", test_walk }, { "short", test_short },
    { "bad", test_bad })
