/*
 * Self-tests of the block layer.
 *
 * They run on a RAM disk and on a disk that exists for them alone: it has room
 * for two commands, ends them by a timer (by turns not the one that came
 * first) or when the test says so, writes down what it was given, and fails or
 * vanishes on demand. Each sector that it reads begins with its own number, so
 * that a request which got another's data shows.
 *
 * Requests are probes: each counts how often it was done, and whether that was
 * where it may be: in an interrupt, never within block_submit(). A test ends
 * when the count of those under way is 0, or fails after PATIENCE_NS: a request
 * that was lost in a race shows as that.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/block_priv.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/irq.h"
#include "kernel/trace/selftest.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/cpu.h"

#define DEPTH		2
#define LOG_MAX		1024
#define NSECTORS	100000u
#define DELAY_NS	20000ul
#define PATIENCE_NS	5000000000ul
#define MANY		256u

/* A refusal that lasts while somebody else does something. */
enum { WINDOW_NONE, WINDOW_SECOND, WINDOW_NEXT, WINDOW_OPEN, WINDOW_OVER };

/* A command as the disk saw it. */
struct seen {
	enum block_op	op;
	u32		nrequests, nsectors;
	u64		lba;
};

/* l lock, with interrupts off; I immutable */
struct fake {
	struct block_disk disk;
	struct spinlock	lock;
	struct timer	timer;
	struct block_request *slot[DEPTH];	/* [l] under way */
	bool		is_manual;	/* [I] ended by the test only */
	u32		window;		/* [a] WINDOW_*: see fake_refuse() */
	u32		fail_at;	/* [l] this command fails; 0: none */
	u32		nseen;		/* [l] */
	struct seen	seen[LOG_MAX];	/* [l] */
};

static struct fake fakes[24];
static u32 nfakes;

/* A request of a test, and what became of it. */
struct probe {
	struct block_request rq;
	struct block_seg seg;
	u32		ndone;		/* [a] */
	u32		misplaced;	/* done() not in an interrupt, or with
					 * others behind it */
};
static struct probe probes[MANY];
static struct frame *probe_frame[MANY];
static u32 nleft;			/* [a] probes that have not ended */
static PERCPU_DEFINE(u32, in_submit);

static void
fake_data(const struct block_request *rq)
{
	u64 lba = rq->disk_lba;

	for (u32 i = 0; i < rq->nsegs; i++)
		for (u32 at = 0; at < rq->segs[i].len_bytes;
		    at += SECTOR_SIZE, lba++) {
			u64 *to = phys_to_virt(rq->segs[i].addr + at);

			if (rq->op == BLOCK_READ) {
				memset(to, 0, SECTOR_SIZE);
				*to = lba;
			}
		}
}

/*
 * No room. Between this and the command's way back to its queue lies the race
 * that block.c tells of: a test opens it wide. Only the second refusal counts,
 * since the first is that of the fast path, which is followed by a queue.
 */
static void
fake_refuse(struct fake *f)
{
	u64 until = clock_now_ns() + PATIENCE_NS;
	u32 state = atomic_load(&f->window);

	if (state == WINDOW_SECOND || state == WINDOW_NEXT)
		atomic_store(&f->window, state + 1);
	while (atomic_load(&f->window) == WINDOW_OPEN && clock_now_ns() < until)
		cpu_pause();
}

static bool
fake_start(struct block_disk *d, struct block_request *chain)
{
	struct fake *f = d->priv;
	struct seen s = { .op = chain->op, .lba = chain->disk_lba };
	bool taken = false;
	u64 irq = spin_lock_irq(&f->lock);

	if (atomic_load(&d->is_gone)) {
		block_end(d, chain, -ENODEV);
		spin_unlock_irq(&f->lock, irq);
		return true;
	}
	for (u32 i = 0; i < DEPTH && !taken; i++)
		if (f->slot[i] == NULL) {
			f->slot[i] = chain;
			taken = true;
		}
	for (struct block_request *rq = chain; taken && rq; rq = rq->next) {
		s.nrequests++;
		s.nsectors += rq->nsectors;
	}
	if (taken && f->nseen < LOG_MAX)
		f->seen[f->nseen++] = s;
	spin_unlock_irq(&f->lock, irq);
	if (taken && !f->is_manual)
		timer_set(&f->timer, clock_now_ns() + DELAY_NS);
	if (!taken)
		fake_refuse(f);
	return taken;
}

