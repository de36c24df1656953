/*
 * Spinlocks: the contended path, and the figures of /proc/lockstat.
 */
#include "kernel/lib/annot.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/counter.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"

#include "kernel/sync/lockdep.h"

/* Reads between two looks at whether the machine is already dying. */
#define SPINS_PER_CHECK		(1u << 22)

static const char *const lock_names[NLOCK_CLASSES] = {
#define X(id, name, nests) [LOCK_##id] = name,
	LOCK_CLASSES(X)
#undef X
};

struct class_counts {
	u64	n[NLOCK_CLASSES];
};
static PERCPU_DEFINE(struct class_counts, contended_in);

const char *
lock_class_name(enum lock_class cls)
{
	return cls < NLOCK_CLASSES ? lock_names[cls] : "?";
}

void
spin_wait(struct spinlock *l) NO_THREAD_CHECK
{
	u32 spins = 0;

	counter_inc(lock_contended);
	contended_in.n[l->class]++;
	do {
		while (READ_ONCE(l->locked)) {
			cpu_pause();
			if (++spins % SPINS_PER_CHECK == 0)
				lockdep_stuck(l, spins / SPINS_PER_CHECK);
		}
	} while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE));
}

void
sync_lockstat(enum lock_class cls, u64 *acquired, u64 *contended)
{
	*acquired = 0;
	*contended = 0;
	for (u32 c = 0; c < ncpus; c++) {
		*acquired += lockdep_acquired(cls, c);
		*contended += PERCPU_OF(struct class_counts, contended_in,
		    c)->n[cls];
	}
}
