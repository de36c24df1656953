/*
 * poll(2) and select(2).
 *
 * One scan asks each file what holds now and, the first time, hangs a waiter on
 * each of its queues. If nothing holds, the thread sleeps until any of the
 * waiters is woken for an event that it asked for, then scans again.
 *
 * All the waiters of a call must exist at once, so its memory is linear in the
 * number of descriptors: items and waiters stand on the stack for the few that
 * is usual, else in chunks of one frame each, which are reserved and taken all
 * at once: those of the items before they are loaded, those of the waiters when
 * nothing holds at the first look. What would take more than a fixed share of
 * memory is refused by policy.
 *
 * P1 a waiter's queue lives as long as its file, which the item keeps: by a
 *    reference, or, in a table that is not shared, because only this thread
 *    could close it.
 * P2 triggered is cleared before a scan and set after a queue's event became
 *    visible; so an event after the scan's look leaves it set.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/resource.h"
#include "kernel/file/file.h"
#include "kernel/file/poll.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"
#include "kernel/x86/clock.h"

#define QUEUES_PER_FILE	2u	/* a file's poll() adds at most so many */
#define SMALL_ITEMS	8u
#define MEMORY_SHARE	8u	/* refuse above 1/8 of all frames */

struct poll_set;

/* o the call's own; a atomic */
struct poll_item {
	struct file	*file;		/* [o] NULL: none */
	s32		fd;
	s16		events, revents;
	bool		owned;		/* [o] holds a reference (P1) */
};

struct poll_entry {
	struct waiter	w;
	struct waitq	*q;		/* [o] */
	struct poll_set	*set;		/* [o] */
	u32		interest;	/* [o] POLL* bits that wake */
};

struct poll_chunk {
	struct poll_chunk *next;
	u32		n;
	union {
		struct poll_item	item[1];
		struct poll_entry	entry[1];
	};
};
#define CHUNK_HEAD	offsetof(struct poll_chunk, item)
#define CHUNK_ITEMS	((PAGE_SIZE - CHUNK_HEAD) / sizeof(struct poll_item))
#define CHUNK_ENTRIES	((PAGE_SIZE - CHUNK_HEAD) / sizeof(struct poll_entry))

struct poll_set {
	struct poll_table pt;		/* first */
	struct thread	*thread;
	u32		triggered;	/* [a] P2 */
	u32		interest;	/* of the file being asked */
	struct poll_chunk *items, *last_items;
	struct poll_chunk *entries;	/* newest first */
	u32		max_items, max_entries;	/* of the newest chunk */
	struct poll_chunk *stock;	/* taken, not yet used */
	u32		nitems;		/* the most that will be added */
};

static BOUND_ROW(poll);
static BOUND_ROW(poll_chunk);		/* each chunk of a poll */

/* The first chunks of a set stand on the stack. */
struct poll_small {
	struct poll_chunk items;
	struct poll_item more_items[SMALL_ITEMS];
	struct poll_chunk entries;
	struct poll_entry more_entries[SMALL_ITEMS * QUEUES_PER_FILE];
};

static bool
entry_wake(struct waiter *w, u32 events)
{
	struct poll_entry *e = CONTAINER_OF(w, struct poll_entry, w);

	if (events != 0 && !(events & e->interest))
		return false;
	atomic_store(&e->set->triggered, 1u);
	(void)sched_wake(e->set->thread);	/* false: it is awake */
	return true;
}

/* n chunks more to the stock; -EINTR when killed. */
static int
stock_fill(struct poll_set *set, u32 n)
{
	int rc = reserve_linear(&bound_poll, &bound_poll_chunk, n);

	if (rc != 0)
		return rc;
	for (u32 i = 0; i < n; i++) {
		struct poll_chunk *c;

		LOOP_PAID(&bound_poll_chunk);
		c = frame_virt(frame_get(FRAME_BUFFER));
		c->next = set->stock;
		set->stock = c;
	}
	reserve_end();
	return 0;
}