static const struct block_disk_ops fake_ops = { fake_start };

/* End the command in slot i, if there is one. */
static bool
fake_end(struct fake *f, u32 i)
{
	u64 irq = spin_lock_irq(&f->lock);
	struct block_request *chain = f->slot[i];
	int error = 0;

	f->slot[i] = NULL;
	if (chain != NULL && f->fail_at != 0 && --f->fail_at == 0)
		error = -EIO;
	if (atomic_load(&f->disk.is_gone))
		error = -ENODEV;
	for (struct block_request *rq = chain; rq != NULL; rq = rq->next)
		fake_data(rq);
	if (chain != NULL)
		block_end(&f->disk, chain, error);
	spin_unlock_irq(&f->lock, irq);
	return chain != NULL;
}

/* Mostly one, and not the one that came first. */
static void
fake_timer(struct timer *t)
{
	struct fake *f = CONTAINER_OF(t, struct fake, timer);
	u32 first = f->nseen / 3 % DEPTH;

	if (!fake_end(f, first))
		(void)fake_end(f, (first + 1) % DEPTH);
	timer_set(t, clock_now_ns() + DELAY_NS);
}

static struct fake *
fake_add(u32 flags, u32 sector_bytes)
{
	struct fake *f = &fakes[nfakes++];

	f->disk = (struct block_disk){
		.ops = &fake_ops, .priv = f, .prefix = "fake",
		.nsectors = NSECTORS, .sector_bytes = sector_bytes,
		.flags = flags, .max_segs = BLOCK_REQUEST_SEGS,
		.max_sectors = BLOCK_REQUEST_SECTORS, .depth = DEPTH,
	};
	spin_init(&f->lock, LOCK_DEV);
	timer_init(&f->timer, fake_timer);
	block_disk_add(&f->disk);
	f->nseen = 0;
	return f;
}

/* From now on the test ends commands. */
static void
fake_take_over(struct fake *f)
{
	timer_cancel_sync(&f->timer);
	f->is_manual = true;
}

/* ---- requests ---- */

static void
probe_done(struct block_request *rq)
{
	struct probe *p = rq->priv;

	if (!irq_is_active() || in_submit != 0 || rq->next != NULL)
		p->misplaced++;
	atomic_inc(&p->ndone);
	atomic_dec(&nleft);
}

static struct probe *
probe_make(u32 i, struct block_dev *d, enum block_op op, u32 flags, u64 lba,
    u32 nsectors)
{
	struct probe *p = &probes[i];

	if (probe_frame[i] == NULL)
		probe_frame[i] = frame_get_zero(FRAME_BUFFER);
	*p = (struct probe){
		.rq = { .dev = d, .op = op, .flags = flags, .lba = lba,
		    .segs = &p->seg, .nsegs = op == BLOCK_FLUSH ? 0 : 1,
		    .done = probe_done, .priv = p, .error = 1 },
		.seg = { frame_paddr(probe_frame[i]), nsectors * SECTOR_SIZE },
	};
	return p;
}

static void
submit(struct block_request *rq)
{
	u64 irq = cpu_irq_save();

	in_submit++;
	block_submit(rq);
	in_submit--;
	cpu_irq_restore(irq);
}

/* Submit probes from up to to in one chain. */
static void
submit_chain(u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		probes[i].rq.next = i + 1 < to ? &probes[i + 1].rq : NULL;
	atomic_add(&nleft, to - from);
	submit(&probes[from].rq);
}

static bool
all_done(void)
{
	u64 until = clock_now_ns() + PATIENCE_NS;

	while (atomic_load(&nleft) != 0 && clock_now_ns() < until)
		sched_sleep_ns(100000);
	return atomic_load(&nleft) == 0;
}

