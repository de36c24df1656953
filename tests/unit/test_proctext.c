/*
 * Reading /proc in pieces while its text changes: fs/procfs/text.c.
 */
#include "tests/unit/unit.h"

#include "fs/procfs/procfs_priv.h"
#include "kernel/lib/string.h"

/* lines lines "<number> <i>", each made in two pieces. */
static void
show(struct ptext *t, u32 number, u32 lines)
{
	for (u32 i = 0; i < lines; i++) {
		pt_printf(t, "%u ", number);
		pt_printf(t, "%u\n", i);
	}
}

/* Read all in pieces of cap bytes, the number growing between them. */
static usize
read_all(char *out, usize cap, u32 number, u32 step, u32 lines)
{
	pmark_t mark = 0;
	usize pos = 0;

	for (;;) {
		struct ptext t = { .buf = out + pos, .cap = cap };

		pt_resume(&t, mark, pos);
		show(&t, number, lines);
		pt_cut(&t);
		if (t.len == 0)
			return pos;
		mark = pt_mark(&t, mark, pos, t.len);
		pos += t.len;
		number += step;
	}
}

static void
test_lines_stay_whole(void)
{
	static char out[65536];

	for (usize cap = 16; cap < 200; cap++) {
		usize len = read_all(out, cap, 1, 7, 100), at = 0;
		u32 lines = 0;

		while (at < len) {
			unsigned number, i;
			int n;

			CHECK(sscanf(out + at, "%u %u\n%n", &number, &i,
			    &n) == 2);
			CHECK_EQ(i, lines);
			CHECK_EQ(number % 7, 1);
			lines++;
			at += (usize)n;
			if (i != lines - 1)
				return;		/* said once is enough */
		}
		CHECK_EQ(lines, 100);
	}
}

/* Pieces smaller than a line, of a text that does not change. */
static void
test_small_pieces(void)
{
	static char whole[4096], out[4096];
	struct ptext t = { .buf = whole, .cap = sizeof(whole) };

	show(&t, 123456, 50);
	for (usize cap = 1; cap < 20; cap++) {
		CHECK_EQ(read_all(out, cap, 123456, 0, 50), t.len);
		CHECK(memcmp(out, whole, t.len) == 0);
	}
}

/* A read elsewhere than where the last one ended goes by bytes. */
static void
test_elsewhere(void)
{
	static char whole[4096], out[64];
	struct ptext all = { .buf = whole, .cap = sizeof(whole) };
	struct ptext t = { .buf = out, .cap = 5 };

	show(&all, 77, 50);
	pt_resume(&t, 0, 33);
	show(&t, 77, 50);
	CHECK(memcmp(out, whole + 33, 5) == 0);
	CHECK_EQ(pt_mark(&t, 0, 33, 5), 0);
}

UNIT_MAIN("proctext", { "lines stay whole", test_lines_stay_whole },
    { "small pieces", test_small_pieces }, { "elsewhere", test_elsewhere })
