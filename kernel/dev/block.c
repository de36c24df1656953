/*
 * Block devices: requests, from who makes them to the driver and back.
 *
 * The problem: a request must reach the disk without any memory but its own,
 * from any context; what adjoins on the disk should go as one command; and the
 * end must call back who made it, who may at once make another, without a stack
 * that grows with that, and without a request that is forgotten in some race.
 *
 *	block_submit()                                    block_end()
 *	   | checked, on the disk's sectors                  | any lock held
 *	   v                                                 v
 *	 nobody waits? --yes--> start() --took it--> ~~~~  this CPU's list
 *	   | no                   | no room          disk    | tail of the
 *	   v                      v                          | interrupt
 *	 queue of this CPU <------+                          v
 *	   ^   |                                          dispatch(), then
 *	   |   +---> cut a command off ---> start() <----    done() of each
 *	   +-------- no room: back to the head
 *
 * Queues: one for each CPU and disk, in the order of submission. A request
 * waits there only if the driver had no room, or others wait already. A command
 * is made when it is offered, not before: the longest head of the queue in
 * which each request continues the one in front of it, within the disk's
 * limits, is cut off. So merging needs no search, no memory and no state: what
 * was submitted in one chain merges, and what comes while the disk is busy
 * merges with the tail that it continues. Nothing is ever split: no request is
 * larger than BLOCK_REQUEST_*, and each disk takes at least that.
 *
 * Who is next: after each end the CPU that saw it offers commands until there
 * is no room: by turns one of its own queue, and one of whoever is next around
 * the circle of CPUs. So each queue is served, whatever the others do, once in
 * 2 * ncpus commands.
 *
 * No request is left behind. A command that is offered is on no queue; if there
 * is no room it goes back, but the end that would have offered it again may
 * have come meanwhile and found nothing. So queue.ends counts them: who put one
 * back looks again if the number has changed since before the offer. Ends are
 * counted before the queues are looked at, and a command is put back before the
 * number is looked at: one of the two sees the other.
 *
 * Ends: block_end() only puts the requests on its CPU's list. The list is
 * worked off, and done() called, where no function of this file is under way on
 * that CPU: behind the device's interrupt handler (block_irq_end()) or, if
 * block_end() was called elsewhere (a RAM disk's start(), a driver's thread, a
 * timer), in an interrupt of our own, by a timer that is due at once. So done()
 * never runs within block_submit() or a driver; a done() that submits again
 * adds nothing to the stack; and the call graph has no circle, which the
 * analyzer proves. What comes by then is worked off in a few turns more; after
 * these the timer takes over, so that other interrupts have their turn.
 *
 * FUA on a disk that has a cache and no such command: the write, then a flush.
 * Written requests gather in their CPU's queue while a flush is under way; one
 * flush serves all that were written before it began. A flush that the disk
 * does not need (BLOCK_DISK_CACHE is not set) ends at once.
 *
 * A disk that is gone: the flag is set, then each queue is locked and emptied.
 * Whoever puts something on a queue looks at the flag under the same lock; so
 * it is either emptied or not put there. What start() was given ends the
 * driver.
 *
 * A request is in one place at a time: its owner's, a queue's, the driver's, or
 * on a list of what has ended; each of these uses rq.next. qstate says whether
 * it was submitted and whether it has ended, and who submits or ends a request
 * twice is stopped there. With done() it is its owner's, alone: its next is
 * NULL, or who submits it again would submit all that had ended behind it.
 *
 * Locks: block_cpu_queue.lock (BLOCK: after drivers' locks of class DEV),
 * interrupts off, held for list operations only.
 * Rejected: completions straight from block_end() (a circle of calls); one
 * queue for all CPUs; sorting by place (disks with queues of their own do it
 * better); a limit of commands counted here (the driver knows best).
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/block_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/cpu.h"

#define END_TURNS	8	/* lists of ended requests in one interrupt */

/* Requests that have ended on this CPU. o this CPU, with interrupts off */
struct block_ended {
	struct block_request *head, *tail;	/* [o] by next */
	bool		is_coming;	/* [o] somebody will work it off */
	struct timer	timer;
};
static PERCPU_DEFINE(struct block_ended, block_ended);

static KMEM_CACHE(queue_cache, "block_queue", struct block_queue);
static KMEM_CACHE(cpu_queue_cache, "block_cpu_queue", struct block_cpu_queue);

static inline struct block_cpu_queue *
queue_of(const struct block_disk *d, u32 cpu)
{
	return d->queue->cpu[cpu];
}

/* ---- ended requests ---- */

/* The timer interrupts as soon as interrupts are on. */
static void
ended_kick(struct block_ended *e)
{
	if (e->is_coming)
		return;
	e->is_coming = true;
	timer_set(&e->timer, clock_now_ns());
}

