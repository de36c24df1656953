/*
 * Pipes.
 *
 * A pipe is a ring of slots, each of which holds a part of one page. Writers
 * append at head, readers take at tail; both only grow, so head - tail is the
 * fill, and "full" and "empty" never look alike. A small write merges into the
 * page of the last slot. A page that was read empty is kept as a spare, so that
 * a conversation of short messages takes and gives no frames, and needs no
 * charge: only a write that finds no spare page reserves.
 *
 * Data is copied under the spinlock, by copies that stop short at a page which
 * is not there; then the lock is dropped and the page faulted in. A write of at
 * most PIPE_BUF bytes is all or nothing: it checks for room first, and its
 * bytes are committed (head and len) only when all are copied.
 *
 * I1 tail <= head <= tail + nslots (as u32 differences).
 * I2 a slot in [tail, head) owns one page and has len > 0.
 * I3 a merge adds only to the slot at head - 1, which is not a packet.
 *
 * Waits are renewal points, exclusive: one reader wakes for one write, and
 * passes the wake on when it leaves something. What a reader waits for: a slot
 * in use, or no writer; a writer: a free slot, or no reader. Either writes a
 * page at least, so a free slot suffices for an atomic write.
 *
 * Locks: pipe.lock guards all; under it frames and slabs. A FIFO's pipe is made
 * and unmade under the lock that its inode lends.
 * Memory: at most nslots pages and two spares; F_SETPIPE_SZ goes to 1 MiB. All
 * pipes together hold at most a fixed share of memory; beyond it a pipe gets a
 * page only while it is empty, so that none stops for ever. A writer that was
 * refused for that leaves `starved`, and the next read of a page wakes it.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/termios.h"
#include "kernel/file/file.h"
#include "kernel/file/cred.h"
#include "kernel/file/pipe.h"
#include "kernel/file/poll.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"

#define SLOTS_INLINE	16u		/* 64 KiB, pipe(7) */
#define SLOTS_MAX	256u		/* 1 MiB: the slots fill one frame */
#define NSPARES		2u
#define MEMORY_SHARE	16u		/* of all frames: pages in all pipes */

/* m pipe.lock */
struct pipe_slot {
	struct frame	*page;		/* [m] owned in [tail, head) */
	u16		off, len;	/* [m] bytes in the page */
	bool		packet;		/* [m] read whole, O_DIRECT */
};
_Static_assert(sizeof(struct pipe_slot) * SLOTS_MAX == PAGE_SIZE, "a frame");

/* I immutable; m lock; a atomic; k the anchor's lock, or a without one */
struct pipe {
	struct spinlock	lock;		/* LOCK_PIPE */
	u32		head, tail;	/* [m] in slots */
	u32		nslots;		/* [m] a power of two */
	struct pipe_slot *slot;		/* [m] inline_slot or a frame */
	u32		nspares;	/* [m] */
	struct frame	*spare[NSPARES];	/* [m] */
	bool		starved;	/* [m] refused for the share */
	u32		readers, writers;	/* [m] open ends */
	u32		nreads, nwrites;	/* [m] ends ever opened: FIFO */
	u32		npages;		/* [m] in slots and spares */
	u32		files;		/* [k] files of this pipe */
	void		**anchor;	/* [I] FIFO: where the inode has it */
	struct spinlock	*anchor_lock;	/* [I] guards *anchor and files */
	u64		ino;		/* [I] */
	u64		time_ns;	/* [I] made at */
	u32		uid, gid;	/* [I] */
	struct waitq	readq, writeq;
	struct pipe_slot inline_slot[SLOTS_INLINE];
};

/* Pages that a write has taken before it takes the lock. */
struct page_stock {
	u32		n;
	struct frame	*page[SLOTS_INLINE];
};

static KMEM_CACHE(pipe_cache, "pipe", struct pipe);
static BOUND_ROW(pipe_write);
static BOUND_ROW(pipe_page);		/* each page of a write */
static u64 pipe_last_ino;		/* [a] */
static u64 pipe_pages;			/* [a] in all pipes */

static inline struct pipe_slot *
slot_at(struct pipe *p, u32 i)
{
	return &p->slot[i & (p->nslots - 1)];
}

