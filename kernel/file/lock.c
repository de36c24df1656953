/*
 * Advisory file locks.
 *
 * All locks of all files stand in buckets by inode; a program that uses none
 * pays one read of a counter at each close. Three kinds share the code and
 * differ in who owns a lock and what can conflict: flock(2) locks are owned by
 * the open file and cover it whole; POSIX locks are owned by the descriptor
 * table (which is the process) and vanish when it closes any descriptor of the
 * file; OFD locks are ranges owned by the open file.
 *
 * L1 the ranges of one owner and kind on one inode never overlap.
 * L2 no two locks of different owners overlap if one of them is exclusive.
 *
 * A wait is a renewal point: it ends when any lock in the bucket goes.
 * Locks are kernel memory that any program can make: all files together have at
 * most one for each frame of memory, then -ENOLCK.
 * LIMIT: rings of waiting processes are not detected (no -EDEADLK); a signal
 * ends such a wait.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/file/file.h"
#include "kernel/file/lock.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/list.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/x86/clock.h"

#define LOCK_BUCKETS	64

enum lock_kind { KIND_FLOCK, KIND_RANGE };

/* b the bucket's lock */
struct file_lock {
	struct list	node;		/* [b] */
	struct inode	*inode;		/* [I] */
	const void	*owner;		/* [I] */
	s64		start, end;	/* [b] */
	s32		pid;		/* [I] */
	u8		kind;		/* [I] enum lock_kind */
	u8		type;		/* [b] F_RDLCK or F_WRLCK */
};

struct lock_bucket {
	struct spinlock	lock;		/* LOCK_UPPER */
	struct list	locks;		/* [lock] */
	u32		gen;		/* [lock] changes when a lock goes */
	struct waitq	waiters;
	bool		ready;		/* [a] initialised */
};

static KMEM_CACHE(file_lock_cache, "file_lock", struct file_lock);
static struct lock_bucket buckets[LOCK_BUCKETS] = {
	[0 ... LOCK_BUCKETS - 1] = { .lock = SPINLOCK_INIT(LOCK_UPPER) },
};
static u64 nlocks;			/* [a] all locks there are */

static struct lock_bucket *
bucket_of(const struct inode *inode)
{
	struct lock_bucket *b = &buckets[hash_ptr(inode, 6)];

	if (likely(__atomic_load_n(&b->ready, __ATOMIC_ACQUIRE)))
		return b;
	spin_lock(&b->lock);
	if (!b->ready) {
		list_init(&b->locks);
		waitq_init(&b->waiters);
		__atomic_store_n(&b->ready, true, __ATOMIC_RELEASE);
	}
	spin_unlock(&b->lock);
	return b;
}

/* A lock went: who waits looks again. */
static void
bucket_wake_locked(struct lock_bucket *b) REQUIRES(b->lock)
{
	b->gen++;
	waitq_wake_all(&b->waiters, 0);
}

static void
lock_free(struct file_lock *l)
{
	list_remove(&l->node);
	kmem_put(&file_lock_cache, l);
	atomic_dec(&nlocks);
}

static struct file_lock *
lock_add(struct lock_bucket *b, const struct file_lock *like, s64 start,
    s64 end)
{
	struct file_lock *l = kmem_get(&file_lock_cache);

	*l = *like;
	l->start = start;
	l->end = end;
	list_push_back(&b->locks, &l->node);
	atomic_inc(&nlocks);
	return l;
}

static struct file_lock *
find_conflict(struct lock_bucket *b, const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each(l, &b->locks, node)
		if (l->inode == want->inode && l->kind == want->kind &&
		    l->owner != want->owner && l->start < want->end &&
		    want->start < l->end &&
		    (l->type == F_WRLCK || want->type == F_WRLCK))
			return l;
	return NULL;
}

/* Cut want's range out of the owner's locks. True if anything went. */
static bool
cut_range(struct lock_bucket *b, const struct file_lock *want)
{
	struct file_lock *l, *tmp;
	bool cut = false;

	list_for_each_safe(l, tmp, &b->locks, node) {
		if (l->inode != want->inode || l->kind != want->kind ||
		    l->owner != want->owner || l->start >= want->end ||
		    want->start >= l->end)
			continue;
		cut = true;
		if (l->end > want->end && l->start < want->start) {
			(void)lock_add(b, l, want->end, l->end);
			l->end = want->start;
			break;		/* L1: no other is in the range */
		} else if (l->end > want->end) {
			l->start = want->end;
		} else if (l->start < want->start) {
			l->end = want->start;
		} else {
			lock_free(l);
		}
	}
	return cut;
}