/* Add the requests from rq on, by next. Interrupts off. */
static void
ended_add(struct block_request *rq, int error)
{
	struct block_ended *e = PERCPU_THIS(struct block_ended, block_ended);
	struct block_request *last = rq;

	for (;;) {
		assert((last->qstate & (RQ_BEGUN | RQ_ENDED)) == RQ_BEGUN);
		last->qstate |= RQ_ENDED;
		last->error = error;
		if (last->next == NULL)
			break;
		last = last->next;
	}
	if (e->head == NULL)
		e->head = rq;
	else
		e->tail->next = rq;
	e->tail = last;
	ended_kick(e);
}

static void
end_one(struct block_request *rq, int error)
{
	rq->next = NULL;
	ended_add(rq, error);
}

void
block_end(struct block_disk *d, struct block_request *chain, int error)
{
	(void)d;
	assert(!cpu_irq_is_enabled());
	ended_add(chain, error);
}

/* ---- queues ---- */

/* Requests from first to last (by next) to the tail of q, or to its head. A
 * disk that is gone ends them. */
static void
queue_add(struct block_disk *d, struct block_cpu_queue *q,
    struct block_request *first, struct block_request *last, u32 n,
    bool at_head)
{
	u64 irq = spin_lock_irq(&q->lock);
	bool is_gone = atomic_load(&d->is_gone);

	if (is_gone) {
		last->next = NULL;
	} else if (q->head == NULL) {
		last->next = NULL;
		q->head = first;
		q->tail = last;
	} else if (at_head) {
		last->next = q->head;
		q->head = first;
	} else {
		last->next = NULL;
		q->tail->next = first;
		q->tail = last;
	}
	if (!is_gone)
		atomic_add(&d->queue->nwaiting, n);
	spin_unlock(&q->lock);
	if (is_gone)
		ended_add(first, -ENODEV);
	cpu_irq_restore(irq);
}

/* b continues a, and may be of one command with it. */
static inline bool
is_continued(const struct block_request *a, const struct block_request *b)
{
	return a->dev == b->dev && a->op == b->op && a->flags == b->flags &&
	    a->op != BLOCK_FLUSH && a->disk_lba + a->nsectors == b->disk_lba;
}

/* How many of the requests from first on are one command; *last: its end. */
static u32
command_find(const struct block_disk *d, struct block_request *first,
    struct block_request **last)
{
	struct block_request *rq = first;
	u32 segs = rq->nsegs, sectors = rq->nsectors, n = 1;

	rq->qstate &= ~(u32)RQ_MERGED;
	while (rq->next != NULL && is_continued(rq, rq->next) &&
	    rq->next->nsegs <= d->max_segs - segs &&
	    rq->next->nsectors <= d->max_sectors - sectors) {
		rq = rq->next;
		rq->qstate |= RQ_MERGED;
		segs += rq->nsegs;
		sectors += rq->nsectors;
		n++;
	}
	*last = rq;
	return n;
}

/* A command that is on no queue. */
struct command {
	struct block_request *first, *last;
	u32		n;
	struct block_cpu_queue *from;
};

static bool
queue_cut(struct block_disk *d, struct block_cpu_queue *q, struct command *c)
{
	u64 irq;

	if (READ_ONCE(q->head) == NULL)
		return false;
	irq = spin_lock_irq(&q->lock);
	c->first = q->head;
	c->from = q;
	if (c->first != NULL) {
		c->n = command_find(d, c->first, &c->last);
		q->head = c->last->next;
		c->last->next = NULL;
		atomic_sub(&d->queue->nwaiting, c->n);
	}
	spin_unlock_irq(&q->lock, irq);
	return c->first != NULL;
}

/* The next command that waits anywhere: by turns ours and the circle's. */
static bool
command_next(struct block_disk *d, struct command *c)
{
	u32 turn, from;

	if (atomic_load(&d->queue->nwaiting) == 0)
		return false;
	turn = atomic_fetch_add(&d->queue->turn, 1);
	if (turn % 2 == 0 && queue_cut(d, queue_of(d, cpu_id), c))
		return true;
	from = turn / 2 % ncpus;
	for (u32 i = 0; i < ncpus; i++)
		if (queue_cut(d, queue_of(d, (from + i) % ncpus), c))
			return true;
	return false;
}

/* Offer what waits until there is no room. Interrupts off. */
static void
dispatch(struct block_disk *d)
{
	struct command c;

	for (;;) {
		u32 ends = atomic_load(&d->queue->ends);

		if (!command_next(d, &c))
			return;
		if (d->ops->start(d, c.first))
			continue;
		queue_add(d, c.from, c.first, c.last, c.n, true);
		if (atomic_load(&d->queue->ends) == ends)
			return;
	}
}

/* ---- submission ---- */