static inline bool
pipe_is_full(const struct pipe *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail) >= READ_ONCE(p->nslots);
}

static inline bool
pipe_is_empty(const struct pipe *p)
{
	return READ_ONCE(p->head) == READ_ONCE(p->tail);
}

/* Nothing can be appended but by merging. */
static inline bool
pipe_has_no_room(const struct pipe *p)
{
	return pipe_is_full(p) || READ_ONCE(p->starved);
}

/* ---- life ---- */

static void
page_free(struct pipe *p, struct frame *page)
{
	p->npages--;
	atomic_dec(&pipe_pages);
	frame_put(page);
}

static struct pipe *
pipe_new(void)
{
	const struct cred *c = current_cred();
	struct pipe *p = kmem_get_zero(&pipe_cache);

	spin_init(&p->lock, LOCK_PIPE);
	waitq_init(&p->readq);
	waitq_init(&p->writeq);
	p->nslots = SLOTS_INLINE;
	p->slot = p->inline_slot;
	p->ino = atomic_add_return(&pipe_last_ino, 1);
	p->time_ns = clock_realtime_ns();
	p->uid = c->fsuid;
	p->gid = c->fsgid;
	return p;
}

static void
pipe_free(struct pipe *p)
{
	for (; p->tail != p->head; p->tail++)
		page_free(p, slot_at(p, p->tail)->page);
	while (p->nspares > 0)
		page_free(p, p->spare[--p->nspares]);
	if (p->slot != p->inline_slot)
		frame_put(frame_of_virt(p->slot));
	kmem_put(&pipe_cache, p);
}

static inline bool
file_reads(const struct file *f)
{
	return f->mode & FMODE_READ;
}

static inline bool
file_writes(const struct file *f)
{
	return f->mode & FMODE_WRITE;
}

/* Both sides look again: an end came or went. */
static void
pipe_wake_both(struct pipe *p)
{
	waitq_wake_all(&p->readq, POLLIN | POLLHUP);
	waitq_wake_all(&p->writeq, POLLOUT | POLLERR);
}

static void
pipe_release(struct file *f)
{
	struct pipe *p = f->priv;
	bool last;

	spin_lock(&p->lock);
	p->readers -= file_reads(f);
	p->writers -= file_writes(f);
	spin_unlock(&p->lock);
	pipe_wake_both(p);
	if (p->anchor == NULL) {
		last = atomic_dec_and_test(&p->files);
	} else {
		spin_lock(p->anchor_lock);
		last = --p->files == 0;
		if (last)
			*p->anchor = NULL;
		spin_unlock(p->anchor_lock);
	}
	if (last)
		pipe_free(p);
}

void
pipe_create(struct file *out[2], u32 flags)
{
	struct pipe *p = pipe_new();

	p->files = 2;
	p->readers = p->writers = 1;
	p->nreads = p->nwrites = 1;
	flags &= O_NONBLOCK | O_DIRECT;
	out[0] = file_create(&pipe_file_ops, p, O_RDONLY | flags);
	out[1] = file_create(&pipe_file_ops, p, O_WRONLY | flags);
	/* One end is enough, and the one that fills it. */
	out[1]->pinned = &p->npages;
}

/* ---- reading ---- */

/* The slot at tail is read empty: keep its page if we are short of spares. */
static void
slot_drop_locked(struct pipe *p)
{
	struct frame *page = slot_at(p, p->tail)->page;

	if (p->nspares < NSPARES &&
	    atomic_load_relaxed(&page->refs) == 1)
		p->spare[p->nspares++] = page;
	else
		page_free(p, page);
	p->tail++;
	p->starved = false;
}

static usize
pipe_take_locked(struct pipe *p, struct uio *to)
{
	usize done = 0;

	while (p->tail != p->head && to->left > 0) {
		struct pipe_slot *s = slot_at(p, p->tail);
		usize want = MIN((usize)s->len, to->left);
		usize n = uio_put(to, (char *)frame_virt(s->page) + s->off,
		    want);

		done += n;
		s->off += n;
		s->len -= n;
		if (n < want)
			break;
		if (s->len == 0 || s->packet) {
			bool packet = s->packet;

			slot_drop_locked(p);
			if (packet)
				break;
		}
	}
	return done;
}