static struct poll_chunk *
stock_take(struct poll_set *set)
{
	struct poll_chunk *c = set->stock;

	assert(c != NULL);
	set->stock = c->next;
	c->next = NULL;
	c->n = 0;
	return c;
}

/* poll_table.add: hang a waiter of this set on q. */
static void
poll_add(struct poll_table *pt, struct waitq *q)
{
	struct poll_set *set = CONTAINER_OF(pt, struct poll_set, pt);
	struct poll_entry *e;

	if (set->entries->n == set->max_entries) {
		struct poll_chunk *c = stock_take(set);

		c->next = set->entries;
		set->entries = c;
		set->max_entries = CHUNK_ENTRIES;
	}
	e = &set->entries->entry[set->entries->n++];
	waiter_init(&e->w, false);
	e->w.wake = entry_wake;
	e->q = q;
	e->set = set;
	e->interest = set->interest;
	waitq_add(q, &e->w);
}

/* Chunks for n items, and for their waiters, beyond what is on the stack. */
static u64
item_chunks(u64 n)
{
	return n <= SMALL_ITEMS ? 0 : DIV_UP(n, CHUNK_ITEMS);
}

static u64
entry_chunks(u64 n)
{
	return n <= SMALL_ITEMS ? 0 :
	    DIV_UP(n * QUEUES_PER_FILE, CHUNK_ENTRIES);
}

static int
set_init(struct poll_set *set, struct poll_small *small, u32 n)
{
	if (item_chunks(n) + entry_chunks(n) > nframes / MEMORY_SHARE)
		return -ENOMEM;
	small->items.next = small->entries.next = NULL;
	small->items.n = small->entries.n = 0;
	*set = (struct poll_set){
		.pt = { poll_add }, .thread = current,
		.items = &small->items, .last_items = &small->items,
		.entries = &small->entries, .max_items = SMALL_ITEMS,
		.max_entries = SMALL_ITEMS * QUEUES_PER_FILE,
		.nitems = n,
	};
	return n <= SMALL_ITEMS ? 0 : stock_fill(set, item_chunks(n));
}

static void
set_add(struct poll_set *set, s32 fd, s16 events)
{
	struct fd_ref r = { NULL, false };
	struct poll_item *item;

	if (set->last_items->n == set->max_items) {
		set->last_items->next = stock_take(set);
		set->last_items = set->last_items->next;
		set->max_items = CHUNK_ITEMS;
	}
	if (fd >= 0)
		r = fd_borrow(fd);
	item = &set->last_items->item[set->last_items->n++];
	*item = (struct poll_item){ .file = r.file, .fd = fd,
	    .events = events, .owned = r.owned };
}

static void
set_fini(struct poll_set *set)
{
	struct poll_chunk *c, *next;

	for (c = set->entries; c != NULL; c = next) {
		next = c->next;
		for (u32 i = 0; i < c->n; i++)
			waitq_remove(c->entry[i].q, &c->entry[i].w);
		if (next != NULL)	/* the last stands on the stack */
			frame_put(frame_of_virt(c));
	}
	for (c = set->items; c != NULL; c = next) {
		next = c->next;
		for (u32 i = 0; i < c->n; i++)
			if (c->item[i].owned && c->item[i].file != NULL)
				file_put(c->item[i].file);
		if (c != set->items)
			frame_put(frame_of_virt(c));
	}
	for (c = set->stock; c != NULL; c = next) {
		next = c->next;
		frame_put(frame_of_virt(c));
	}
}

static u32
item_scan(struct poll_set *set, struct poll_item *item, bool add)
{
	u32 now, want;

	if (item->fd < 0)
		return 0;
	if (item->file == NULL || (item->file->mode & FMODE_PATH))
		return POLLNVAL;
	want = (u16)item->events;
	set->interest = want;
	now = file_poll(item->file, add ? &set->pt : NULL);
	return now & want;
}