/* May the disk have it? Fills in what the driver reads. */
static int
request_check(struct block_request *rq)
{
	const struct block_dev *dev = rq->dev;
	const struct block_disk *d = dev->disk;
	u32 len = 0, mask = d->sector_bytes / SECTOR_SIZE - 1;

	assert(rq->nsegs <= BLOCK_REQUEST_SEGS);
	for (u32 i = 0; i < rq->nsegs; i++) {
		dassert(rq->segs[i].addr % 4 == 0 &&
		    rq->segs[i].len_bytes % SECTOR_SIZE == 0);
		len += rq->segs[i].len_bytes >> SECTOR_SHIFT;
	}
	assert(len <= BLOCK_REQUEST_SECTORS);
	rq->nsectors = len;
	rq->disk_lba = dev->start + rq->lba;
	if (atomic_load_relaxed(&d->is_gone))
		return -ENODEV;
	if (rq->op == BLOCK_FLUSH)
		return 0;
	if (rq->op == BLOCK_WRITE && (d->flags & BLOCK_DISK_READONLY))
		return -EROFS;
	if (len == 0 || rq->lba > dev->nsectors ||
	    len > dev->nsectors - rq->lba ||
	    (rq->disk_lba & mask) != 0 || (len & mask) != 0)
		return -EIO;
	return 0;
}

/* Does it go to the disk? If not, it has ended. */
static bool
request_begin(struct block_request *rq, u64 now_ns)
{
	int err;

	assert(!(rq->qstate & RQ_BEGUN));
	rq->qstate = RQ_BEGUN;
	rq->start_ns = now_ns;
	block_stat_begin(rq->dev, now_ns);
	err = request_check(rq);
	if (likely(err == 0) && (rq->op != BLOCK_FLUSH ||
	    (rq->dev->disk->flags & BLOCK_DISK_CACHE)))
		return true;
	end_one(rq, err);
	return false;
}

/* Requests of one disk, from first to last, begun: start or queue them. */
static void
submit_run(struct block_disk *d, struct block_request *first,
    struct block_request *last)
{
	u32 n = 0;

	while (first != NULL && atomic_load(&d->queue->nwaiting) == 0) {
		struct block_request *end, *rest;

		(void)command_find(d, first, &end);
		rest = end->next;
		end->next = NULL;
		if (!d->ops->start(d, first)) {
			end->next = rest;
			break;
		}
		first = rest;
	}
	if (first == NULL)
		return;
	for (struct block_request *rq = first; rq != NULL; rq = rq->next)
		n++;
	queue_add(d, queue_of(d, cpu_id), first, last, n, false);
	dispatch(d);
}

void
block_submit(struct block_request *rq)
{
	u64 irq = cpu_irq_save(), now = clock_now_ns();
	struct block_request *first = NULL, *last = NULL, *next;

	for (; rq != NULL; rq = next) {
		next = rq->next;
		if (!request_begin(rq, now))
			continue;
		rq->next = NULL;
		if (first != NULL && last->dev->disk != rq->dev->disk) {
			submit_run(last->dev->disk, first, last);
			first = NULL;
		}
		if (first == NULL)
			first = rq;
		else
			last->next = rq;
		last = rq;
	}
	if (first != NULL)
		submit_run(last->dev->disk, first, last);
	cpu_irq_restore(irq);
}

/* ---- flushes behind writes ---- */

/* The flush that makes up for FUA has ended: so have those it was for. */
static void
flush_done(struct block_request *flush)
{
	struct block_cpu_queue *q = flush->priv;
	struct block_request *served;
	int error = flush->error;
	bool again;
	u64 irq = spin_lock_irq(&q->lock);

	served = q->flushing;
	q->flushing = q->unflushed;
	q->unflushed = NULL;
	again = q->flushing != NULL;
	spin_unlock(&q->lock);
	for (struct block_request *rq = served; rq != NULL; rq = rq->next)
		rq->qstate |= RQ_FLUSHED;
	ended_add(served, error);
	if (again)
		block_submit(flush);
	cpu_irq_restore(irq);
}

static inline bool
wants_flush(const struct block_request *rq)
{
	return unlikely(rq->flags & BLOCK_FUA) && rq->op == BLOCK_WRITE &&
	    rq->error == 0 && !(rq->qstate & RQ_FLUSHED) &&
	    (rq->dev->disk->flags & (BLOCK_DISK_CACHE | BLOCK_DISK_FUA)) ==
	    BLOCK_DISK_CACHE;
}

