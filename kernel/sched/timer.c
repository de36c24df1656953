/*
 * Timers: each CPU keeps its own in a tree by deadline.
 *
 * A timer is armed on the CPU that arms it, and runs there: a thread that
 * sleeps for a while is woken where it went to sleep. Its cpu field says whose
 * lock guards it; it changes only while the timer is not armed, under the lock
 * of the CPU that it leaves, so who has locked the tree that cpu names, and
 * sees it still named, has the timer.
 *
 * The function runs in the timer interrupt with no lock held, so that it may
 * arm the timer again, or wake a thread. running names it meanwhile, for
 * timer_cancel_sync().
 *
 * Lock: timers.lock, interrupts off; before runq.lock.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/rbtree.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sched/timer.h"
#include "kernel/sync/irq.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"

/* l lock, with interrupts off; a atomic */
struct timers {
	struct spinlock		lock;
	struct rb_root_cached	tree;		/* [l] armed, by deadline */
	struct timer		*running;	/* [a] its function is called */
};
PERCPU_DEFINE(struct timers, timers) =
    { .lock = SPINLOCK_INIT(LOCK_TIMER) };

static inline struct timer *
of_node(struct rb_node *n)
{
	return RB_ENTRY(n, struct timer, node);
}

static inline u64
first_deadline(const struct timers *ts)
{
	return ts->tree.leftmost == NULL ? CLOCK_NEVER :
	    of_node(ts->tree.leftmost)->deadline_ns;
}

static void
insert_locked(struct timers *ts, struct timer *t)
{
	struct rb_node **link = &ts->tree.root.node, *parent = NULL;
	bool leftmost = true;

	while (*link != NULL) {
		parent = *link;
		if (t->deadline_ns < of_node(parent)->deadline_ns) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link(&t->node, parent, link);
	rb_insert_fix_cached(&ts->tree, &t->node, leftmost);
	t->armed = true;
}

static void
remove_locked(struct timers *ts, struct timer *t)
{
	rb_erase_cached(&ts->tree, &t->node);
	t->armed = false;
}

/* The tree that t belongs to, locked. Interrupts off. */
static struct timers *
lock_timers_of(struct timer *t) NO_THREAD_CHECK
{
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);
		struct timers *ts = PERCPU_OF(struct timers, timers, cpu);

		spin_lock(&ts->lock);
		if (likely(t->cpu == cpu))
			return ts;
		spin_unlock(&ts->lock);
	}
}

void
timer_init(struct timer *t, void (*fn)(struct timer *))
{
	t->fn = fn;
	t->cpu = cpu_id;
	t->armed = false;
	t->moved = false;
}

void
timer_set(struct timer *t, u64 deadline_ns) NO_THREAD_CHECK
{
	u64 irq = cpu_irq_save();
	struct timers *here = PERCPU_THIS(struct timers, timers), *ts;

	while (unlikely((ts = lock_timers_of(t)) != here)) {
		if (t->armed)
			remove_locked(ts, t);
		t->moved = true;
		WRITE_ONCE(t->cpu, cpu_id);
		spin_unlock(&ts->lock);
	}
	if (t->armed)
		remove_locked(ts, t);
	t->deadline_ns = deadline_ns;
	if (deadline_ns != CLOCK_NEVER) {
		insert_locked(ts, t);
		alarm_lower(runq_this(), deadline_ns);
	}
	spin_unlock(&ts->lock);
	cpu_irq_restore(irq);
}

bool
timer_cancel(struct timer *t) NO_THREAD_CHECK
{
	u64 irq = cpu_irq_save();
	struct timers *ts = lock_timers_of(t);
	bool was = t->armed;

	if (was)
		remove_locked(ts, t);
	spin_unlock(&ts->lock);
	cpu_irq_restore(irq);
	return was;
}

/* Wait until CPU cpu is not calling t's function. */
static void
wait_not_running(const struct timer *t, u32 cpu)
{
	const struct timers *ts = PERCPU_OF(struct timers, timers, cpu);

	while (atomic_load_acquire(&ts->running) == t)
		cpu_pause();
}

void
timer_cancel_sync(struct timer *t)
{
	assert(!irq_is_active());
	do {
		(void)timer_cancel(t);
		/* Once moved, it may still run on a CPU that it was on. */
		for (u32 c = 0; t->moved && c < ncpus; c++)
			wait_not_running(t, c);
		wait_not_running(t, READ_ONCE(t->cpu));
	} while (READ_ONCE(t->armed));	/* by its function */
}

u64
timer_run_expired(u64 now) NO_THREAD_CHECK
{
	struct timers *ts = PERCPU_THIS(struct timers, timers);
	struct timer *t;
	u64 next;

	if (ts->tree.leftmost == NULL)
		return CLOCK_NEVER;
	spin_lock(&ts->lock);
	while (first_deadline(ts) <= now) {
		void (*fn)(struct timer *);

		t = of_node(ts->tree.leftmost);
		fn = t->fn;
		remove_locked(ts, t);
		atomic_store_relaxed(&ts->running, t);
		spin_unlock(&ts->lock);
		fn(t);
		spin_lock(&ts->lock);
		atomic_store_release(&ts->running, (struct timer *)NULL);
	}
	next = first_deadline(ts);
	spin_unlock(&ts->lock);
	return next;
}