/* How many items are ready; hangs up waiters if add, until one is. */
static long
set_scan(struct poll_set *set, bool add)
{
	long ready = 0;

	(void)atomic_xchg(&set->triggered, 0u);		/* P2 */
	for (struct poll_chunk *c = set->items; c != NULL; c = c->next) {
		for (u32 i = 0; i < c->n; i++) {
			struct poll_item *item = &c->item[i];

			item->revents = item_scan(set, item,
			    add && ready == 0);
			ready += item->revents != 0;
		}
		preempt_point();
	}
	return ready;
}

/* Until triggered: 0, -EINTR, -ETIMEDOUT. There is no charge by now. */
static int
set_sleep(struct poll_set *set, u64 deadline_ns)
{
	int rc = 0;

	for (;;) {
		sched_set_state(THREAD_SLEEPING);
		if (READ_ONCE(set->triggered))
			break;
		if (renewal_must_end(THREAD_SLEEPING)) {
			rc = -EINTR;
			break;
		}
		if (!schedule_until(deadline_ns)) {
			rc = -ETIMEDOUT;
			break;
		}
	}
	sched_set_state(THREAD_RUNNABLE);
	return rc;
}

/*
 * The first look hangs up no waiters: most often something is ready. The second
 * hangs up one for each queue, before it looks (P2).
 */
static long
set_wait(struct poll_set *set, u64 deadline_ns)
{
	long ready = set_scan(set, false);
	int rc;

	if (ready == 0 && deadline_ns != 0) {
		rc = set->nitems <= SMALL_ITEMS ? 0 :
		    stock_fill(set, entry_chunks(set->nitems));
		if (rc != 0)
			return rc;
		ready = set_scan(set, true);
	}
	while (ready == 0 && deadline_ns != 0) {
		rc = set_sleep(set, deadline_ns);
		if (rc == -EINTR)
			return deadline_ns == CLOCK_NEVER ?
			    -ERESTARTNOHAND : -EINTR;
		if (rc == -ETIMEDOUT)
			deadline_ns = 0;	/* one last look */
		ready = set_scan(set, false);
	}
	return ready;
}

/* ---- poll ---- */

static int
load_fds(struct poll_set *set, uptr_t fds, u32 nfds)
{
	struct lx_pollfd buf[SMALL_ITEMS];
	int rc;

	for (u32 i = 0; i < nfds; i += SMALL_ITEMS) {
		u32 n = MIN(nfds - i, SMALL_ITEMS);

		rc = copy_in(buf, UPTR(fds.addr + i * sizeof(buf[0])),
		    n * sizeof(buf[0]));
		if (rc != 0)
			return rc;
		for (u32 k = 0; k < n; k++)
			set_add(set, buf[k].fd,
			    buf[k].events | POLLERR | POLLHUP);
	}
	return 0;
}

static int
store_revents(struct poll_set *set, uptr_t fds)
{
	u64 at = fds.addr + offsetof(struct lx_pollfd, revents);

	for (struct poll_chunk *c = set->items; c != NULL; c = c->next) {
		for (u32 i = 0; i < c->n; i++) {
			int rc = copy_out_obj(UPTR(at), &c->item[i].revents);

			if (rc != 0)
				return rc;
			at += sizeof(struct lx_pollfd);
		}
	}
	return 0;
}