/* rq has been written; a flush that begins from now on makes it durable. */
static void
flush_after(struct block_request *rq)
{
	struct block_disk *d = rq->dev->disk;
	struct block_cpu_queue *q = queue_of(d, cpu_id);
	bool begin;
	u64 irq = spin_lock_irq(&q->lock);

	rq->qstate &= ~(u32)RQ_ENDED;
	begin = q->flushing == NULL;
	rq->next = begin ? NULL : q->unflushed;
	if (begin)
		q->flushing = rq;
	else
		q->unflushed = rq;
	spin_unlock(&q->lock);
	if (begin) {
		q->flush = (struct block_request){ .dev = d->dev,
		    .op = BLOCK_FLUSH, .done = flush_done, .priv = q };
		block_submit(&q->flush);
	}
	cpu_irq_restore(irq);
}

/* ---- the ends ---- */

/* rq has ended; it is its owner's again. */
static void
request_finish(struct block_request *rq, u64 now_ns)
{
	if (wants_flush(rq)) {
		flush_after(rq);
		return;
	}
	block_stat_end(rq, now_ns);
	rq->qstate = 0;
	rq->done(rq);
}

/* A list of ended requests: first give their disks more to do. */
static void
ended_finish(struct block_request *rq)
{
	struct block_disk *disk = NULL;
	u64 now = clock_now_ns();
	struct block_request *next;

	for (; rq != NULL; rq = next) {
		next = rq->next;
		rq->next = NULL;	/* done() may submit it again */
		if (rq->dev->disk != disk) {
			disk = rq->dev->disk;
			atomic_inc(&disk->queue->ends);
			dispatch(disk);
		}
		request_finish(rq, now);
	}
}

/* In an interrupt; is_coming is set, so that block_end() only adds. */
static void
ended_run(struct block_ended *e)
{
	for (u32 i = 0; i < END_TURNS && e->head != NULL; i++) {
		struct block_request *rq = e->head;

		e->head = NULL;
		ended_finish(rq);
	}
	e->is_coming = false;
	if (e->head != NULL)
		ended_kick(e);
}

static void
ended_timer(struct timer *t)
{
	ended_run(CONTAINER_OF(t, struct block_ended, timer));
}

void
block_irq_begin(void)
{
	PERCPU_THIS(struct block_ended, block_ended)->is_coming = true;
}

void
block_irq_end(void)
{
	ended_run(PERCPU_THIS(struct block_ended, block_ended));
}

void
block_disk_gone(struct block_disk *d)
{
	atomic_store(&d->is_gone, 1);
	for (u32 c = 0; c < ncpus && d->queue != NULL; c++) {
		struct block_cpu_queue *q = queue_of(d, c);
		u64 irq = spin_lock_irq(&q->lock);
		struct block_request *rq = q->head;
		u32 n = 0;

		for (struct block_request *r = rq; r != NULL; r = r->next)
			n++;
		q->head = NULL;
		atomic_sub(&d->queue->nwaiting, n);
		spin_unlock(&q->lock);
		if (rq != NULL)
			ended_add(rq, -ENODEV);
		cpu_irq_restore(irq);
	}
}

/* ---- waiting for one ---- */

/* Lies on the stack of thread, who goes on once is_done is set. */
struct waited {
	struct block_request rq;
	struct thread	*thread;	/* [I] */
	u32		is_done;	/* [a] */
};

/* The thread stays for a grace period, which an interrupt holds up; w may be
 * gone with the store. */
static void
waited_done(struct block_request *rq)
{
	struct waited *w = rq->priv;
	struct thread *t = w->thread;

	atomic_store_release(&w->is_done, 1);
	(void)sched_wake(t);
}

int
block_io(struct block_dev *d, enum block_op op, u32 flags, u64 lba,
    const struct block_seg *segs, u32 nsegs)
{
	struct waited w = {
		.rq = { .dev = d, .op = op, .flags = flags, .lba = lba,
		    .segs = segs, .nsegs = nsegs, .done = waited_done,
		    .priv = &w },
		.thread = current,
	};

	block_submit(&w.rq);
	for (;;) {
		sched_set_state(THREAD_BLOCKED);
		if (atomic_load_acquire(&w.is_done))
			break;
		schedule();
	}
	WRITE_ONCE(current->state, THREAD_RUNNABLE);
	return w.rq.error;
}

int
block_flush(struct block_dev *d)
{
	return block_io(d, BLOCK_FLUSH, 0, 0, NULL, 0);
}

/* ---- making ---- */

void
block_queue_init(struct block_disk *d)
{
	struct block_queue *all = kmem_get_zero(&queue_cache);

	for (u32 c = 0; c < ncpus; c++) {
		struct block_cpu_queue *q = kmem_get_zero(&cpu_queue_cache);

		spin_init(&q->lock, LOCK_BLOCK);
		all->cpu[c] = q;
	}
	d->queue = all;
}

void
block_init(void)
{
	for (u32 c = 0; c < ncpus; c++) {
		struct block_ended *e = PERCPU_OF(struct block_ended,
		    block_ended, c);

		timer_init(&e->timer, ended_timer);
		e->timer.cpu = c;
	}
}
