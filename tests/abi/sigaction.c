/*
 * rt_sigaction(2), rt_sigreturn(2)
 *
 * Three things are tested: what the call itself stores and refuses; when a
 * handler runs, on top of which other; and what it finds and leaves. The last
 * needs assembly: a fault at an instruction of known length is skipped by
 * changing the saved registers, and registers, FPU state and the red zone are
 * filled before a system call at whose end the handler runs, so that whatever
 * the kernel saves wrongly shows.
 *
 * The tests with nonsense (handlers, frames, stack pointers) end with a process
 * killed by SIGSEGV; such arguments brought other young kernels down.
 */
#include <ucontext.h>
#include "tests/abi/abi.h"

struct ksigaction {
	void		(*handler)(int);
	unsigned long	flags;
	void		(*restorer)(void);
	unsigned long	mask;
};

static volatile int got, depth, max_depth, calls, order[8], norder;

static void
on_signal(int sig)
{
	got = sig;
}

TEST(returns_the_old_one)
{
	struct sigaction sa = { .sa_handler = on_signal,
	    .sa_flags = SA_NODEFER }, old;

	sigaddset(&sa.sa_mask, SIGUSR2);
	OK(sigaction(SIGUSR1, &sa, &old));
	CHECK(old.sa_handler == SIG_DFL);
	OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == on_signal);
	CHECK(old.sa_flags & SA_NODEFER);
	CHECK(sigismember(&old.sa_mask, SIGUSR2));
	signal(SIGUSR1, SIG_DFL);
}

TEST(errors)
{
	struct ksigaction sa = { .handler = SIG_DFL };

	CHECK_ERR(syscall(SYS_rt_sigaction, 0, &sa, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, 65, &sa, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, -1, &sa, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGKILL, &sa, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGSTOP, &sa, NULL, 8), EINVAL);
	OK(syscall(SYS_rt_sigaction, SIGKILL, NULL, &sa, 8));
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, &sa, NULL, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, BAD_ADDRESS, NULL, 8),
	    EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD_ADDRESS, 8),
	    EFAULT);
}

TEST(every_number_odd_handlers)
{
	/* What crashed others: arguments without sense, never delivered. */
	struct ksigaction sa = { (void (*)(int))-1L, -1UL, (void *)-1L, -1UL };

	for (int sig = 1; sig <= 64; sig++) {
		syscall(SYS_rt_sigaction, sig, &sa, NULL, 8);
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	}
	/* Delivered: the process dies of SIGSEGV. */
	pid_t pid = OK(fork());
	if (pid == 0) {
		syscall(SYS_rt_sigaction, SIGUSR1, &sa, NULL, 8);
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

static void
nested(int sig)
{
	if (++depth > max_depth)
		max_depth = depth;
	if (++calls < 5)
		raise(sig);
	depth--;
}

TEST(blocked_during_itself_unless_nodefer)
{
	struct sigaction sa = { .sa_handler = nested };

	OK(sigaction(SIGUSR1, &sa, NULL));
	calls = depth = max_depth = 0;
	raise(SIGUSR1);
	/* Each time pending until the one before has returned: never nested. */
	CHECK_EQ(calls, 5);
	CHECK_EQ(max_depth, 1);
	CHECK_EQ(depth, 0);
}

TEST(nested_with_nodefer)
{
	struct sigaction sa = { .sa_handler = nested, .sa_flags = SA_NODEFER };

	OK(sigaction(SIGUSR1, &sa, NULL));
	calls = depth = max_depth = 0;
	raise(SIGUSR1);
	CHECK_EQ(max_depth, 5);
	CHECK_EQ(depth, 0);
	signal(SIGUSR1, SIG_DFL);
}

static void
note(int sig)
{
	order[norder++] = sig;
}

TEST(lowest_first_and_mask)
{
	struct sigaction sa = { .sa_handler = note };
	sigset_t all;

	/* The mask of a handler keeps the others out until it returns. */
	sigfillset(&sa.sa_mask);
	OK(sigaction(SIGUSR1, &sa, NULL));
	OK(sigaction(SIGUSR2, &sa, NULL));
	OK(sigaction(SIGHUP, &sa, NULL));
	sigfillset(&all);
	OK(sigprocmask(SIG_BLOCK, &all, NULL));
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGHUP);
	raise(SIGHUP);
	OK(sigprocmask(SIG_UNBLOCK, &all, NULL));
	CHECK_EQ(norder, 3);
	int sum = order[0] + order[1] + order[2];
	CHECK_EQ(sum, SIGHUP + SIGUSR1 + SIGUSR2);
}

TEST(resethand)
{
	struct sigaction sa = { .sa_handler = on_signal,
	    .sa_flags = (int)SA_RESETHAND }, old;

	OK(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	OK(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
}

static siginfo_t last;
static ucontext_t *context;
static volatile unsigned long faulted_rip;

static void
on_fault(int sig, siginfo_t *info, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	last = *info;
	faulted_rip = uc->uc_mcontext.gregs[REG_RIP];
	/* Go on behind the faulting instruction: it is two bytes long. */
	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RCX] = 0x1234;
}

TEST(siginfo_of_a_fault_and_changed_context)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
	    .sa_flags = SA_SIGINFO };
	unsigned long rcx = 0;

	(void)context;
	OK(sigaction(SIGSEGV, &sa, NULL));
	__asm__ volatile("mov (%%rax), %%ebx" : "=c"(rcx) : "a"(0xdead0000UL)
	    : "rbx", "memory");
	CHECK_EQ(last.si_signo, SIGSEGV);
	CHECK_EQ(last.si_code, SEGV_MAPERR);
	CHECK_EQ((long)last.si_addr, 0xdead0000L);
	CHECK_EQ(rcx, 0x1234);
	signal(SIGSEGV, SIG_DFL);
}