/* Until there is something to read, or nobody will write. */
static int
pipe_read_wait(struct pipe *p)
{
	int rc;

	WAIT_RENEWED(&p->readq, !pipe_is_empty(p) ||
	    READ_ONCE(p->writers) == 0, THREAD_SLEEPING, CLOCK_NEVER, true,
	    rc);
	return rc != 0 ? -ERESTARTSYS : 0;
}

static isize
pipe_read(struct file *f, struct uio *to, s64 *pos)
{
	struct pipe *p = f->priv;
	bool was_full, empty, more, no_writer;
	usize n;
	int rc = 0;

	if (to->left == 0)
		return 0;
	while (rc == 0) {
		spin_lock(&p->lock);
		was_full = pipe_has_no_room(p);
		empty = pipe_is_empty(p);
		no_writer = p->writers == 0;
		n = empty ? 0 : pipe_take_locked(p, to);
		was_full = was_full && !pipe_has_no_room(p);
		more = !pipe_is_empty(p);
		spin_unlock(&p->lock);
		if (was_full)
			waitq_wake_sync(&p->writeq, POLLOUT | POLLWRNORM);
		if (n > 0 && more && !waitq_is_empty(&p->readq))
			waitq_wake(&p->readq, POLLIN | POLLRDNORM);
		if (n > 0)
			return n;
		if (empty && no_writer)
			return 0;
		if (empty && (f->flags & O_NONBLOCK))
			return -EAGAIN;
		rc = empty ? pipe_read_wait(p) : uio_fault_in(to, USER_WRITE);
	}
	return rc;
}

/* ---- writing ---- */

enum put_result {
	PUT_DONE,		/* all is in, or as much as fits */
	PUT_FAULT,		/* the user's page is not there */
	PUT_PAGES,		/* a page is needed and the stock has none */
	PUT_CLOSED,		/* nobody will read it */
};

/* Most writes need no page: one is spare, or the bytes merge. The others come
 * here, holding nothing, for as many as the pipe will take. */
static int
stock_fill(struct page_stock *s, const struct pipe *p, const struct uio *from)
{
	u32 room = READ_ONCE(p->nslots) -
	    (READ_ONCE(p->head) - READ_ONCE(p->tail));
	usize n = MIN(DIV_UP(from->left, PAGE_SIZE),
	    (usize)MIN(MAX(room, 1u), SLOTS_INLINE));
	int rc = reserve_linear(&bound_pipe_write, &bound_pipe_page, n);

	if (rc != 0)
		return rc;
	while (s->n < n) {
		LOOP_PAID(&bound_pipe_page);
		s->page[s->n++] = frame_get(FRAME_BUFFER);
	}
	reserve_end();
	return 0;
}

/* A page to write into, or NULL and why not. s may be NULL: no stock. */
static struct frame *
page_take_locked(struct pipe *p, struct page_stock *s, enum put_result *why)
{
	if (p->nspares > 0)
		return p->spare[--p->nspares];
	if (s == NULL || s->n == 0) {
		*why = PUT_PAGES;
		return NULL;
	}
	if (atomic_add_return(&pipe_pages, 1) > nframes / MEMORY_SHARE &&
	    !pipe_is_empty(p)) {
		atomic_dec(&pipe_pages);
		p->starved = true;
		*why = PUT_DONE;
		return NULL;
	}
	p->npages++;
	return s->page[--s->n];
}

static void
page_return_locked(struct pipe *p, struct frame *page)
{
	if (p->nspares < NSPARES)
		p->spare[p->nspares++] = page;
	else
		page_free(p, page);
}

/* Room behind the last slot's bytes (I3). */
static u32
merge_room(struct pipe *p)
{
	struct pipe_slot *s;

	if (p->head == p->tail)
		return 0;
	s = slot_at(p, p->head - 1);
	if (s->packet || atomic_load_relaxed(&s->page->refs) != 1)
		return 0;
	return PAGE_SIZE - s->off - s->len;
}

