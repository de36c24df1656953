/*
 * strace: the log of system calls of threads with WORK_TRACE ("strace" on the
 * kernel's command line traces process 1 and all its children). One line when
 * a call ends; exits and execs one when they begin.
 */
#include "kernel/syscall/strace.h"
#include "kernel/abi/syscall_nr.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/trace/log.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/trap.h"

#define STRING_SHOWN	48

#define SYS0(nr, n) [nr] = { #n, 0, { NULL } },
#define SYS1(nr, n, t1, a1) [nr] = { #n, 1, { #t1 " " #a1 } },
#define SYS2(nr, n, t1, a1, t2, a2) \
	[nr] = { #n, 2, { #t1 " " #a1, #t2 " " #a2 } },
#define SYS3(nr, n, t1, a1, t2, a2, t3, a3) \
	[nr] = { #n, 3, { #t1 " " #a1, #t2 " " #a2, #t3 " " #a3 } },
#define SYS4(nr, n, t1, a1, t2, a2, t3, a3, t4, a4) \
	[nr] = { #n, 4, { #t1 " " #a1, #t2 " " #a2, #t3 " " #a3, \
	    #t4 " " #a4 } },
#define SYS5(nr, n, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	[nr] = { #n, 5, { #t1 " " #a1, #t2 " " #a2, #t3 " " #a3, \
	    #t4 " " #a4, #t5 " " #a5 } },
#define SYS6(nr, n, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	[nr] = { #n, 6, { #t1 " " #a1, #t2 " " #a2, #t3 " " #a3, \
	    #t4 " " #a4, #t5 " " #a5, #t6 " " #a6 } },
const struct strace_row strace_rows[] = {
#include "kernel/syscall/syscalls.def"
};
const u32 strace_nrows = ARRAY_LEN(strace_rows);

static usize
put_string(char *buf, usize size, u64 addr)
{
	char s[STRING_SHOWN + 1];
	usize n = copy_in_nofault(s, UPTR(addr), STRING_SHOWN);

	s[n] = '\0';
	for (usize i = 0; i < n && s[i] != '\0'; i++)
		if (s[i] < ' ' || s[i] > '~')
			s[i] = '?';
	return (usize)kscnprintf(buf, size, "\"%s\"", s);
}

static bool
is_path(const char *what)
{
	static const char *const names[] = {
		"uptr_t path", "uptr_t name", "uptr_t from", "uptr_t to",
	};

	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(what, names[i]) == 0)
			return true;
	return false;
}

static usize
put_arg(char *buf, usize size, const char *what, u64 v)
{
	if (is_path(what))
		return put_string(buf, size, v);
	if (str_has_prefix(what, "int "))
		return (usize)kscnprintf(buf, size, "%d", (int)v);
	if (str_has_prefix(what, "u32 "))
		return (usize)kscnprintf(buf, size, "%u", (u32)v);
	if (str_has_prefix(what, "usize "))
		return (usize)kscnprintf(buf, size, "%lu", v);
	return (usize)kscnprintf(buf, size, "0x%lx", v);
}

static usize
put_call(char *buf, usize size, const struct trapframe *tf)
{
	const u64 args[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8,
		tf->r9 };
	const struct strace_row *row = &strace_rows[tf->orig_rax];
	usize n;

	n = (usize)kscnprintf(buf, size, "%u %s: %s(", current->tid,
	    current->name, row->name);
	for (u32 i = 0; i < row->nargs; i++) {
		if (i != 0)
			n += (usize)kscnprintf(buf + n, size - n, ", ");
		n += put_arg(buf + n, size - n, row->arg[i], args[i]);
	}
	return n + (usize)kscnprintf(buf + n, size - n, ")");
}

void
strace_enter(const struct trapframe *tf)
{
	char line[256];

	if (tf->orig_rax != SYS_exit && tf->orig_rax != SYS_exit_group &&
	    tf->orig_rax != SYS_execve)
		return;
	(void)put_call(line, sizeof(line), tf);
	kinfo("%s ...", line);
}

void
strace_exit(const struct trapframe *tf, long result)
{
	char line[256];

	if (tf->orig_rax >= strace_nrows) {	/* execve or rt_sigreturn did */
		kinfo("%u %s: new registers", current->tid, current->name);
		return;
	}
	(void)put_call(line, sizeof(line), tf);
	kinfo("%s = %ld", line, result);
}
