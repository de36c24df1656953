/*
 * What lies below the stack pointer does not matter to a signal handler's
 * frame: its vector state is laid over whatever stood there.
 */
#include "tests/abi/abi.h"

#define DIRT	16384

static volatile sig_atomic_t came;

static void
on_signal(int sig)
{
	(void)sig;
	came++;
}

/* Leave bytes of 0xff where the frame will be. */
__attribute__((noinline)) static int
dirty_the_stack(void)
{
	volatile unsigned char dirt[DIRT];

	for (int i = 0; i < DIRT; i++)
		dirt[i] = 0xff;
	return dirt[DIRT / 2];
}

TEST(frame_over_dirt)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		struct sigaction sa = { .sa_handler = on_signal };

		OK(sigaction(SIGUSR1, &sa, NULL));
		for (int i = 1; i <= 200; i++) {
			CHECK_EQ(dirty_the_stack(), 0xff);
			OK(kill(getpid(), SIGUSR1));
			CHECK_EQ(came, i);
		}
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
}