/* Append without the promise of all or nothing. */
static enum put_result
pipe_put_locked(struct pipe *p, struct page_stock *stock, struct uio *from,
    bool packet)
{
	while (from->left > 0) {
		u32 room = packet ? 0 : merge_room(p);
		enum put_result why = PUT_DONE;
		struct pipe_slot *s;
		struct frame *page;
		usize want, n;

		if (room > 0) {
			s = slot_at(p, p->head - 1);
			want = MIN((usize)room, from->left);
			n = uio_get(from, (char *)frame_virt(s->page) +
			    s->off + s->len, want);
			s->len += n;
			if (n < want)
				return PUT_FAULT;
			continue;
		}
		if (pipe_is_full(p))
			return PUT_DONE;
		page = page_take_locked(p, stock, &why);
		if (page == NULL)
			return why;
		want = MIN(from->left, (usize)PAGE_SIZE);
		n = uio_get(from, frame_virt(page), want);
		if (n == 0) {
			page_return_locked(p, page);
			return PUT_FAULT;
		}
		*slot_at(p, p->head) = (struct pipe_slot){
			.page = page, .len = n, .packet = packet };
		p->head++;
		if (n < want)
			return PUT_FAULT;
	}
	return PUT_DONE;
}

/*
 * All of at most PIPE_BUF bytes or nothing: the bytes that merge into the last
 * slot and those of a new one are committed together.
 */
static enum put_result
pipe_put_atomic_locked(struct pipe *p, struct page_stock *stock,
    struct uio *from, bool packet)
{
	struct uio saved = *from;
	u32 room = packet ? 0 : MIN(merge_room(p), (u32)from->left);
	enum put_result why = PUT_DONE;
	struct frame *page = NULL;
	usize rest = from->left - room;

	if (rest > 0) {
		if (pipe_is_full(p))
			return PUT_DONE;
		page = page_take_locked(p, stock, &why);
		if (page == NULL)
			return why;
	}
	if (room > 0) {
		struct pipe_slot *s = slot_at(p, p->head - 1);

		if (uio_get(from, (char *)frame_virt(s->page) + s->off +
		    s->len, room) < room)
			goto fault;
	}
	if (rest > 0 && uio_get(from, frame_virt(page), rest) < rest)
		goto fault;
	if (room > 0)
		slot_at(p, p->head - 1)->len += room;
	if (rest > 0) {
		*slot_at(p, p->head) = (struct pipe_slot){
			.page = page, .len = rest, .packet = packet };
		p->head++;
	}
	return PUT_DONE;
fault:
	if (page != NULL)
		page_return_locked(p, page);
	*from = saved;		/* what was copied was not committed */
	return PUT_FAULT;
}

/* Every page of a short write's source present, one after the other. */
static int
fault_in_all(const struct uio *from)
{
	struct uio u = *from;
	int rc = 0;

	while (u.left > 0 && rc == 0) {
		u64 at;

		rc = uio_fault_in(&u, USER_READ);
		if (rc != 0 || u.len == 0)
			continue;
		at = PAGE_DOWN(u.base) + 16 * PAGE_SIZE;
		uio_skip(&u, MIN((usize)(at - u.base), u.len));
	}
	return rc;
}

/* What a write does between two looks at the pipe. 0: go on. */
static int
pipe_write_pause(struct pipe *p, struct file *f, struct page_stock *stock,
    struct uio *from, enum put_result why)
{
	int rc;

	switch (why) {
	case PUT_FAULT:
		return from->left <= PIPE_BUF ? fault_in_all(from) :
		    uio_fault_in(from, USER_READ);
	case PUT_PAGES:
		return stock_fill(stock, p, from);
	case PUT_CLOSED:
		return -EPIPE;
	case PUT_DONE:
		break;
	}
	if (f->flags & O_NONBLOCK)
		return -EAGAIN;
	WAIT_RENEWED(&p->writeq, !pipe_has_no_room(p) ||
	    READ_ONCE(p->readers) == 0, THREAD_SLEEPING, CLOCK_NEVER, true,
	    rc);
	return rc != 0 ? -ERESTARTSYS : 0;
}

