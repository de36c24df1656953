/*
 * Signals as the kernel and the C library exchange them on x86-64
 * (signal(7), sigaction(2), sigreturn(2)).
 */
#pragma once

#include <stdint.h>

#define SIGHUP			1
#define SIGINT			2
#define SIGQUIT			3
#define SIGILL			4
#define SIGTRAP			5
#define SIGABRT			6
#define SIGIOT			6
#define SIGBUS			7
#define SIGFPE			8
#define SIGKILL			9
#define SIGUSR1			10
#define SIGSEGV			11
#define SIGUSR2			12
#define SIGPIPE			13
#define SIGALRM			14
#define SIGTERM			15
#define SIGSTKFLT		16
#define SIGCHLD			17
#define SIGCONT			18
#define SIGSTOP			19
#define SIGTSTP			20
#define SIGTTIN			21
#define SIGTTOU			22
#define SIGURG			23
#define SIGXCPU			24
#define SIGXFSZ			25
#define SIGVTALRM		26
#define SIGPROF			27
#define SIGWINCH		28
#define SIGIO			29
#define SIGPOLL			SIGIO
#define SIGPWR			30
#define SIGSYS			31
#define SIGRTMIN		32
#define SIGRTMAX		64
#define NSIG			64

#define SIG_BLOCK		0
#define SIG_UNBLOCK		1
#define SIG_SETMASK		2

/* Handlers, as numbers: the kernel never calls them. */
#define LX_SIG_DFL		0ul
#define LX_SIG_IGN		1ul

#define SA_NOCLDSTOP		0x00000001ul
#define SA_NOCLDWAIT		0x00000002ul
#define SA_SIGINFO		0x00000004ul
#define SA_UNSUPPORTED		0x00000400ul
#define SA_EXPOSE_TAGBITS	0x00000800ul
#define SA_RESTORER		0x04000000ul
#define SA_ONSTACK		0x08000000ul
#define SA_RESTART		0x10000000ul
#define SA_NODEFER		0x40000000ul
#define SA_RESETHAND		0x80000000ul

#define SS_ONSTACK		1
#define SS_DISABLE		2
#define SS_AUTODISARM		(1u << 31)
#define MINSIGSTKSZ		2048
#define SIGSTKSZ		8192

/* Bit n - 1 stands for signal n; calls pass its size, always 8. */
typedef uint64_t lx_sigset_t;

#define LX_SIGSET_BYTES		8
#define LX_SIGMASK(sig)		(1ul << ((sig) - 1))

/* rt_sigaction's argument. */
struct lx_sigaction {
	uint64_t sa_handler;
	uint64_t sa_flags;		/* the high half is noise: ignore it */
	uint64_t sa_restorer;
	lx_sigset_t sa_mask;
};

_Static_assert(sizeof(struct lx_sigaction) == 32, "sigaction");

struct lx_stack {
	uint64_t ss_sp;
	int32_t ss_flags;
	uint32_t pad_;
	uint64_t ss_size;
};

_Static_assert(sizeof(struct lx_stack) == 24, "stack_t");

union lx_sigval {
	int32_t sival_int;
	uint64_t sival_ptr;
};

/* siginfo_t; which member of u holds depends on si_signo and si_code. */
struct lx_siginfo {
	int32_t si_signo;
	int32_t si_errno;
	int32_t si_code;
	int32_t pad_;
	union {
		int32_t raw[28];
		struct {
			int32_t si_pid;
			uint32_t si_uid;
			union lx_sigval si_value;
		} rt;			/* kill, tkill, sigqueue */
		struct {
			int32_t si_timerid;
			int32_t si_overrun;
			union lx_sigval si_value;
		} timer;		/* SI_TIMER */
		struct {
			int32_t si_pid;
			uint32_t si_uid;
			int32_t si_status;
			int32_t pad_;
			int64_t si_utime;
			int64_t si_stime;
		} chld;			/* SIGCHLD */
		struct {
			uint64_t si_addr;
			int16_t si_addr_lsb;
			int16_t pad_[3];
			uint64_t si_lower;
			uint64_t si_upper;
		} fault;		/* SIGSEGV, SIGBUS, SIGILL, SIGFPE */
		struct {
			int64_t si_band;
			int32_t si_fd;
		} poll;			/* SIGIO */
		struct {
			uint64_t si_call_addr;
			int32_t si_syscall;
			uint32_t si_arch;
		} sys;			/* SIGSYS */
	} u;
};

_Static_assert(sizeof(struct lx_siginfo) == 128, "siginfo");

