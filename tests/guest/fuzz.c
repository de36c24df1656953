/*
 * System calls at random, by a user without rights: fuzz SECONDS [SEED].
 *
 * Children of uid 65534 make calls with numbers and arguments that are drawn
 * from what tends to hurt: small numbers, descriptors that exist, addresses at
 * the edges of mappings, huge lengths, all ones. Nothing they do may bring the
 * kernel down; what they get is of no interest. Each child has its own seed,
 * printed when it starts a round, so that a crash can be repeated alone.
 *
 * Left out: calls that end or stop the test itself (exit, reboot and signals to
 * others are refused or harmless; pause and kin end by an alarm).
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_PER_CHILD	2000
#define CHILD_SECONDS	3
#define NOBODY		65534
#define PAGE		4096ul

static uint64_t state;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static char *arena;		/* three pages: rw, r, none */

static uint64_t
an_argument(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 7, 8, 64, 255, 256, 4095, 4096, 4097, 65536,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffff, 0x7ffffffff000, 0x800000000000,
		0xffff800000000000, 0xffffffff80000000, ~0ull, ~0ull - 1,
		0x8000000000000000, 0x7fffffffffffffff,
	};

	switch (next() % 8) {
	case 0:
		return next() % 12;
	case 1:
		return odd[next() % (sizeof(odd) / sizeof(odd[0]))];
	case 2:
		return (uint64_t)arena + next() % (3 * PAGE);
	case 3:
		return (uint64_t)arena + PAGE - next() % 64;
	case 4:
		return (uint64_t)arena + (next() % 256) * 8;
	case 5:
		return 1ull << next() % 64;
	case 6:
		return next() % 5000;
	default:
		return next();
	}
}

static int
is_left_out(long nr)
{
	static const int out[] = {
		SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_clone,
		SYS_alarm, SYS_setitimer, SYS_rt_sigprocmask, SYS_rt_sigaction,
		SYS_rt_sigreturn, SYS_kill, SYS_tkill, SYS_tgkill,
		SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_execve,
	};

	for (unsigned i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		if (out[i] == nr)
			return 1;
	return 0;
}

static void
fill_arena(void)
{
	static const char *const names[] = {
		"f", "d", "d/f", "l", "/proc/self/stat", "/dev/tty", "..",
		"/proc/self/fd/3", "p", "/dev/zero", "/tmp", "loop",
	};
	uint64_t *p = (uint64_t *)arena;

	for (unsigned i = 0; i < PAGE / 8; i++)
		p[i] = an_argument();
	for (int i = 0; i < 12; i++)
		strcpy(arena + i * 64, names[i]);
}

static void
child(uint64_t seed)
{
	struct rlimit little = { 64 << 20, 64 << 20 };

	state = seed | 1;
	(void)setgroups(0, NULL);
	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		_exit(9);
	(void)setrlimit(RLIMIT_AS, &little);
	arena = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)mprotect(arena + PAGE, PAGE, PROT_READ);
	(void)mprotect(arena + 2 * PAGE, PAGE, PROT_NONE);
	(void)open("f", O_RDWR | O_CREAT, 0644);
	(void)mkdir("d", 0755);
	(void)symlink("loop", "loop");
	(void)mkfifo("p", 0644);
	(void)open("/dev/zero", O_RDWR);
	(void)open(".", O_RDONLY);
	(void)pipe((int[2]){ 0, 0 });
	alarm(CHILD_SECONDS);
	for (int i = 0; i < CALLS_PER_CHILD; i++) {
		long nr = next() % 16 ? (long)(next() % 335) :
		    (long)an_argument();

		if (is_left_out(nr))
			continue;
		if (next() % 8 == 0)
			fill_arena();
		(void)syscall(nr, an_argument(), an_argument(), an_argument(),
		    an_argument(), an_argument(), an_argument());
	}
	_exit(0);
}

int
main(int argc, char **argv)
{
	long seconds = argc > 1 ? atol(argv[1]) : 10;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	time_t end = time(NULL) + seconds;
	unsigned rounds = 0;

	if (chmod(".", 0777) != 0)
		return 1;
	while (time(NULL) < end) {
		pid_t kids[4];

		for (int i = 0; i < 4; i++) {
			kids[i] = fork();
			if (kids[i] == 0)
				child(seed * 1000003 + rounds * 4 + i);
		}
		for (int i = 0; i < 4; i++)
			if (kids[i] > 0)
				(void)waitpid(kids[i], NULL, 0);
		rounds++;
	}
	printf("ok fuzz: %u rounds from seed %llu\n", rounds,
	    (unsigned long long)seed);
	return 0;
}