/* One look at the pipe; wakes readers for what it got. */
static enum put_result
pipe_write_once(struct pipe *p, struct page_stock *stock, struct uio *from,
    usize total, bool packet)
{
	enum put_result why = PUT_CLOSED;
	usize before = from->left;
	bool room;

	spin_lock(&p->lock);
	if (p->readers != 0)
		why = total <= PIPE_BUF ?
		    pipe_put_atomic_locked(p, stock, from, packet) :
		    pipe_put_locked(p, stock, from, packet);
	room = !pipe_has_no_room(p);
	spin_unlock(&p->lock);
	if (from->left < before)
		waitq_wake_sync(&p->readq, POLLIN | POLLRDNORM);
	if (from->left == 0 && room && unlikely(!waitq_is_empty(&p->writeq)))
		waitq_wake(&p->writeq, POLLOUT | POLLWRNORM);
	return why;
}

/* Where the first look was not enough. */
static noinline isize
pipe_write_rest(struct file *f, struct uio *from, usize total, bool packet,
    enum put_result why)
{
	struct pipe *p = f->priv;
	struct page_stock stock;
	int rc;

	stock.n = 0;
	while (from->left > 0) {
		rc = pipe_write_pause(p, f, &stock, from, why);
		if (rc != 0)
			return from->left < total ? (isize)(total -
			    from->left) : rc;
		why = pipe_write_once(p, &stock, from, total, packet);
		while (stock.n > 0)
			frame_put(stock.page[--stock.n]);
	}
	return total;
}

static isize
pipe_write(struct file *f, struct uio *from, s64 *pos)
{
	bool packet = f->flags & O_DIRECT;
	usize total = from->left;
	enum put_result why;

	if (total == 0)
		return 0;
	why = pipe_write_once(f->priv, NULL, from, total, packet);
	return likely(from->left == 0) ? (isize)total :
	    pipe_write_rest(f, from, total, packet, why);
}

/* ---- the rest ---- */

static u32
pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->priv;
	u32 now = 0;

	if (file_reads(f)) {
		poll_wait(pt, &p->readq);
		if (!pipe_is_empty(p))
			now |= POLLIN | POLLRDNORM;
		/* A FIFO that no writer has opened yet has not hung up. */
		if (READ_ONCE(p->writers) == 0 && p->nwrites != 0)
			now |= POLLHUP;
	}
	if (file_writes(f)) {
		poll_wait(pt, &p->writeq);
		if (!pipe_has_no_room(p))
			now |= POLLOUT | POLLWRNORM;
		if (READ_ONCE(p->readers) == 0)
			now |= POLLERR;
	}
	return now;
}

static long
pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct pipe *p = f->priv;
	int n = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	spin_lock(&p->lock);
	for (u32 i = p->tail; i != p->head; i++)
		n += slot_at(p, i)->len;
	spin_unlock(&p->lock);
	return copy_out_obj(UPTR(arg), &n);
}

/* F_SETPIPE_SZ: a ring of nslots; the caller reserved a frame. */
static long
pipe_resize(struct pipe *p, u64 bytes)
{
	struct pipe_slot *old, *slot;
	u32 n = SLOTS_INLINE, used;

	if (bytes > SLOTS_MAX * PAGE_SIZE)
		return cred_is_root(current_cred()) ? -EINVAL : -EPERM;
	while (n * PAGE_SIZE < bytes)
		n *= 2;
	slot = n == SLOTS_INLINE ? NULL :
	    frame_virt(frame_get(FRAME_BUFFER));
	spin_lock(&p->lock);
	used = p->head - p->tail;
	old = p->slot;
	if (used > n || (slot == NULL && old == p->inline_slot)) {
		spin_unlock(&p->lock);
		if (slot != NULL)
			frame_put(frame_of_virt(slot));
		return used > n ? -EBUSY : (long)(n * PAGE_SIZE);
	}
	if (slot == NULL)
		slot = p->inline_slot;
	for (u32 i = 0; i < used; i++)
		slot[i] = *slot_at(p, p->tail + i);
	p->slot = slot;
	p->nslots = n;
	p->tail = 0;
	p->head = used;
	spin_unlock(&p->lock);
	if (old != p->inline_slot)
		frame_put(frame_of_virt(old));
	pipe_wake_both(p);
	return n * PAGE_SIZE;
}

static long
pipe_fcntl(struct file *f, int cmd, u64 arg)
{
	struct pipe *p = f->priv;

	if (cmd == F_SETPIPE_SZ)
		return pipe_resize(p, arg);
	if (cmd == F_GETPIPE_SZ)
		return READ_ONCE(p->nslots) * PAGE_SIZE;
	return -EINVAL;
}

