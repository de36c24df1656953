/*
 * The wall clock.
 */
#include "kernel/sched/clock.h"
#include "kernel/sync/seqlock.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/clock.h"

/* l lock; s read under seq */
static struct {
	struct spinlock	lock;
	struct seqcount	seq;		/* [l to write] */
	u64		offset_ns;	/* [s] realtime - monotonic */
	struct clock_vdso *vdso;	/* [l] user space's copy, or NULL */
} wall = { .lock = SPINLOCK_INIT(LOCK_LEAF) };

u64
clock_realtime_offset_ns(void)
{
	u64 offset;
	u32 seq;

	do {
		seq = seq_read_begin(&wall.seq);
		offset = READ_ONCE(wall.offset_ns);
	} while (seq_read_retry(&wall.seq, seq));
	return offset;
}

u64
clock_realtime_ns(void)
{
	return clock_now_ns() + clock_realtime_offset_ns();
}

static void
vdso_fill_locked(void)
{
	struct clock_vdso *v = wall.vdso;

	if (v == NULL)
		return;
	__atomic_store_n(&v->seq, v->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(v->shift, clock_scale.shift);
	WRITE_ONCE(v->mult, clock_scale.mult);
	WRITE_ONCE(v->tsc_base, clock_scale.tsc_base);
	WRITE_ONCE(v->realtime_offset_ns, wall.offset_ns);
	__atomic_store_n(&v->seq, v->seq + 1, __ATOMIC_RELEASE);
}

void
clock_set_realtime_ns(u64 ns)
{
	u64 flags = spin_lock_irq(&wall.lock);

	seq_write_begin(&wall.seq);
	WRITE_ONCE(wall.offset_ns, ns - clock_now_ns());
	seq_write_end(&wall.seq);
	vdso_fill_locked();
	spin_unlock_irq(&wall.lock, flags);
}

void
clock_set_vdso(struct clock_vdso *page)
{
	u64 flags = spin_lock_irq(&wall.lock);

	wall.vdso = page;
	vdso_fill_locked();
	spin_unlock_irq(&wall.lock, flags);
}
