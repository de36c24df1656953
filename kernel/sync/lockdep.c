/*
 * The checks of the lock order, for debug kernels.
 *
 * Each CPU keeps the spinlocks it holds in a stack. Taking a lock checks that
 * its class comes after the classes of all that are held (lockorder.h); locks
 * of one class nest only where the class says so, by rising address. Since the
 * classes are ranked once, by hand, no graph of observed orders is needed: the
 * first wrong nesting panics even when no other CPU does the reverse.
 *
 * An interrupt handler runs on top of code that may hold anything, so that its
 * locks are checked only against those taken since the interrupt. What it may
 * not do is take a lock that is ever taken with interrupts on: the handler
 * could wait for the code that it interrupted. Each lock remembers the contexts
 * it was taken in; when both have been seen, that is a deadlock to come.
 *
 * The order of sleeping locks is checked by kernel/sched/heldlocks.c.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/sync/irq.h"
#include "kernel/sync/lockdep.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"

#define STUCK_TURNS	64		/* calls until a panic */

PERCPU_DEFINE(u32, irq_depth);
PERCPU_DEFINE(u32, rcu_depth);
PERCPU_DEFINE(struct lockdep_cpu, lockdep_cpu);

/* Self-tests break the rules on purpose, on one CPU, and count the reports. */
static PERCPU_DEFINE(bool, expecting);
static PERCPU_DEFINE(u32, reports);

static const bool class_nests[NLOCK_CLASSES] = {
#define X(id, name, nests) [LOCK_##id] = nests,
	LOCK_CLASSES(X)
#undef X
};

bool
lock_class_nests(enum lock_class cls)
{
	return class_nests[cls];
}

u64
lockdep_acquired(enum lock_class cls, u32 cpu)
{
	return PERCPU_OF(struct lockdep_cpu, lockdep_cpu, cpu)->acquired[cls];
}

void
lockdep_log_held(void)
{
	for (u32 c = 0; c < ncpus; c++) {
		const struct lockdep_cpu *l =
		    PERCPU_OF(struct lockdep_cpu, lockdep_cpu, c);

		for (u32 i = 0; i < l->n && i < LOCKDEP_DEPTH; i++)
			kerr("cpu %u holds %s (%p), taken at %s", c,
			    lock_class_name(l->held[i].class),
			    (const void *)l->held[i].lock,
			    symbol_of(l->held[i].ip, &(u64){ 0 }));
	}
}

void
lockdep_report(const char *fmt, ...)
{
	char text[120];
	va_list ap;

	if (panic_under_way)
		return;
	if (expecting) {
		reports++;
		return;
	}
	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lockdep_log_held();
	panic("lockdep: %s", text);
}

void
lockdep_expect(void)
{
	reports = 0;
	expecting = true;
}

u32
lockdep_expected(void)
{
	expecting = false;
	return reports;
}

void
lockdep_stuck(const struct spinlock *l, u32 turns)
{
	if (turns == STUCK_TURNS)
		lockdep_report("spinlock %s is never released",
		    lock_class_name(l->class));
}

/* A lock that a handler takes is never taken with interrupts on. */
static void
check_irq_usage(struct spinlock *l, bool irqs_on)
{
	u8 *usage = LOCKDEP_USAGE(l);
	u8 now = 0;

	if (irq_is_active())
		now = LOCKDEP_USED_IN_IRQ;
	else if (irqs_on)
		now = LOCKDEP_USED_IRQS_ON;
	if (usage == NULL || (*usage | now) == *usage)
		return;
	*usage |= now;
	if (*usage == (LOCKDEP_USED_IN_IRQ | LOCKDEP_USED_IRQS_ON))
		lockdep_report("%s is taken in interrupts and with them on",
		    lock_class_name(l->class));
}

static void
check_order(const struct spinlock *l, const struct held_lock *held)
{
	if (held->lock == l)
		lockdep_report("%s is taken twice", lock_class_name(l->class));
	else if (held->class > l->class || (held->class == l->class &&
	    !(class_nests[l->class] && held->lock < l)))
		lockdep_report("%s is taken under %s",
		    lock_class_name(l->class), lock_class_name(held->class));
}

void
lockdep_acquire(struct spinlock *l, bool try)
{
	u64 flags = cpu_irq_save();
	struct lockdep_cpu *cpu = PERCPU_THIS(struct lockdep_cpu, lockdep_cpu);
	struct held_lock *h;

	if (!panic_under_way && !try) {
		check_irq_usage(l, flags & RFLAGS_IF);
		for (u32 i = 0; i < cpu->n; i++)
			if (cpu->held[i].depth == irq_depth)
				check_order(l, &cpu->held[i]);
	}
	if (cpu->n < LOCKDEP_DEPTH) {
		h = &cpu->held[cpu->n];
		h->lock = l;
		h->class = l->class;
		h->depth = (u8)irq_depth;
		h->ip = (u64)__builtin_return_address(0);
		cpu->n++;
	} else {
		lockdep_report("more than %u locks held", LOCKDEP_DEPTH);
	}
	cpu->acquired[l->class]++;
	cpu_irq_restore(flags);
}

void
lockdep_release(struct spinlock *l)
{
	u64 flags = cpu_irq_save();
	struct lockdep_cpu *cpu = PERCPU_THIS(struct lockdep_cpu, lockdep_cpu);
	u32 i = cpu->n;

	while (i > 0 && cpu->held[i - 1].lock != l)
		i--;
	if (i == 0) {
		lockdep_report("%s is released but not held",
		    lock_class_name(l->class));
	} else {
		for (; i < cpu->n; i++)
			cpu->held[i - 1] = cpu->held[i];
		cpu->n--;
	}
	cpu_irq_restore(flags);
}

void
lockdep_assert_held(const struct spinlock *l)
{
	u64 flags = cpu_irq_save();
	const struct lockdep_cpu *cpu =
	    PERCPU_THIS(struct lockdep_cpu, lockdep_cpu);
	bool found = panic_under_way;

	for (u32 i = 0; i < cpu->n; i++)
		found |= cpu->held[i].lock == l;
	cpu_irq_restore(flags);
	if (!found)
		lockdep_report("%s is not held", lock_class_name(l->class));
}

void
lockdep_assert_no_locks(void)
{
	const struct lockdep_cpu *cpu =
	    PERCPU_THIS(struct lockdep_cpu, lockdep_cpu);

	if (cpu->n != 0)
		lockdep_report("%s is held where nothing may be",
		    lock_class_name(cpu->held[cpu->n - 1].class));
}

void
lockdep_assert_can_sleep(void)
{
	lockdep_assert_no_locks();
	if (irq_is_active() || !cpu_irq_is_enabled())
		lockdep_report("sleeping with interrupts off");
	if (rcu_depth != 0)
		lockdep_report("sleeping in an RCU read section");
}