long
poll_wait_fds(uptr_t fds, u32 nfds, u64 deadline_ns)
{
	struct poll_small small;
	struct poll_set set;
	long n;
	int rc;

	if (nfds > file_limit_ops.rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	rc = set_init(&set, &small, nfds);
	if (rc != 0)
		return rc;
	n = load_fds(&set, fds, nfds);
	if (n == 0)
		n = set_wait(&set, deadline_ns);
	if (n >= 0) {
		rc = store_revents(&set, fds);
		if (rc != 0)
			n = rc;
	}
	set_fini(&set);
	return n;
}

/* ---- select ---- */

#define SEL_IN		(POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define SEL_OUT		(POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define SEL_EX		POLLPRI

struct select_sets {
	uptr_t	set[3];			/* in, out, except */
	u32	n;
};
static const u32 select_events[3] = { SEL_IN, SEL_OUT, SEL_EX };
/* Marks in an item's events: which sets name it. No file reports these. */
static const u32 select_mark[3] = { 0x0800, 0x1000, 0x4000 };

/* Word w (64 descriptors) of the three sets. */
static int
sets_load(const struct select_sets *s, u32 w, u64 bits[3])
{
	u64 valid = s->n - w * 64 >= 64 ? ~0ul : BIT(s->n - w * 64) - 1;

	for (u32 k = 0; k < 3; k++) {
		bits[k] = 0;
		if (s->set[k].addr == 0)
			continue;
		int rc = copy_in(&bits[k], UPTR(s->set[k].addr + w * 8), 8);

		if (rc != 0)
			return rc;
		bits[k] &= valid;
	}
	return 0;
}

static int
sets_count(const struct select_sets *s, u32 *count)
{
	u64 bits[3];
	int rc;

	*count = 0;
	for (u32 w = 0; w * 64 < s->n; w++) {
		rc = sets_load(s, w, bits);
		if (rc != 0)
			return rc;
		for (u64 any = bits[0] | bits[1] | bits[2]; any != 0;
		    any &= any - 1)
			++*count;
	}
	return 0;
}

/* At most count items: the sets may have grown since they were counted. */
static int
sets_add(const struct select_sets *s, struct poll_set *set, u32 count)
{
	u64 bits[3];
	int rc;

	for (u32 w = 0; w * 64 < s->n; w++) {
		rc = sets_load(s, w, bits);
		if (rc != 0)
			return rc;
		for (u64 any = bits[0] | bits[1] | bits[2];
		    any != 0 && count > 0; any &= any - 1, count--) {
			u32 b = __builtin_ctzl(any), events = 0;

			for (u32 k = 0; k < 3; k++)
				if (bits[k] >> b & 1)
					events |= select_events[k] |
					    select_mark[k];
			set_add(set, w * 64 + b, events);
			if (set->last_items->item[set->last_items->n - 1].file
			    == NULL)
				return -EBADF;
		}
	}
	return 0;
}

/* Write the results; the number of bits set, or -EFAULT. */
static long
sets_store(const struct select_sets *s, struct poll_set *set)
{
	struct poll_chunk *c = set->items;
	long total = 0;
	u32 i = 0;

	for (u32 w = 0; w * 64 < s->n; w++) {
		u64 bits[3] = { 0, 0, 0 };

		for (; c != NULL; i++) {
			struct poll_item *item;

			if (i == c->n) {
				c = c->next;
				i = -1u;
				continue;
			}
			item = &c->item[i];
			if ((u32)item->fd / 64 != w)
				break;
			for (u32 k = 0; k < 3; k++) {
				if (!(item->events & select_mark[k]) ||
				    !(item->revents & select_events[k]))
					continue;
				bits[k] |= BIT(item->fd % 64);
				total++;
			}
		}
		for (u32 k = 0; k < 3; k++) {
			if (s->set[k].addr != 0 && copy_out(UPTR(
			    s->set[k].addr + w * 8), &bits[k], 8) != 0)
				return -EFAULT;
		}
	}
	return total;
}

long
poll_wait_sets(u32 n, uptr_t in, uptr_t out, uptr_t except, u64 deadline_ns)
{
	struct select_sets s = { { in, out, except }, MIN(n, FD_MAX) };
	struct poll_small small;
	struct poll_set set;
	u32 count;
	long rc;

	rc = sets_count(&s, &count);
	if (rc != 0)
		return rc;
	rc = set_init(&set, &small, count);
	if (rc != 0)
		return rc;
	rc = sets_add(&s, &set, count);
	if (rc == 0)
		rc = set_wait(&set, deadline_ns);
	if (rc >= 0)
		rc = sets_store(&s, &set);
	set_fini(&set);
	return rc;
}