static void
check_all(u32 n, int error)
{
	for (u32 i = 0; i < n; i++) {
		const struct probe *p = &probes[i];

		CHECK(atomic_load(&p->ndone) == 1);
		CHECK(p->misplaced == 0);
		CHECK(p->rq.error == error);
		if (error == 0 && p->rq.op == BLOCK_READ)
			CHECK(*(u64 *)frame_virt(probe_frame[i]) ==
			    p->rq.lba);
	}
}

/* A moment for what is not to happen. */
static void
linger(void)
{
	sched_sleep_ns(5000000);
}

/* Fill the room of f by probes 0 and 1. */
static void
plug(struct fake *f)
{
	for (u32 i = 0; i < DEPTH; i++)
		(void)probe_make(i, f->disk.dev, BLOCK_READ, 0, 90000 + 100 * i,
		    1);
	submit_chain(0, DEPTH);
	CHECK(f->nseen == DEPTH && f->slot[0] != NULL && f->slot[1] != NULL);
}

static void
end_until_done(struct fake *f)
{
	for (u32 i = 0; i < 1000 && atomic_load(&nleft) != 0; i++) {
		(void)fake_end(f, i % DEPTH);
		sched_sleep_ns(50000);
	}
	CHECK(atomic_load(&nleft) == 0);
}

/* ---- tests ---- */

/* Six that continue each other, in two chains; a gap; a write; a flag. */
SELFTEST(block_neighbours_are_one_command)
{
	static const struct seen want[] = {
		{ BLOCK_READ, 6, 12, 100 }, { BLOCK_READ, 1, 2, 200 },
		{ BLOCK_WRITE, 1, 2, 202 }, { BLOCK_WRITE, 1, 2, 204 },
	};
	struct fake *f = fake_add(0, SECTOR_SIZE);
	struct block_dev *d = f->disk.dev;
	struct block_stats was, is;

	fake_take_over(f);
	block_stats_sum(d, &was);
	plug(f);
	for (u32 i = 2; i < 8; i++)
		(void)probe_make(i, d, BLOCK_READ, 0, 100 + 2 * (i - 2), 2);
	(void)probe_make(8, d, BLOCK_READ, 0, 200, 2);
	(void)probe_make(9, d, BLOCK_WRITE, 0, 202, 2);
	(void)probe_make(10, d, BLOCK_WRITE, BLOCK_META, 204, 2);
	submit_chain(2, 5);
	submit_chain(5, 11);
	linger();
	CHECK(f->nseen == DEPTH && atomic_load(&f->disk.queue->nwaiting) == 9);
	end_until_done(f);
	CHECK(f->nseen == DEPTH + ARRAY_LEN(want));
	for (u32 i = 0; i < ARRAY_LEN(want); i++)
		CHECK(memcmp(&f->seen[DEPTH + i], &want[i],
		    sizeof(want[i])) == 0);
	check_all(11, 0);
	block_stats_sum(d, &is);
	CHECK(is.merges[BLOCK_READ] - was.merges[BLOCK_READ] == 5);
	CHECK(is.count[BLOCK_READ] - was.count[BLOCK_READ] == 4);
	CHECK(is.count[BLOCK_WRITE] == 2 && is.merges[BLOCK_WRITE] == 0);
	CHECK(is.sectors[BLOCK_READ] - was.sectors[BLOCK_READ] == 16);
	CHECK(is.meta == 1 && is.inflight == 0);
}

