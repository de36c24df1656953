/*
 * read(2)
 */
#include "tests/abi/abi.h"

TEST(reads_what_is_there)
{
	int fd = make_file("f", "hello world");
	char buf[32] = { 0 };

	CHECK_EQ(read(fd, buf, 5), 5);
	CHECK(memcmp(buf, "hello", 5) == 0);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 6);
	CHECK(memcmp(buf, " world", 6) == 0);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	OK(close(fd));
}

TEST(reads_nothing_past_the_end)
{
	int fd = make_file("f", "abc");
	char c;

	CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 100);
	close(fd);
}

TEST(zero_bytes)
{
	int fd = make_file("f", "abc");

	CHECK_EQ(read(fd, BAD_ADDRESS, 0), 0);
	CHECK_EQ(read(fd, NULL, 0), 0);
	close(fd);
}

TEST(bad_descriptors)
{
	char c;
	int fd = make_file("f", "abc");

	CHECK_ERR(read(-1, &c, 1), EBADF);
	CHECK_ERR(read(999, &c, 1), EBADF);
	close(fd);
	CHECK_ERR(read(fd, &c, 1), EBADF);
	fd = OK(open("f", O_WRONLY));
	CHECK_ERR(read(fd, &c, 1), EBADF);
	close(fd);
}

TEST(bad_address)
{
	int fd = make_file("f", "abcdef");
	char c;

	CHECK_ERR(read(fd, BAD_ADDRESS, 4), EFAULT);
	CHECK_ERR(read(fd, (void *)0xffffffff80000000UL, 4), EFAULT);
	CHECK_ERR(read(fd, (void *)0x8000000000000000UL, 4), EFAULT);
	/* Nothing was read. */
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'a');
	close(fd);
}

TEST(partial_at_a_hole_in_memory)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char big[3 * PAGE];
	int fd = OK(open("f", O_RDWR | O_CREAT, 0644));

	CHECK(p != MAP_FAILED);
	memset(big, 'x', sizeof(big));
	CHECK_EQ(write(fd, big, sizeof(big)), sizeof(big));
	OK(munmap(p + PAGE, PAGE));
	OK(lseek(fd, 0, SEEK_SET));
	/* As much as fits before the hole, and no less. */
	CHECK_EQ(read(fd, p + PAGE - 100, 200), 100);
	CHECK_EQ(p[PAGE - 1], 'x');
	close(fd);
}

TEST(directory)
{
	char buf[64];
	int fd = OK(open(".", O_RDONLY));

	CHECK_ERR(read(fd, buf, sizeof(buf)), EISDIR);
	close(fd);
}

TEST(into_read_only_memory)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	int fd = make_file("f", "abc");

	CHECK(p != MAP_FAILED);
	CHECK_ERR(read(fd, p, 3), EFAULT);
	close(fd);
}

TEST(into_fresh_memory)
{
	/* Pages that were never touched are there for the kernel too. */
	char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = OK(open("/dev/zero", O_RDONLY));

	CHECK(p != MAP_FAILED);
	CHECK_EQ(read(fd, p + 1, 63 * PAGE), 63 * PAGE);
	close(fd);
}

TEST(pread_leaves_the_offset)
{
	int fd = make_file("f", "abcdef");
	int pipes[2];
	char buf[4];

	CHECK_EQ(pread(fd, buf, 2, 3), 2);
	CHECK(memcmp(buf, "de", 2) == 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_ERR(pread(fd, buf, 2, -1), EINVAL);
	CHECK_EQ(pread(fd, buf, 2, 6), 0);
	OK(pipe(pipes));
	CHECK_ERR(pread(pipes[0], buf, 2, 0), ESPIPE);
	CHECK_ERR(pread(999, buf, 2, 0), EBADF);
}