TEST(other_traps)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
	    .sa_flags = SA_SIGINFO };

	OK(sigaction(SIGILL, &sa, NULL));
	__asm__ volatile("ud2" : : : "rcx");
	CHECK_EQ(last.si_signo, SIGILL);
	CHECK_EQ(last.si_code, ILL_ILLOPN);
	OK(sigaction(SIGFPE, &sa, NULL));
	__asm__ volatile("div %%ecx" : : "a"(1), "d"(0), "c"(0) : "memory");
	CHECK_EQ(last.si_signo, SIGFPE);
	CHECK_EQ(last.si_code, FPE_INTDIV);
	OK(sigaction(SIGSEGV, &sa, NULL));
	/* A privileged instruction: hlt, and a byte to skip. */
	__asm__ volatile("hlt; nop" : : : "rcx");
	CHECK_EQ(last.si_signo, SIGSEGV);
	CHECK_EQ(last.si_code, SI_KERNEL);
	/* A non-canonical address has no address to tell. */
	__asm__ volatile("mov (%%rax), %%ebx" : : "a"(0x8000000000000000UL)
	    : "rbx", "rcx", "memory");
	CHECK_EQ(last.si_signo, SIGSEGV);
}

static volatile double answer;

static void
uses_the_fpu(int sig)
{
	volatile double x = 1.0;

	(void)sig;
	for (int i = 0; i < 20; i++)
		x = x * 1.5 + i;
	answer = x;
}

TEST(registers_survive)
{
	double a = 1.25, b = 2.5, c = 3.75;
	unsigned long r;

	signal(SIGUSR1, uses_the_fpu);
	/* Straight system call, so that everything lives in registers. */
	__asm__ volatile(
	    "mov $0x1122334455667788, %%r12\n"
	    "movq %%r12, %%xmm9\n"
	    "mov $39, %%eax\n syscall\n"		/* getpid */
	    "mov %%eax, %%edi\n mov $10, %%esi\n"	/* SIGUSR1 */
	    "mov $62, %%eax\n syscall\n"		/* kill */
	    "movq %%xmm9, %%r13\n"
	    "xor %%r13, %%r12\n mov %%r12, %0\n"
	    : "=r"(r) : : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "r12",
	    "r13", "xmm9", "memory");
	CHECK_EQ(r, 0);
	CHECK(answer > 0);
	CHECK(a + b + c == 7.5);
}

TEST(the_red_zone_survives)
{
	unsigned long r;

	signal(SIGUSR1, on_signal);
	__asm__ volatile(
	    "movq $0x5a5a, -8(%%rsp)\n movq $0xa5a5, -128(%%rsp)\n"
	    "mov $39, %%eax\n syscall\n"
	    "mov %%eax, %%edi\n mov $10, %%esi\n"
	    "mov $62, %%eax\n syscall\n"
	    "mov -8(%%rsp), %0\n add -128(%%rsp), %0\n"
	    : "=r"(r) : : "rax", "rcx", "rdi", "rsi", "r11", "memory");
	CHECK_EQ(r, 0xffff);
}

static void
jumps(int sig)
{
	(void)sig;
	longjmp(abi_leave, 3);
}

TEST(leaving_by_longjmp)
{
	sigjmp_buf here;

	memcpy(&here, &abi_leave, sizeof(here));
	signal(SIGUSR1, jumps);
	if (setjmp(abi_leave) == 0) {
		raise(SIGUSR1);
		CHECK(0);
	}
	memcpy(&abi_leave, &here, sizeof(here));
	sigset_t set;
	OK(sigprocmask(SIG_BLOCK, NULL, &set));
	CHECK(sigismember(&set, SIGUSR1));	/* nobody restored it */
	sigemptyset(&set);
	OK(sigprocmask(SIG_SETMASK, &set, NULL));
}

TEST(ignoring_discards_what_is_pending)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	OK(sigpending(&pending));
	CHECK(!sigismember(&pending, SIGUSR1));
	signal(SIGUSR1, SIG_DFL);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(bad_frame_kills)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		/* sigreturn without a frame. */
		__asm__ volatile("mov $16, %%rsp\n mov $15, %%eax\n syscall"
		    : : : "memory");
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
	pid = OK(fork());
	if (pid == 0) {
		/* A frame full of nonsense. */
		static char junk[8192];

		memset(junk, 0xa5, sizeof(junk));
		__asm__ volatile("mov %0, %%rsp\n mov $15, %%eax\n syscall"
		    : : "r"(junk + 4096) : "memory");
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}

TEST(no_room_for_a_frame_kills)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		signal(SIGUSR1, on_signal);
		__asm__ volatile("mov $64, %%rsp\n mov $39, %%eax\n syscall\n"
		    "mov %%eax, %%edi\n mov $10, %%esi\n mov $62, %%eax\n"
		    "syscall" : : : "memory");
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}