/* A command is never larger than the disk takes. */
SELFTEST(block_commands_keep_the_limits)
{
	struct fake *f = fake_add(0, SECTOR_SIZE);
	u32 nrequests = 0;

	fake_take_over(f);
	plug(f);
	for (u32 i = 2; i < MANY; i++)
		(void)probe_make(i, f->disk.dev, BLOCK_WRITE, 0, 8 * i, 8);
	submit_chain(2, MANY);
	end_until_done(f);
	for (u32 i = DEPTH; i < f->nseen; i++) {
		CHECK(f->seen[i].nrequests <= BLOCK_REQUEST_SEGS);
		CHECK(f->seen[i].nsectors <= BLOCK_REQUEST_SECTORS);
		nrequests += f->seen[i].nrequests;
	}
	CHECK(f->nseen == DEPTH + 2 && nrequests == MANY - 2);
	check_all(MANY, 0);
}

/* ---- many threads ---- */

#define CREW		4u
#define PER_THREAD	(MANY / CREW)

static struct fake *crew_disk;
static u32 crew_left;			/* [a] */
static BOUND_FIXED(selftest_block_crew, CREW * 8);

static void
crew_main(void *arg)
{
	u32 first = (u32)(u64)arg * PER_THREAD;

	for (u32 i = first; i < first + PER_THREAD; i += 4) {
		submit_chain(i, i + 4);
		if (i % 16 == 0)
			sched_yield();
	}
	atomic_dec(&crew_left);
	kthread_exit();
}

/* All CPUs submit; meanwhile (in the caller) something happens to the disk. */
static void
crew_begin(struct fake *f)
{
	for (u32 i = 0; i < MANY; i++)
		(void)probe_make(i, f->disk.dev, i % 7 ? BLOCK_READ :
		    BLOCK_WRITE, 0, (u64)i * 37 % 1000 * 8, 8);
	crew_disk = f;
	crew_left = CREW;
	CHECK(reserve_row(&bound_selftest_block_crew) == 0);
	for (u32 i = 0; i < CREW; i++)
		(void)kthread_create_on(i % ncpus, "blocktest", crew_main,
		    (void *)(u64)i);
	reserve_end();
}

static void
crew_end(void)
{
	while (atomic_load(&crew_left) != 0)
		sched_sleep_ns(100000);
	CHECK(all_done());
	rcu_barrier();
}

SELFTEST(block_no_end_is_lost)
{
	struct fake *f = fake_add(0, SECTOR_SIZE);
	struct block_stats s;
	u64 n = 0, in_hist = 0;

	for (u32 turn = 0; turn < 8; turn++) {
		crew_begin(f);
		crew_end();
		check_all(MANY, 0);
	}
	block_stats_sum(f->disk.dev, &s);
	for (u32 op = 0; op < BLOCK_OPS; op++) {
		n += s.count[op] + s.merges[op];
		for (u32 i = 0; i < BLOCK_HIST; i++)
			in_hist += s.hist[op][i];
	}
	CHECK(n >= 8 * MANY && in_hist == n && s.inflight == 0);
	CHECK(s.hist[BLOCK_READ][0] + s.hist[BLOCK_READ][1] == 0);
	CHECK(atomic_load(&f->disk.queue->nwaiting) == 0);
	fake_take_over(f);
}

SELFTEST(block_gone_amid_submissions)
{
	for (u32 turn = 0; turn < 4; turn++) {
		struct fake *f = fake_add(0, SECTOR_SIZE);
		u32 ended = 0;

		crew_begin(f);
		sched_sleep_ns(200000 * turn);
		block_disk_gone(&f->disk);
		crew_end();
		for (u32 i = 0; i < MANY; i++) {
			ended += atomic_load(&probes[i].ndone);
			CHECK(probes[i].rq.error == 0 ||
			    probes[i].rq.error == -ENODEV);
		}
		CHECK(ended == MANY);
		CHECK(atomic_load(&f->disk.queue->nwaiting) == 0);
		CHECK(block_flush(f->disk.dev) == -ENODEV);
		fake_take_over(f);
	}
}

