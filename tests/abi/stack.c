/*
 * The stack grows on demand, to its limit; and a guard lies below.
 */
#include "tests/abi/abi.h"

static int
use(int pages)
{
	volatile char page[4096];

	page[0] = pages;
	return pages == 0 ? 0 : use(pages - 1) + page[0] - (char)pages;
}

TEST(grows)
{
	CHECK_EQ(use(1000), 0);
}

TEST(not_for_ever)
{
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(use(5000));
	CHECK_KILLED(pid, SIGSEGV);
}

TEST(the_kernel_may_grow_it_too)
{
	/* A buffer far below the stack pointer of now, untouched so far. */
	char *buf = __builtin_alloca(200000);
	int fd = OK(open("/dev/zero", O_RDONLY));

	CHECK_EQ(read(fd, buf, 200000), 200000);
	close(fd);
}

TEST(is_not_executable)
{
	unsigned char code[16] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(((int (*)(void))(void *)code)());
	CHECK_KILLED(pid, SIGSEGV);
}
