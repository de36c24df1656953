/*
 * getrandom(2), /dev/urandom
 */
#include <sys/random.h>
#include "tests/abi/abi.h"

static void
check_random(const unsigned char *p, size_t len)
{
	int bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += __builtin_popcount(p[i]);
	/* Half of the bits, give or take 6 standard deviations. */
	long n = len * 8, off = 2L * bits - n;
	CHECK(off * off < 36 * n);
}

TEST(looks_random)
{
	static unsigned char a[4096], b[4096];

	CHECK_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	check_random(a, sizeof(a));
	check_random(b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
}

TEST(children_differ)
{
	unsigned long mine, other;
	int p[2];

	OK(pipe(p));
	IN_CHILD({
		OK(getrandom(&other, 8, 0));
		CHECK_EQ(write(p[1], &other, 8), 8);
	});
	CHECK_EQ(read(p[0], &other, 8), 8);
	OK(getrandom(&mine, 8, 0));
	CHECK(mine != other);
}

TEST(devices)
{
	static unsigned char a[4096];
	int fd = OK(open("/dev/urandom", O_RDWR));

	CHECK_EQ(read(fd, a, sizeof(a)), sizeof(a));
	check_random(a, sizeof(a));
	CHECK_EQ(write(fd, a, 16), 16);
	close(fd);
	fd = OK(open("/dev/random", O_RDONLY));
	CHECK_EQ(read(fd, a, 16), 16);
	close(fd);
}

TEST(errors)
{
	char c;

	CHECK_EQ(getrandom(&c, 0, 0), 0);
	CHECK_ERR(getrandom(&c, 1, 0x100), EINVAL);
	CHECK_ERR(getrandom(BAD_ADDRESS, 1, 0), EFAULT);
}