/* Join the owner's neighbours of want's type into it. */
static void
join_range(struct lock_bucket *b, struct file_lock *want)
{
	struct file_lock *l, *tmp;

	list_for_each_safe(l, tmp, &b->locks, node) {
		if (l->inode != want->inode || l->kind != want->kind ||
		    l->owner != want->owner || l->type != want->type)
			continue;
		if (l->end == want->start)
			want->start = l->start;
		else if (l->start == want->end)
			want->end = l->end;
		else
			continue;
		lock_free(l);
	}
}

static int
lock_apply(struct file_lock *want, bool wait)
{
	if (want->type != F_UNLCK && READ_ONCE(nlocks) >= nframes)
		return -ENOLCK;
	for (;;) {
		struct lock_bucket *b = bucket_of(want->inode);
		u32 gen;
		int rc;

		spin_lock(&b->lock);
		gen = b->gen;
		if (want->type == F_UNLCK ||
		    find_conflict(b, want) == NULL) {
			bool cut = cut_range(b, want);

			if (want->type != F_UNLCK) {
				join_range(b, want);
				(void)lock_add(b, want, want->start,
				    want->end);
			}
			if (cut)
				bucket_wake_locked(b);
			spin_unlock(&b->lock);
			return 0;
		}
		spin_unlock(&b->lock);
		if (!wait)
			return -EAGAIN;
		WAIT_RENEWED(&b->waiters, READ_ONCE(b->gen) != gen,
		    THREAD_SLEEPING, CLOCK_NEVER, false, rc);
		if (rc != 0)
			return -ERESTARTSYS;
	}
}

int
file_flock(struct file *f, int op)
{
	struct file_lock want = {
		.inode = f->inode, .owner = f, .kind = KIND_FLOCK,
		.start = 0, .end = LOCK_RANGE_MAX,
	};

	switch (op & ~LOCK_NB) {
	case LOCK_SH:
		want.type = F_RDLCK;
		break;
	case LOCK_EX:
		want.type = F_WRLCK;
		break;
	case LOCK_UN:
		want.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	return lock_apply(&want, !(op & LOCK_NB));
}

static struct file_lock
range_lock(struct file *f, const struct lock_range *r, bool ofd)
{
	return (struct file_lock){
		.inode = f->inode, .kind = KIND_RANGE,
		.owner = ofd ? (const void *)f : (const void *)current->fds,
		.start = r->start, .end = r->end, .type = r->type,
		.pid = ofd ? -1 : file_limit_ops.pid(),
	};
}

int
file_lock_set(struct file *f, const struct lock_range *r, bool ofd, bool wait)
{
	struct file_lock want = range_lock(f, r, ofd);

	return lock_apply(&want, wait);
}

void
file_lock_get(struct file *f, struct lock_range *r, bool ofd)
{
	struct file_lock want = range_lock(f, r, ofd), *l;
	struct lock_bucket *b = bucket_of(f->inode);

	spin_lock(&b->lock);
	l = find_conflict(b, &want);
	if (l == NULL)
		r->type = F_UNLCK;
	else
		*r = (struct lock_range){ .start = l->start, .end = l->end,
		    .type = l->type, .pid = l->pid };
	spin_unlock(&b->lock);
}

static void
drop_owner(struct file *f, const void *owner)
{
	struct lock_bucket *b = bucket_of(f->inode);
	struct file_lock *l, *tmp;
	bool any = false;

	spin_lock(&b->lock);
	list_for_each_safe(l, tmp, &b->locks, node) {
		if (l->inode == f->inode && l->owner == owner) {
			lock_free(l);
			any = true;
		}
	}
	if (any)
		bucket_wake_locked(b);
	spin_unlock(&b->lock);
}

void
file_locks_close(struct file *f, const void *owner)
{
	if (unlikely(READ_ONCE(nlocks) != 0) && f->inode != NULL)
		drop_owner(f, owner);
}

void
file_locks_release(struct file *f)
{
	if (unlikely(READ_ONCE(nlocks) != 0) && f->inode != NULL)
		drop_owner(f, f);
}
