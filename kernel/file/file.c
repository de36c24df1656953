/*
 * Open files.
 *
 * A file is found under RCU by descriptor look-ups of other threads, so its
 * memory may not become something else while they look. Deferring each free by
 * a grace period would make an open and close loop walk through cold memory;
 * instead the memory is type-stable: each CPU stashes a few freed files and
 * file_create() takes them from there at once. A look-up that got hold of such
 * a reborn file sees that the slot no longer points to it (fdtable.c).
 *
 * F1 refs counts the descriptors and calls under way; at 0 nobody uses it but
 *    look-ups that will fail.
 * F2 pos_busy is held by one call at a time. It may renew its charge meanwhile:
 *    who waits for it holds neither charge nor lock, so nothing can wait in a
 *    ring.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/poll.h"
#include "kernel/file/file.h"
#include "kernel/file/lock.h"
#include "kernel/file/poll.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/hash.h"
#include "kernel/mem/slab.h"
#include "kernel/x86/clock.h"

#define STASH_MAX	24
#define POS_QUEUES	64

static KMEM_CACHE(file_cache, "file", struct file);

struct file_stash {
	u32		n;
	struct file	*file[STASH_MAX];
};
PERCPU_DECLARE(struct file_stash, file_stash);
PERCPU_DEFINE(struct file_stash, file_stash);

/* Who waits for a file's position, by the file's address. */
static struct waitq pos_queues[POS_QUEUES] = {
	[0 ... POS_QUEUES - 1] = { .lock = SPINLOCK_INIT(LOCK_WAITQ) },
};

struct file *
file_create(const struct file_ops *ops, void *priv, u32 flags)
{
	struct file_stash *s = &PERCPU_THIS(struct file_stash, file_stash)[0];
	struct file *f;
	u32 mode = (flags + 1) & O_ACCMODE;	/* O_RDONLY 0 -> READ 1 */

	f = s->n > 0 ? s->file[--s->n] : kmem_get(&file_cache);
	f->ops = ops;
	f->priv = priv;
	f->pinned = NULL;
	f->flags = flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
	f->mode = flags & O_PATH ? FMODE_PATH :
	    (flags & O_ACCMODE) == O_ACCMODE ? 0 : mode;
	f->pos_busy = 0;
	f->pos = 0;
	f->inode = NULL;
	f->dentry = NULL;
	f->mnt = NULL;
	f->owner_sig = 0;
	f->owner_pid = 0;
	atomic_store_release(&f->refs, 1);
	return f;
}

static void
file_free_rcu(struct rcu_head *head)
{
	kmem_put(&file_cache, CONTAINER_OF(head, struct file, rcu));
}

void
file_free(struct file *f)
{
	struct file_stash *s;

	file_locks_release(f);
	file_check_type(f);
	if (f->ops->release != NULL)
		f->ops->release(f);
	if (f->dentry != NULL)
		file_name_ops.put(f);
	s = &PERCPU_THIS(struct file_stash, file_stash)[0];
	if (s->n < STASH_MAX)
		s->file[s->n++] = f;
	else
		rcu_call(&f->rcu, file_free_rcu);
}

u32
file_poll(struct file *f, struct poll_table *pt)
{
	if (f->ops->poll == NULL)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	file_check_type(f);
	return f->ops->poll(f, pt);
}

/* ---- the position ---- */

static struct waitq *
pos_queue(const struct file *f)
{
	struct waitq *q = &pos_queues[hash_ptr(f, 6)];

	/* Statically they cannot point at themselves; first use does it. */
	if (unlikely(READ_ONCE(q->waiters.next) == NULL)) {
		spin_lock(&q->lock);
		if (q->waiters.next == NULL) {
			q->waiters.prev = &q->waiters;
			WRITE_ONCE(q->waiters.next, &q->waiters);
		}
		spin_unlock(&q->lock);
	}
	return q;
}

static inline bool
pos_try(struct file *f)
{
	return READ_ONCE(f->pos_busy) == 0 &&
	    atomic_cmpxchg(&f->pos_busy, 0u, 1u) == 0;
}

int
file_pos_claim(struct file *f)
{
	bool claimed = false;
	int rc;

	if (likely(pos_try(f)))
		return 0;
	WAIT_RENEWED(pos_queue(f), (claimed = claimed || pos_try(f)),
	    THREAD_SLEEPING, CLOCK_NEVER, false, rc);
	if (claimed && rc != 0)
		file_pos_release(f);
	return rc != 0 ? -ERESTARTSYS : 0;
}

void
file_pos_release(struct file *f)
{
	atomic_store(&f->pos_busy, 0u);
	if (unlikely(READ_ONCE(pos_queue(f)->waiters.next) !=
	    &pos_queue(f)->waiters))
		waitq_wake(pos_queue(f), 0);
}
