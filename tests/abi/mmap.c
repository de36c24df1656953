/*
 * mmap(2), munmap(2)
 */
#include "tests/abi/abi.h"

#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW	(PROT_READ | PROT_WRITE)

/* Is the page at p mapped? (write() looks without a signal) */
static int
is_mapped(void *p)
{
	int fds[2], n;

	OK(pipe(fds));
	n = write(fds[1], p, 1);
	close(fds[0]);
	close(fds[1]);
	return n == 1;
}

TEST(zeros_on_demand)
{
	char *p = mmap(NULL, 100 * PAGE, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ((uintptr_t)p % PAGE, 0);
	for (size_t i = 0; i < 100 * PAGE; i += 511)
		CHECK_EQ(p[i], 0);
	memset(p, 1, 100 * PAGE);
	OK(munmap(p, 100 * PAGE));
	CHECK(!is_mapped(p));
	p = mmap(p, 100 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	for (size_t i = 0; i < 100 * PAGE; i += 511)
		CHECK_EQ(p[i], 0);
	OK(munmap(p, 100 * PAGE));
}

TEST(length_is_rounded_up)
{
	char *p = mmap(NULL, 1, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	p[PAGE - 1] = 1;
	OK(munmap(p, 1));
	CHECK(!is_mapped(p + PAGE - 1));
}

TEST(holes)
{
	char *p = mmap(NULL, 5 * PAGE, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 7, 5 * PAGE);
	OK(munmap(p + 2 * PAGE, PAGE));
	CHECK_EQ(p[2 * PAGE - 1], 7);
	CHECK_EQ(p[3 * PAGE], 7);
	CHECK(!is_mapped(p + 2 * PAGE));
	/* Over a hole is fine. */
	OK(munmap(p, 5 * PAGE));
	OK(munmap(p, 5 * PAGE));
}

TEST(fixed_replaces)
{
	char *p = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 7, 3 * PAGE);
	CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK_EQ(p[PAGE - 1], 7);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[2 * PAGE], 7);
	errno = 0;
	CHECK(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
	    MAP_FAILED);
	OK(munmap(p, 3 * PAGE));
}

TEST(hints)
{
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0), *q;

	OK(munmap(p, PAGE));
	CHECK(mmap(p, PAGE, RW, ANON, -1, 0) == p);
	q = mmap(p, PAGE, RW, ANON, -1, 0);
	CHECK(q != MAP_FAILED && q != p);
	OK(munmap(p, PAGE));
	OK(munmap(q, PAGE));
}

#define MMAP(...)	((long)syscall(SYS_mmap, __VA_ARGS__))

