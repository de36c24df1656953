/*
 * uname(2), sysinfo(2), sethostname(2), sched_yield(2), sched_getaffinity(2)
 */
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include "tests/abi/abi.h"

TEST(names)
{
	struct utsname u;

	OK(uname(&u));
	CHECK(u.sysname[0] != '\0' && u.release[0] != '\0');
	CHECK(strcmp(u.machine, "x86_64") == 0);
	CHECK_ERR(syscall(SYS_uname, BAD_ADDRESS), EFAULT);
}

TEST(sizes)
{
	struct sysinfo s;

	OK(sysinfo(&s));
	CHECK(s.totalram * s.mem_unit > 16 << 20);
	CHECK(s.freeram <= s.totalram);
	CHECK(s.procs >= 1);
	CHECK(s.uptime < 1000000000);
	CHECK_ERR(syscall(SYS_sysinfo, BAD_ADDRESS), EFAULT);
}

TEST(hostname_needs_root)
{
	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(sethostname("x", 1), EPERM);
	});
	CHECK_ERR(sethostname("x", 65), EINVAL);
	CHECK_ERR(sethostname("x", -1), EINVAL);
}

TEST(affinity)
{
	unsigned long mask[32] = { 0 };
	long n = OK(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask));
	int cpus = 0;

	CHECK(n >= 8 && n % 8 == 0);
	for (size_t i = 0; i < n / sizeof(long); i++)
		cpus += __builtin_popcountl(mask[i]);
	CHECK(cpus >= 1);
	CHECK_EQ(sysconf(_SC_NPROCESSORS_ONLN) >= cpus ||
	    cpus == sysconf(_SC_NPROCESSORS_ONLN), 1);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 3, mask), EINVAL);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0x3fffffff, sizeof(mask),
	    mask), ESRCH);
	CHECK_ERR(syscall(SYS_sched_getaffinity, 0, sizeof(mask), BAD_ADDRESS),
	    EFAULT);
}

TEST(pinned)
{
	cpu_set_t all, one;
	unsigned int cpu;

	OK(sched_getaffinity(0, sizeof(all), &all));
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		OK(sched_setaffinity(0, sizeof(one), &one));
		OK(syscall(SYS_getcpu, &cpu, NULL, NULL));
		CHECK_EQ(cpu, i);
	}
	OK(sched_setaffinity(0, sizeof(all), &all));
	CPU_ZERO(&one);
	CHECK_ERR(sched_setaffinity(0, sizeof(one), &one), EINVAL);
}

TEST(yield)
{
	OK(sched_yield());
	/* Two that only yield both get on. */
	pid_t pid = OK(fork());
	for (int i = 0; i < 2000; i++)
		OK(sched_yield());
	if (pid == 0)
		_exit(0);
	CHECK_EXITS(pid, 0);
}
