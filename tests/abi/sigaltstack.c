/*
 * sigaltstack(2)
 */
#include "tests/abi/abi.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int on_it, flags_inside;

static void
look(int sig)
{
	char here;
	stack_t ss;

	(void)sig;
	on_it = &here >= stack && &here < stack + sizeof(stack);
	sigaltstack(NULL, &ss);
	flags_inside = ss.ss_flags;
}

TEST(handler_runs_on_it)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) }, old;
	struct sigaction sa = { .sa_handler = look, .sa_flags = SA_ONSTACK };

	OK(sigaltstack(&ss, &old));
	CHECK_EQ(old.ss_flags, SS_DISABLE);
	OK(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	CHECK(on_it);
	CHECK_EQ(flags_inside, SS_ONSTACK);
	OK(sigaltstack(NULL, &old));
	CHECK_EQ(old.ss_flags, 0);
	CHECK(old.ss_sp == stack);
	CHECK_EQ(old.ss_size, sizeof(stack));
	/* Without the flag: not. */
	sa.sa_flags = 0;
	OK(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	CHECK(!on_it);
}

static int
recurse(int n)
{
	volatile char page[4096];

	page[0] = n;
	return n < INT_MAX ? recurse(n + 1) + page[0] : 0;
}

static void
overflowed(int sig)
{
	_exit(sig == SIGSEGV ? 42 : 1);
}

TEST(catches_a_stack_overflow)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = overflowed,
	    .sa_flags = SA_ONSTACK };
	pid_t pid = OK(fork());

	if (pid == 0) {
		sigaltstack(&ss, NULL);
		sigaction(SIGSEGV, &sa, NULL);
		_exit(recurse(0));
	}
	CHECK_EXITS(pid, 42);
}

TEST(errors)
{
	stack_t ss = { .ss_sp = stack, .ss_size = 100 };

	CHECK_ERR(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = sizeof(stack);
	ss.ss_flags = 0x1234;
	CHECK_ERR(syscall(SYS_sigaltstack, &ss, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_sigaltstack, BAD_ADDRESS, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_sigaltstack, NULL, BAD_ADDRESS), EFAULT);
	ss.ss_flags = SS_DISABLE;
	OK(sigaltstack(&ss, NULL));
	OK(sigaltstack(NULL, &ss));
	CHECK_EQ(ss.ss_flags, SS_DISABLE);
}

static void
change(int sig)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	(void)sig;
	flags_inside = sigaltstack(&ss, NULL) == -1 ? errno : 0;
}

TEST(not_changed_while_in_use)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = change, .sa_flags = SA_ONSTACK };

	OK(sigaltstack(&ss, NULL));
	OK(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	CHECK_EQ(flags_inside, EPERM);
}
