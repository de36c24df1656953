/*
 * The wall clock: an offset to the monotonic one. Who sets it also calls
 * vdso_update() (kernel/proc), for user space has a copy.
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

void
clock_set_realtime_ns(u64 ns)
{
	u64 flags = spin_lock_irq(&wall.lock);

	seq_write_begin(&wall.seq);
	WRITE_ONCE(wall.offset_ns, ns - clock_now_ns());
	seq_write_end(&wall.seq);
	spin_unlock_irq(&wall.lock, flags);
}
