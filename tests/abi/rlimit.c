/*
 * getrlimit(2), setrlimit(2), prlimit(2), getrusage(2)
 */
#include <sys/resource.h>
#include "tests/abi/abi.h"

TEST(reads_and_sets)
{
	struct rlimit old, new, now;

	OK(getrlimit(RLIMIT_NOFILE, &old));
	CHECK(old.rlim_cur >= 64 && old.rlim_cur <= old.rlim_max);
	new = old;
	new.rlim_cur = 64;
	OK(setrlimit(RLIMIT_NOFILE, &new));
	OK(getrlimit(RLIMIT_NOFILE, &now));
	CHECK_EQ(now.rlim_cur, 64);
	CHECK_ERR(dup2(0, 64), EBADF);
	IN_CHILD({
		OK(getrlimit(RLIMIT_NOFILE, &now));
		CHECK_EQ(now.rlim_cur, 64);
	});
	OK(setrlimit(RLIMIT_NOFILE, &old));
}

TEST(all_kinds)
{
	struct rlimit limit;

	for (int i = 0; i < 16; i++)
		OK(getrlimit(i, &limit));
	CHECK_ERR(getrlimit(16, &limit), EINVAL);
	CHECK_ERR(getrlimit(-1, &limit), EINVAL);
	CHECK_ERR(syscall(SYS_getrlimit, 7, BAD_ADDRESS), EFAULT);
	OK(getrlimit(RLIMIT_STACK, &limit));
	CHECK_EQ(limit.rlim_cur, 8 << 20);
}

TEST(cur_not_above_max)
{
	struct rlimit limit = { 100, 50 };

	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
}

TEST(users_only_lower)
{
	struct rlimit limit;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setuid(1000));
		OK(getrlimit(RLIMIT_NOFILE, &limit));
		limit.rlim_cur = limit.rlim_max = 100;
		OK(setrlimit(RLIMIT_NOFILE, &limit));
		limit.rlim_max = 101;
		CHECK_ERR(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
	});
}

TEST(prlimit_of_another)
{
	struct rlimit limit, old;
	pid_t pid = OK(fork());

	if (pid == 0)
		for (;;)
			pause();
	OK(prlimit(pid, RLIMIT_NOFILE, NULL, &old));
	limit = old;
	limit.rlim_cur = 77;
	OK(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
	OK(prlimit(pid, RLIMIT_NOFILE, NULL, &limit));
	CHECK_EQ(limit.rlim_cur, 77);
	OK(prlimit(0, RLIMIT_NOFILE, NULL, &limit));
	CHECK_EQ(limit.rlim_cur, old.rlim_cur);
	CHECK_ERR(prlimit(0x3fffffff, RLIMIT_NOFILE, NULL, &limit), ESRCH);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(address_space_limit)
{
	IN_CHILD({
		struct rlimit limit = { 64 << 20, 64 << 20 };
		OK(setrlimit(RLIMIT_AS, &limit));
		CHECK(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE |
		    MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
		CHECK_ERR(syscall(SYS_mmap, NULL, 128 << 20, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	});
}

TEST(file_size_limit)
{
	pid_t pid;
	int fd = make_file("f", "");

	IN_CHILD({
		struct rlimit limit = { 10, 10 };
		signal(SIGXFSZ, SIG_IGN);
		OK(setrlimit(RLIMIT_FSIZE, &limit));
		CHECK_EQ(write(fd, "0123456789abc", 13), 10);
		CHECK_ERR(write(fd, "x", 1), EFBIG);
		CHECK_ERR(ftruncate(fd, 11), EFBIG);
	});
	pid = OK(fork());
	if (pid == 0) {
		struct rlimit limit = { 10, 10 };

		setrlimit(RLIMIT_FSIZE, &limit);
		(void)!write(fd, "x", 1);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGXFSZ);
	close(fd);
}

TEST(usage_grows)
{
	struct rusage a, b;
	char *p;

	OK(getrusage(RUSAGE_SELF, &a));
	p = mmap(NULL, 200 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	for (int i = 0; i < 200; i++)
		p[i * PAGE] = 1;
	OK(getrusage(RUSAGE_SELF, &b));
	CHECK(b.ru_minflt - a.ru_minflt >= 200);
	CHECK(b.ru_maxrss > 0);
	OK(getrusage(RUSAGE_CHILDREN, &a));
	OK(getrusage(RUSAGE_THREAD, &a));
	CHECK_ERR(getrusage(7, &a), EINVAL);
	CHECK_ERR(syscall(SYS_getrusage, 0, BAD_ADDRESS), EFAULT);
	OK(munmap(p, 200 * PAGE));
}

TEST(process_limit)
{
	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		struct rlimit limit = { 3, 3 };
		pid_t pid;
		int made = 0;

		OK(setrlimit(RLIMIT_NPROC, &limit));
		OK(setuid(31337));
		while (made < 10 && (pid = fork()) > 0)
			made++;
		if (pid == 0)
			for (;;)
				pause();
		CHECK_EQ(made, 2);
		CHECK_ERR(fork(), EAGAIN);
		signal(SIGTERM, SIG_IGN);
		kill(-1, SIGTERM);
	});
}
