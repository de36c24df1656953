/*
 * mprotect(2)
 */
#include "tests/abi/abi.h"

#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define RW	(PROT_READ | PROT_WRITE)

static sigjmp_buf leave;
static siginfo_t last;

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last = *info;
	siglongjmp(leave, 1);
}

/* The si_code of the fault that touching p makes; 0 if there is none. */
static int
touch(volatile char *p, int write)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
	    .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	if (sigsetjmp(leave, 1) == 0) {
		if (write)
			*p = 1;
		else
			(void)*p;
		return 0;
	}
	CHECK_EQ((uintptr_t)last.si_addr, (uintptr_t)p);
	return last.si_code;
}

TEST(takes_and_gives)
{
	char *p = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	memset(p, 9, 3 * PAGE);
	OK(mprotect(p + PAGE, PAGE, PROT_READ));
	CHECK_EQ(touch(p + PAGE, 0), 0);
	CHECK_EQ(touch(p + PAGE + 5, 1), SEGV_ACCERR);
	CHECK_EQ(touch(p, 1), 0);
	CHECK_EQ(touch(p + 2 * PAGE, 1), 0);
	OK(mprotect(p, 3 * PAGE, PROT_NONE));
	CHECK_EQ(touch(p + 1, 0), SEGV_ACCERR);
	OK(mprotect(p, 3 * PAGE, RW));
	CHECK_EQ(touch(p + PAGE, 1), 0);
	CHECK_EQ(p[PAGE + 1], 9);
	OK(munmap(p, 3 * PAGE));
	CHECK_EQ(touch(p, 0), SEGV_MAPERR);
}

TEST(untouched_pages)
{
	char *p = mmap(NULL, PAGE, PROT_NONE, ANON, -1, 0);

	CHECK(p != MAP_FAILED);
	OK(mprotect(p, PAGE, RW));
	CHECK_EQ(touch(p, 1), 0);
	OK(munmap(p, PAGE));
}

TEST(copy_on_write_survives)
{
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);
	pid_t pid;

	p[0] = 1;
	pid = OK(fork());
	if (pid == 0) {
		OK(mprotect(p, PAGE, PROT_READ));
		OK(mprotect(p, PAGE, RW));
		p[0] = 2;
		_exit(p[0]);
	}
	CHECK_EXITS(pid, 2);
	CHECK_EQ(p[0], 1);
	OK(munmap(p, PAGE));
}

TEST(execute)
{
	static const unsigned char ret42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);
	pid_t pid;

	memcpy(p, ret42, sizeof(ret42));
	pid = OK(fork());
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(((int (*)(void))p)());
	}
	CHECK_KILLED(pid, SIGSEGV);
	OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	CHECK_EQ(((int (*)(void))p)(), 42);
	OK(munmap(p, PAGE));
}

TEST(errors)
{
	char *p = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);
	int fd;

	/* Not through the C library, which rounds the address. */
	CHECK_ERR(syscall(SYS_mprotect, p + 1, PAGE, RW), EINVAL);
	CHECK_ERR(syscall(SYS_mprotect, p, PAGE, 0x100), EINVAL);
	OK(munmap(p + PAGE, PAGE));
	CHECK_ERR(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
	CHECK_ERR(mprotect((void *)0x6fff00000000UL, PAGE, RW), ENOMEM);
	OK(mprotect(p, 0, PROT_READ));
	OK(munmap(p, 3 * PAGE));
	close(make_file("f", "abc"));
	fd = OK(open("f", O_RDONLY));
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, PAGE, RW), EACCES);
	OK(munmap(p, PAGE));
	close(fd);
}

TEST(the_kernel_obeys_too)
{
	char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);
	int fd = OK(open("/dev/zero", O_RDONLY));

	p[0] = 1;
	OK(mprotect(p, PAGE, PROT_READ));
	CHECK_ERR(read(fd, p, 1), EFAULT);
	CHECK_EQ(p[0], 1);
	OK(munmap(p, PAGE));
	close(fd);
}