static int
pipe_stat(struct file *f, struct lx_stat *st)
{
	struct pipe *p = f->priv;

	*st = (struct lx_stat){
		.st_dev = LX_MAKEDEV(0, 1), .st_ino = p->ino, .st_nlink = 1,
		.st_mode = S_IFIFO | 0600, .st_uid = p->uid, .st_gid = p->gid,
		.st_blksize = PAGE_SIZE,
	};
	st->st_atime_sec = st->st_mtime_sec = st->st_ctime_sec =
	    p->time_ns / 1000000000;
	st->st_atime_nsec = st->st_mtime_nsec = st->st_ctime_nsec =
	    p->time_ns % 1000000000;
	return 0;
}

static int
pipe_label(struct file *f, char *buf, usize len)
{
	struct pipe *p = f->priv;

	return kscnprintf(buf, len, "pipe:[%lu]", p->ino);
}

/* By /proc/PID/fd/N, as /dev/stdin: whoever made the pipe may. */
static int
pipe_reopen(struct file *f, u32 flags, struct file **out)
{
	const struct cred *c = current_cred();
	struct pipe *p = f->priv;

	if (c->fsuid != p->uid && !cred_is_root(c))
		return -EACCES;
	atomic_inc(&p->files);		/* f has one: it is not the last */
	f = file_create(&pipe_file_ops, p, flags);
	spin_lock(&p->lock);
	p->readers += file_reads(f);
	p->nreads += file_reads(f);
	p->writers += file_writes(f);
	p->nwrites += file_writes(f);
	spin_unlock(&p->lock);
	*out = f;
	return 0;
}

const struct file_ops pipe_file_ops = {
	.name = "pipe",
	.reopen = pipe_reopen,
	/* No rows: read takes nothing, write reserves where it must. */
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fcntl = pipe_fcntl,
	.stat = pipe_stat,
	.label = pipe_label,
	.release = pipe_release,
};

/* A FIFO's stat is its inode's. */
static const struct file_ops fifo_file_ops = {
	.name = "fifo",
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

/* ---- FIFOs ---- */

static struct pipe *
fifo_pipe(void **slot, struct spinlock *lock)
{
	struct pipe *fresh = pipe_new(), *p;

	fresh->anchor = slot;
	fresh->anchor_lock = lock;
	spin_lock(lock);
	if (*slot == NULL) {
		*slot = fresh;
		fresh = NULL;
	}
	p = *slot;
	p->files++;
	spin_unlock(lock);
	if (fresh != NULL)
		pipe_free(fresh);
	return p;
}

int
fifo_open(struct file *f, void **slot, struct spinlock *lock)
{
	struct pipe *p = fifo_pipe(slot, lock);
	const struct file_ops *old_ops = f->ops;
	u32 readers, writers, nreads, nwrites;
	int rc = 0;

	f->ops = &fifo_file_ops;
	f->priv = p;
	f->pinned = file_writes(f) ? &p->npages : NULL;
	spin_lock(&p->lock);
	nreads = p->nreads;
	nwrites = p->nwrites;
	p->readers += file_reads(f);
	p->nreads += file_reads(f);
	p->writers += file_writes(f);
	p->nwrites += file_writes(f);
	readers = p->readers;
	writers = p->writers;
	spin_unlock(&p->lock);
	pipe_wake_both(p);
	if (readers == 0) {
		if (f->flags & O_NONBLOCK)
			rc = -ENXIO;
		else
			WAIT_RENEWED(&p->writeq, READ_ONCE(p->nreads) !=
			    nreads, THREAD_SLEEPING, CLOCK_NEVER, false, rc);
	} else if (writers == 0 && !(f->flags & O_NONBLOCK)) {
		WAIT_RENEWED(&p->readq, READ_ONCE(p->nwrites) != nwrites,
		    THREAD_SLEEPING, CLOCK_NEVER, false, rc);
	}
	if (rc == 0)
		return 0;
	pipe_release(f);
	f->ops = old_ops;
	f->priv = NULL;
	f->pinned = NULL;
	return rc == -ENXIO ? rc : -ERESTARTSYS;
}