/* With requests queued: they end though the driver says nothing. */
SELFTEST(block_gone_ends_what_waits)
{
	struct fake *f = fake_add(0, SECTOR_SIZE);

	fake_take_over(f);
	plug(f);
	for (u32 i = 2; i < 10; i++)
		(void)probe_make(i, f->disk.dev, BLOCK_READ, 0, 50 * i, 1);
	submit_chain(2, 10);
	block_disk_gone(&f->disk);
	linger();
	CHECK(atomic_load(&nleft) == DEPTH);	/* the driver's */
	(void)fake_end(f, 0);
	(void)fake_end(f, 1);
	CHECK(all_done());
	check_all(10, -ENODEV);
	CHECK(f->nseen == DEPTH && block_is_gone(f->disk.dev));
}

/* ---- what happens while a command is on no queue ---- */

static BOUND_FIXED(selftest_block_window, 8);
static struct fake *window_disk;
static bool window_goes;		/* the disk does; else both end */

static void
window_main(void *arg)
{
	struct fake *f = window_disk;
	u64 until = clock_now_ns() + PATIENCE_NS;

	(void)arg;
	while (atomic_load(&f->window) != WINDOW_OPEN && clock_now_ns() < until)
		sched_sleep_ns(20000);
	CHECK(atomic_load(&f->window) == WINDOW_OPEN);
	if (window_goes) {
		block_disk_gone(&f->disk);
	} else {
		(void)fake_end(f, 0);
		(void)fake_end(f, 1);
		sched_sleep_ns(1000000);	/* so long nobody else ends */
	}
	atomic_store(&f->window, WINDOW_OVER);
	kthread_exit();
}

/* Offer probe 2 to a full disk, and something happens before it is back. */
static struct fake *
window_run(bool goes)
{
	struct fake *f = fake_add(0, SECTOR_SIZE);

	fake_take_over(f);
	plug(f);
	(void)probe_make(2, f->disk.dev, BLOCK_READ, 0, 500, 1);
	window_disk = f;
	window_goes = goes;
	atomic_store(&f->window, WINDOW_SECOND);
	CHECK(reserve_row(&bound_selftest_block_window) == 0);
	(void)kthread_create_on((cpu_id + 1) % ncpus, "blocktest", window_main,
	    NULL);
	reserve_end();
	submit_chain(2, 3);
	CHECK(atomic_load(&f->window) == WINDOW_OVER);
	linger();
	rcu_barrier();
	return f;
}

SELFTEST(block_ends_while_offered)
{
	struct fake *f;

	if (ncpus == 1)
		return;		/* one CPU has no such moment */
	f = window_run(false);
	CHECK(atomic_load(&nleft) == 1 && f->nseen == DEPTH + 1);
	end_until_done(f);
	check_all(3, 0);
}

SELFTEST(block_gone_while_offered)
{
	struct fake *f;

	if (ncpus == 1)
		return;
	f = window_run(true);
	CHECK(atomic_load(&nleft) == DEPTH && f->nseen == DEPTH);
	CHECK(atomic_load(&probes[2].ndone) == 1);
	end_until_done(f);
	check_all(3, -ENODEV);
}

SELFTEST(block_an_error_is_its_command_s)
{
	struct fake *f = fake_add(0, SECTOR_SIZE);
	struct block_stats s;
	u32 bad = 0;

	fake_take_over(f);
	plug(f);
	for (u32 i = 2; i < 8; i++)
		(void)probe_make(i, f->disk.dev, BLOCK_READ, 0,
		    i < 5 ? i : 50 * i, 1);
	submit_chain(2, 8);
	f->fail_at = 3;			/* the first behind the plugs */
	end_until_done(f);
	for (u32 i = 0; i < 8; i++) {
		CHECK(atomic_load(&probes[i].ndone) == 1);
		bad += probes[i].rq.error == -EIO;
		CHECK(probes[i].rq.error == (i >= 2 && i < 5 ? -EIO : 0));
	}
	block_stats_sum(f->disk.dev, &s);
	CHECK(bad == 3 && s.errors[BLOCK_READ] == 3);
}

