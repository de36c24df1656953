/*
 * lockdep's data: what each CPU holds. Debug kernels only fill it.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/lockorder.h"
#include "kernel/x86/percpu.h"

struct spinlock;

#define LOCKDEP_DEPTH		24	/* spinlocks one CPU may hold */

/* Contexts in which a lock was taken: spinlock.usage. */
#define LOCKDEP_USED_IN_IRQ	BIT(0)	/* by an interrupt handler */
#define LOCKDEP_USED_IRQS_ON	BIT(1)	/* with interrupts on */

struct held_lock {
	const struct spinlock *lock;
	u8		class;
	u8		depth;		/* irq_depth when it was taken */
	u64		ip;		/* who took it */
};

/* o this CPU only */
struct lockdep_cpu {
	u32		n;			/* [o] */
	struct held_lock held[LOCKDEP_DEPTH];	/* [o] in order of taking */
	u64		acquired[NLOCK_CLASSES]; /* [o] */
};

/* Whether locks of a class may nest, in order of their addresses. */
bool	lock_class_nests(enum lock_class cls);

/* A rule is broken: panic, unless a self-test expects it. */
void	lockdep_report(const char *fmt, ...) printf_like(1, 2);
void	lockdep_expect(void);		/* from here, on this CPU, only count */
u32	lockdep_expected(void);		/* until here: reports since */

/* A lock was waited for so long that something is wrong; may panic. */
void	lockdep_stuck(const struct spinlock *l, u32 turns);
u64	lockdep_acquired(enum lock_class cls, u32 cpu);
/* Log what each CPU holds; for panics. */
void	lockdep_log_held(void);

#if defined(HARDTACK_DEBUG)
#define LOCKDEP_USAGE(l)	(&(l)->usage)
#else
#define LOCKDEP_USAGE(l)	((u8 *)NULL)
#endif
