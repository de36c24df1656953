/*
 * restart_syscall(2): how a call with a relative timeout goes on after a signal
 * without a handler, for instance a stop. The call leaves what it was about to
 * do, with its deadline, in its task.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/restart.h"

static long (*restart_fns[RESTART_KINDS])(const u64 *args);	/* [I] */

void
restart_register(enum restart_kind kind, long (*fn)(const u64 *args))
{
	assert(kind > RESTART_NONE && kind < RESTART_KINDS);
	restart_fns[kind] = fn;
}

long
restart_set(enum restart_kind kind, const u64 *args, u32 nargs)
{
	struct task *t = current_task();

	assert(nargs <= ARRAY_LEN(t->restart_arg));
	t->restart_fn = kind;
	for (u32 i = 0; i < nargs; i++)
		t->restart_arg[i] = args[i];
	return -ERESTART_BLOCK;
}

long
restart_go(void)
{
	struct task *t = current_task();
	u32 kind = t->restart_fn;

	t->restart_fn = RESTART_NONE;
	if (kind == RESTART_NONE || restart_fns[kind] == NULL)
		return -EINTR;
	return restart_fns[kind](t->restart_arg);
}