SELFTEST(block_what_cannot_be_is_refused)
{
	struct fake *f = fake_add(0, 4096), *ro = fake_add(BLOCK_DISK_READONLY,
	    SECTOR_SIZE);
	static const struct { u64 lba; u32 n; } bad[] = {
		{ NSECTORS, 8 }, { NSECTORS - 8, 16 }, { ~0ul, 8 },
		{ ~0ul - 7, 8 }, { 4, 8 }, { 8, 4 }, { 0, 0 },
	};
	struct block_dev *d = f->disk.dev;
	u32 nseen;

	fake_take_over(f);
	fake_take_over(ro);
	nseen = f->nseen;
	for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
		struct probe *p = probe_make(i, d, BLOCK_READ, 0, bad[i].lba,
		    bad[i].n);

		CHECK(block_io(d, BLOCK_READ, 0, bad[i].lba, &p->seg, 1) ==
		    -EIO);
	}
	CHECK(f->nseen == nseen);
	CHECK(block_io(ro->disk.dev, BLOCK_WRITE, 0, 0, &probes[0].seg, 1) ==
	    -EROFS);
	CHECK(block_flush(ro->disk.dev) == 0);	/* no cache: at once */
}

/* ---- FUA ---- */

/* The n-th command is of this kind. */
static bool
saw(const struct fake *f, u32 n, enum block_op op)
{
	return f->nseen > n && f->seen[n].op == op;
}

static bool
soon_seen(const struct fake *f, u32 n)
{
	u64 until = clock_now_ns() + PATIENCE_NS;

	while (READ_ONCE(f->nseen) < n && clock_now_ns() < until)
		sched_sleep_ns(50000);
	return READ_ONCE(f->nseen) == n;
}

SELFTEST(block_fua_by_a_flush)
{
	struct fake *f = fake_add(BLOCK_DISK_CACHE, SECTOR_SIZE);
	struct block_dev *d = f->disk.dev;

	fake_take_over(f);
	(void)probe_make(0, d, BLOCK_WRITE, BLOCK_FUA, 8, 1);
	(void)probe_make(1, d, BLOCK_WRITE, BLOCK_FUA, 80, 1);
	submit_chain(0, 1);
	(void)fake_end(f, 0);
	CHECK(soon_seen(f, 2) && saw(f, 1, BLOCK_FLUSH));
	CHECK(atomic_load(&probes[0].ndone) == 0);
	/* Another is written meanwhile: that flush is not for it. */
	submit_chain(1, 2);
	CHECK(f->nseen == 3 && saw(f, 2, BLOCK_WRITE));
	(void)fake_end(f, 1);
	linger();
	CHECK(f->nseen == 3);
	(void)fake_end(f, 0);
	CHECK(soon_seen(f, 4) && saw(f, 3, BLOCK_FLUSH));
	linger();
	CHECK(atomic_load(&probes[0].ndone) == 1);
	CHECK(atomic_load(&probes[1].ndone) == 0);
	/* Its flush fails, and so does the write. */
	f->fail_at = 1;
	end_until_done(f);
	CHECK(probes[0].rq.error == 0 && probes[1].rq.error == -EIO);
	CHECK(f->nseen == 4);
}

/*
 * Two flushes in a row, and the first ends in one interrupt with another
 * command: what ended behind it does not go to the disk again with it.
 */
SELFTEST(block_a_flush_goes_again_alone)
{
	struct fake *f = fake_add(BLOCK_DISK_CACHE, SECTOR_SIZE);
	struct block_dev *d = f->disk.dev;
	u64 irq;

	fake_take_over(f);
	(void)probe_make(0, d, BLOCK_WRITE, BLOCK_FUA, 8, 1);
	(void)probe_make(1, d, BLOCK_WRITE, BLOCK_FUA, 80, 1);
	(void)probe_make(2, d, BLOCK_READ, 0, 800, 1);
	submit_chain(0, 1);
	(void)fake_end(f, 0);
	CHECK(soon_seen(f, 2) && saw(f, 1, BLOCK_FLUSH));
	submit_chain(1, 2);
	(void)fake_end(f, 1);		/* waits for the next flush */
	linger();
	submit_chain(2, 3);
	CHECK(f->nseen == 4 && saw(f, 3, BLOCK_READ));
	irq = cpu_irq_save();
	(void)fake_end(f, 0);
	(void)fake_end(f, 1);
	cpu_irq_restore(irq);
	CHECK(soon_seen(f, 5) && saw(f, 4, BLOCK_FLUSH));
	linger();
	CHECK(f->nseen == 5 && atomic_load(&probes[2].ndone) == 1);
	end_until_done(f);
	linger();
	CHECK(f->nseen == 5);
	check_all(3, 0);
}