TEST(errors)
{
	int fd = make_file("f", "abc"), ro, wo;

	CHECK_ERR(MMAP(0, 0, RW, ANON, -1, 0), EINVAL);
	CHECK_ERR(MMAP(0, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(MMAP(0, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR(MMAP(0, PAGE, RW, MAP_PRIVATE, fd, 1), EINVAL);
	CHECK_ERR(MMAP(1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(MMAP(0, 1UL << 62, RW, ANON, -1, 0), ENOMEM);
	CHECK_ERR(MMAP(0, -1UL, RW, ANON, -1, 0), ENOMEM);
	CHECK_ERR(MMAP(0xffffffff80000000UL, PAGE, RW, ANON | MAP_FIXED, -1,
	    0), ENOMEM);
	ro = OK(open("f", O_RDONLY));
	wo = OK(open("f", O_WRONLY));
	CHECK_ERR(MMAP(0, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
	CHECK_ERR(MMAP(0, PAGE, PROT_READ, MAP_SHARED, wo, 0), EACCES);
	CHECK_ERR(munmap((void *)1, PAGE), EINVAL);
	CHECK_ERR(munmap((void *)PAGE, 0), EINVAL);
	CHECK_ERR(munmap((void *)PAGE, -1UL), EINVAL);
	close(fd);
	close(ro);
	close(wo);
}

TEST(private_file)
{
	int fd = make_file("f", "hello");
	char *p = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0), c;

	CHECK(p != MAP_FAILED);
	CHECK(memcmp(p, "hello", 6) == 0);
	p[0] = 'J';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'h');
	/* The mapping outlives the descriptor and the name. */
	close(fd);
	OK(unlink("f"));
	CHECK_EQ(p[1], 'e');
	CHECK_EQ(p[PAGE - 1], 0);
	OK(munmap(p, PAGE));
}

TEST(shared_file)
{
	int fd = make_file("f", "hello");
	char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), c;

	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	p[0] = 'J';
	CHECK_EQ(q[0], 'J');
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'J');
	CHECK_EQ(pwrite(fd, "K", 1, 1), 1);
	CHECK_EQ(p[1], 'K');
	IN_CHILD(p[2] = 'L');
	CHECK_EQ(q[2], 'L');
	OK(msync(p, PAGE, MS_SYNC));
	OK(munmap(p, PAGE));
	OK(munmap(q, PAGE));
	close(fd);
}

TEST(past_the_end_of_a_file)
{
	int fd = make_file("f", "hello");
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[5], 0);
	pid = OK(fork());
	if (pid == 0)
		_exit(p[PAGE]);
	CHECK_KILLED(pid, SIGBUS);
	CHECK_ERR(write(fd, p + PAGE, 1), EFAULT);
	OK(munmap(p, 2 * PAGE));
	close(fd);
}

TEST(offset)
{
	int fd = make_file("f", "");
	char *p;

	CHECK_EQ(pwrite(fd, "here", 4, 3 * PAGE), 4);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE);
	CHECK(p != MAP_FAILED);
	CHECK(memcmp(p, "here", 4) == 0);
	OK(munmap(p, PAGE));
	close(fd);
}

TEST(shared_with_children)
{
	int *p = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *q = mmap(NULL, PAGE, RW, ANON, -1, 0);

	IN_CHILD(*p = 1; *q = 1);
	CHECK_EQ(*p, 1);
	CHECK_EQ(*q, 0);
	OK(munmap(p, PAGE));
	OK(munmap(q, PAGE));
}

TEST(shared_and_large)
{
	size_t len = 16UL << 20, step = 1000 * PAGE;
	char *p = mmap(NULL, len, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	p[step] = 7;
	IN_CHILD({
		CHECK_EQ(p[step], 7);
		for (size_t i = 0; i < len; i += step)
			p[i] = 1 + i / step;
		p[len - 1] = 9;
	});
	for (size_t i = 0; i < len; i += step) {
		CHECK_EQ(p[i], (char)(1 + i / step));
		CHECK_EQ(p[i + PAGE], 0);
	}
	CHECK_EQ(p[len - 1], 9);
	OK(munmap(p, len));
}

TEST(none_can_be_reserved)
{
	/* Address space without access costs no memory. */
	char *p = mmap(NULL, 1UL << 36, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED);
	pid = OK(fork());
	if (pid == 0)
		_exit(p[12345678]);
	CHECK_KILLED(pid, SIGSEGV);
	OK(munmap(p, 1UL << 36));
}

TEST(many)
{
	static char *p[1000];

	for (int i = 0; i < 1000; i++) {
		p[i] = mmap(NULL, PAGE, i % 2 ? RW : PROT_READ, ANON, -1, 0);
		CHECK(p[i] != MAP_FAILED);
	}
	for (int i = 1; i < 1000; i += 2)
		*p[i] = i;
	for (int i = 999; i >= 0; i--)
		OK(munmap(p[i], PAGE));
}

TEST(populate)
{
	char *p = mmap(NULL, 16 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[15 * PAGE], 0);
	OK(munmap(p, 16 * PAGE));
}

TEST(null_cannot_be_mapped_by_users)
{
	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(MMAP(0, PAGE, RW, ANON | MAP_FIXED, -1, 0), EPERM);
	});
}
