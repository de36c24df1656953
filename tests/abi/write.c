/*
 * write(2)
 */
#include "tests/abi/abi.h"

TEST(grows_the_file)
{
	int fd = OK(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	struct stat st;
	char buf[8];

	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(write(fd, "defg", 4), 4);
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 7);
	CHECK_EQ(pread(fd, buf, 8, 0), 7);
	CHECK(memcmp(buf, "abcdefg", 7) == 0);
	close(fd);
}

TEST(leaves_a_hole_of_zeros)
{
	int fd = OK(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	static char buf[10000];

	CHECK_EQ(lseek(fd, 9000, SEEK_SET), 9000);
	CHECK_EQ(write(fd, "x", 1), 1);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 9001);
	for (int i = 0; i < 9000; i++)
		CHECK_EQ(buf[i], 0);
	CHECK_EQ(buf[9000], 'x');
	close(fd);
}

TEST(append_goes_to_the_end)
{
	int a = OK(open("f", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
	int b = OK(open("f", O_RDWR | O_APPEND));
	char buf[8];

	CHECK_EQ(write(a, "ab", 2), 2);
	CHECK_EQ(write(b, "cd", 2), 2);
	CHECK_EQ(write(a, "ef", 2), 2);
	CHECK_EQ(lseek(b, 0, SEEK_SET), 0);
	CHECK_EQ(write(b, "g", 1), 1);
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 7);
	CHECK_EQ(pread(b, buf, 8, 0), 7);
	CHECK(memcmp(buf, "abcdefg", 7) == 0);
	close(a);
	close(b);
}

TEST(bad_arguments)
{
	int fd = make_file("f", "");

	CHECK_ERR(write(999, "x", 1), EBADF);
	CHECK_ERR(write(fd, BAD_ADDRESS, 1), EFAULT);
	CHECK_EQ(write(fd, "", 0), 0);
	CHECK_EQ(write(fd, NULL, 0), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
	close(fd);
	fd = OK(open("f", O_RDONLY));
	CHECK_ERR(write(fd, "x", 1), EBADF);
	close(fd);
}

TEST(partial_at_a_hole_in_memory)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = make_file("f", "");

	CHECK(p != MAP_FAILED);
	OK(munmap(p + PAGE, PAGE));
	CHECK_EQ(write(fd, p + PAGE - 10, 100), 10);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 10);
	close(fd);
}

TEST(big_and_back)
{
	size_t len = 1000000;
	char *out = malloc(len), *in = malloc(len);
	int fd = make_file("f", "");

	for (size_t i = 0; i < len; i++)
		out[i] = i * 7 + i / 251;
	CHECK_EQ(write(fd, out, len), len);
	CHECK_EQ(pread(fd, in, len, 0), len);
	CHECK(memcmp(in, out, len) == 0);
	CHECK_EQ(pread(fd, in, 10, len - 3), 3);
	close(fd);
	free(in);
	free(out);
}

TEST(changes_the_times)
{
	struct stat before, after;
	int fd = make_file("f", "x");

	OK(fstat(fd, &before));
	sleep_ms(20);
	CHECK_EQ(write(fd, "y", 1), 1);
	OK(fstat(fd, &after));
	CHECK(after.st_mtim.tv_sec > before.st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec > before.st_mtim.tv_nsec);
	close(fd);
}

TEST(clears_set_user_id)
{
	struct stat st;
	int fd;

	if (!is_root())
		SKIP("needs root");
	fd = make_file("f", "x");
	OK(fchmod(fd, 04755));
	OK(fchown(fd, 1000, 1000));
	OK(fchmod(fd, 04777));
	IN_CHILD({
		OK(setgid(1000));
		OK(setuid(1000));
		int mine = OK(open("f", O_WRONLY));
		CHECK_EQ(write(mine, "z", 1), 1);
	});
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 07777, 0777);
	close(fd);
}

TEST(pwrite_leaves_the_offset)
{
	int fd = make_file("f", "abcdef");
	char buf[8];
	int pipes[2];

	CHECK_EQ(pwrite(fd, "XY", 2, 3), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(read(fd, buf, 8), 6);
	CHECK(memcmp(buf, "abcXYf", 6) == 0);
	CHECK_ERR(pwrite(fd, "x", 1, -1), EINVAL);
	OK(pipe(pipes));
	CHECK_ERR(pwrite(pipes[1], "x", 1, 0), ESPIPE);
}
