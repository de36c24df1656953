/*
 * brk(2)
 */
#include "tests/abi/abi.h"

static char *
brk_to(void *p)
{
	return (char *)syscall(SYS_brk, p);
}

TEST(grows_and_shrinks)
{
	char *start = brk_to(NULL), *p;

	CHECK(start != NULL);
	CHECK(brk_to(start + 10 * PAGE) == start + 10 * PAGE);
	for (p = start; p < start + 10 * PAGE; p++)
		CHECK_EQ(*p, 0);
	memset(start, 7, 10 * PAGE);
	CHECK(brk_to(start) == start);
	CHECK(brk_to(start + 10 * PAGE) == start + 10 * PAGE);
	/* What was given back comes back as zeros. */
	p = (char *)(((uintptr_t)start + PAGE - 1) & -PAGE);
	for (; p < start + 10 * PAGE; p++)
		CHECK_EQ(*p, 0);
	CHECK(brk_to(start) == start);
}

TEST(refuses_by_not_moving)
{
	char *start = brk_to(NULL);

	CHECK(brk_to((void *)1) == start);
	CHECK(brk_to((void *)0x7fffffffffffUL) == start);
	CHECK(brk_to((void *)-1UL) == start);
	CHECK(brk_to(NULL) == start);
}

TEST(not_over_a_mapping)
{
	char *start = brk_to(NULL);
	char *at = (char *)(((uintptr_t)start + 4 * PAGE) & -PAGE);

	CHECK(mmap(at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
	    MAP_FIXED, -1, 0) == at);
	CHECK(brk_to(at + 2 * PAGE) == start);
	OK(munmap(at, PAGE));
	CHECK(brk_to(at + 2 * PAGE) == at + 2 * PAGE);
	CHECK(brk_to(start) == start);
}

TEST(children_have_their_own)
{
	char *start = brk_to(NULL);

	IN_CHILD({
		CHECK(brk_to(NULL) == start);
		CHECK(brk_to(start + PAGE) == start + PAGE);
	});
	CHECK(brk_to(NULL) == start);
}