/* si_code: above 0 from the kernel; the rest says who sent it. */
#define SI_USER			0
#define SI_KERNEL		0x80
#define SI_QUEUE		-1
#define SI_TIMER		-2
#define SI_MESGQ		-3
#define SI_ASYNCIO		-4
#define SI_SIGIO		-5
#define SI_TKILL		-6

#define ILL_ILLOPC		1
#define ILL_ILLOPN		2
#define ILL_ILLADR		3
#define ILL_ILLTRP		4
#define ILL_PRVOPC		5
#define FPE_INTDIV		1
#define FPE_INTOVF		2
#define FPE_FLTDIV		3
#define FPE_FLTOVF		4
#define FPE_FLTUND		5
#define FPE_FLTRES		6
#define FPE_FLTINV		7
#define FPE_FLTSUB		8
#define SEGV_MAPERR		1
#define SEGV_ACCERR		2
#define SEGV_BNDERR		3
#define SEGV_PKUERR		4
#define BUS_ADRALN		1
#define BUS_ADRERR		2
#define BUS_OBJERR		3
#define TRAP_BRKPT		1
#define TRAP_TRACE		2
#define TRAP_BRANCH		3
#define TRAP_HWBKPT		4
#define CLD_EXITED		1
#define CLD_KILLED		2
#define CLD_DUMPED		3
#define CLD_TRAPPED		4
#define CLD_STOPPED		5
#define CLD_CONTINUED		6
#define POLL_IN			1
#define POLL_OUT		2
#define POLL_MSG		3
#define POLL_ERR		4
#define POLL_PRI		5
#define POLL_HUP		6

/* sigevent(7), for timer_create. */
struct lx_sigevent {
	union lx_sigval sigev_value;
	int32_t sigev_signo;
	int32_t sigev_notify;
	int32_t sigev_tid;
	int32_t pad_[11];
};

_Static_assert(sizeof(struct lx_sigevent) == 64, "sigevent");

#define SIGEV_SIGNAL		0
#define SIGEV_NONE		1
#define SIGEV_THREAD		2
#define SIGEV_THREAD_ID		4

/* signalfd(2) */
#define SFD_CLOEXEC		02000000
#define SFD_NONBLOCK		00004000

/*
 * The frame that a handler finds on its stack, lowest address first:
 *
 *	[ pretcode | ucontext | siginfo ]   then, higher and 64-byte aligned,
 *	[ FXSAVE image | xstate header | extended state | magic 2 ]
 *
 * The handler enters with rsp at pretcode, as if it had been called.
 */
struct lx_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp;
	uint64_t rip;
	uint64_t eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err;
	uint64_t trapno;
	uint64_t oldmask;
	uint64_t cr2;
	uint64_t fpstate;		/* address of the FXSAVE image, or 0 */
	uint64_t reserved1_[8];
};

_Static_assert(sizeof(struct lx_sigcontext) == 256, "sigcontext");

struct lx_ucontext {
	uint64_t uc_flags;
	uint64_t uc_link;
	struct lx_stack uc_stack;
	struct lx_sigcontext uc_mcontext;
	lx_sigset_t uc_sigmask;
};

_Static_assert(sizeof(struct lx_ucontext) == 304, "ucontext");

#define UC_FP_XSTATE		0x1	/* extended state follows FXSAVE */
#define UC_SIGCONTEXT_SS	0x2	/* ss is saved */
#define UC_STRICT_RESTORE_SS	0x4	/* and restored as it is */

struct lx_rt_sigframe {
	uint64_t pretcode;		/* sa_restorer */
	struct lx_ucontext uc;
	struct lx_siginfo info;
};

_Static_assert(sizeof(struct lx_rt_sigframe) == 440, "rt_sigframe");

/* Bytes 464-511 of the FXSAVE image, which the CPU leaves to software. */
#define FP_XSTATE_SW_OFFSET	464
#define FP_XSTATE_MAGIC1	0x46505853u
#define FP_XSTATE_MAGIC2	0x46505845u
#define FP_XSTATE_MAGIC2_SIZE	4

struct lx_fpx_sw_bytes {
	uint32_t magic1;		/* FP_XSTATE_MAGIC1 */
	uint32_t extended_size;		/* all of it, with magic 2 */
	uint64_t xfeatures;		/* components saved */
	uint32_t xstate_size;		/* without magic 2 */
	uint32_t padding_[7];
};

_Static_assert(sizeof(struct lx_fpx_sw_bytes) == 48, "fpx_sw_bytes");

/* The legacy image itself (Intel SDM vol. 1, table 10-2). */
struct lx_fxsave {
	uint16_t cwd, swd, ftw, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16];
	uint8_t xmm[16][16];
	uint8_t reserved_[48];
	struct lx_fpx_sw_bytes sw;
};

_Static_assert(sizeof(struct lx_fxsave) == 512, "fxsave");