SELFTEST(block_fua_without_a_flush)
{
	static const u32 flags[] = {
		0, BLOCK_DISK_FUA, BLOCK_DISK_CACHE | BLOCK_DISK_FUA,
	};

	for (u32 i = 0; i < ARRAY_LEN(flags); i++) {
		struct fake *f = fake_add(flags[i], SECTOR_SIZE);

		(void)probe_make(0, f->disk.dev, BLOCK_WRITE, BLOCK_FUA, 8, 1);
		submit_chain(0, 1);
		CHECK(all_done());
		linger();
		CHECK(f->nseen == 1);
		fake_take_over(f);
		check_all(1, 0);
	}
}

/* ---- a RAM disk ---- */

#define AGAIN		500u

static u32 again_left;			/* [a] */
static u32 again_depth, again_deepest;	/* calls within each other */

/* Submits its own request anew, which ends at once: not within this call. */
static void
again_done(struct block_request *rq)
{
	again_deepest = MAX(again_deepest, ++again_depth);
	if (atomic_dec_and_test(&again_left))
		probe_done(rq);
	else
		block_submit(rq);
	again_depth--;
}

SELFTEST(block_ram_disk)
{
	struct frame *f = frame_get_zero(FRAME_KERNEL);
	u8 *bytes = frame_virt(f);
	struct block_dev *d;
	char name[] = "ram0";
	struct probe *p;

	while (block_find_name(name) != NULL && name[3] < '9')
		name[3]++;
	CHECK(ramdisk_add_range(frame_paddr(f), frame_paddr(f) + 4000));
	d = block_find_name(name);
	CHECK(d != NULL && d->nsectors == 7);
	if (d == NULL)
		return;
	CHECK(block_find(1, d->minor) == d);
	p = probe_make(0, d, BLOCK_WRITE, 0, 3, 2);
	memset(frame_virt(probe_frame[0]), 0x5a, PAGE_SIZE);
	CHECK(block_io(d, BLOCK_WRITE, 0, 3, &p->seg, 1) == 0);
	for (u32 i = 0; i < PAGE_SIZE; i++)
		if ((bytes[i] == 0x5a) != (i >= 3 * 512 && i < 5 * 512))
			CHECK(!"written elsewhere");
	again_left = AGAIN;
	p = probe_make(0, d, BLOCK_READ, 0, 3, 2);
	p->rq.done = again_done;
	submit_chain(0, 1);
	CHECK(all_done());
	CHECK(p->rq.error == 0 && p->ndone == 1 && p->misplaced == 0);
	CHECK(again_deepest == 1);
	CHECK(block_claim(d) && !block_claim(d));
	block_unclaim(d);
	CHECK(block_claim(d));
	block_unclaim(d);
}

/* ---- /proc ---- */

static u32
words(const char *s)
{
	u32 n = 0;

	for (; *s != '\0'; s++)
		n += *s > ' ' && (s[1] <= ' ');
	return n;
}

SELFTEST(block_lines)
{
	char line[1024];
	u32 i = 0, n;

	fake_take_over(fake_add(0, SECTOR_SIZE));
	for (; (n = block_diskstats_line(i, line, sizeof(line))) > 0; i++)
		CHECK(n == strlen(line) && words(line) == 20);
	CHECK(i >= 1);
	CHECK(block_partitions_line(i, line, sizeof(line)) > 0);
	CHECK(block_partitions_line(i + 1, line, sizeof(line)) == 0);
	CHECK(block_report_line(0, line, sizeof(line)) > 0);
}
