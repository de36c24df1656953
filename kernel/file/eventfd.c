/*
 * eventfd(2): a counter that can be waited for.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/stat.h"
#include "kernel/file/eventfd.h"
#include "kernel/file/file.h"
#include "kernel/file/poll.h"
#include "kernel/mem/slab.h"
#include "kernel/x86/clock.h"

#define COUNT_MAX	(~0ul - 1)

/* m waitq's lock would not do: counters change while nobody waits */
struct eventfd {
	struct spinlock	lock;		/* LOCK_PIPE */
	u64		count;		/* [lock] */
	bool		semaphore;	/* [I] EFD_SEMAPHORE */
	struct waitq	readq, writeq;
};

static KMEM_CACHE(eventfd_cache, "eventfd", struct eventfd);

/* Take a value out; 0: there is none. */
static u64
eventfd_take(struct eventfd *e)
{
	u64 v;

	spin_lock(&e->lock);
	v = e->semaphore && e->count > 0 ? 1 : e->count;
	e->count -= v;
	spin_unlock(&e->lock);
	return v;
}

static void
eventfd_add(struct eventfd *e, u64 v)
{
	spin_lock(&e->lock);
	e->count += v;
	spin_unlock(&e->lock);
}

static isize
eventfd_read(struct file *f, struct uio *to, s64 *pos)
{
	struct eventfd *e = f->priv;
	u64 v;
	int rc;

	if (to->left < sizeof(v))
		return -EINVAL;
	while ((v = eventfd_take(e)) == 0) {
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		WAIT_RENEWED(&e->readq, READ_ONCE(e->count) != 0,
		    THREAD_SLEEPING, CLOCK_NEVER, true, rc);
		if (rc != 0)
			return -ERESTARTSYS;
	}
	waitq_wake(&e->writeq, POLLOUT);
	for (usize done = 0; done < sizeof(v); ) {
		done += uio_put(to, (char *)&v + done, sizeof(v) - done);
		if (done == sizeof(v))
			break;
		rc = uio_fault_in(to, USER_WRITE);
		if (rc != 0)
			return rc;
	}
	return sizeof(v);
}

static isize
eventfd_write(struct file *f, struct uio *from, s64 *pos)
{
	struct eventfd *e = f->priv;
	u64 v;
	int rc;

	if (from->left < sizeof(v))
		return -EINVAL;
	for (usize done = 0; done < sizeof(v); ) {
		done += uio_get(from, (char *)&v + done, sizeof(v) - done);
		if (done == sizeof(v))
			break;
		rc = uio_fault_in(from, USER_READ);
		if (rc != 0)
			return rc;
	}
	if (v == ~0ul)
		return -EINVAL;
	for (;;) {
		spin_lock(&e->lock);
		if (e->count <= COUNT_MAX - v) {
			e->count += v;
			spin_unlock(&e->lock);
			break;
		}
		spin_unlock(&e->lock);
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		WAIT_RENEWED(&e->writeq, READ_ONCE(e->count) <= COUNT_MAX - v,
		    THREAD_SLEEPING, CLOCK_NEVER, true, rc);
		if (rc != 0)
			return -ERESTARTSYS;
	}
	waitq_wake(&e->readq, POLLIN);
	return sizeof(v);
}

static u32
eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->priv;
	u64 count;

	poll_wait(pt, &e->readq);
	poll_wait(pt, &e->writeq);
	count = READ_ONCE(e->count);
	return (count > 0 ? POLLIN | POLLRDNORM : 0) |
	    (count < COUNT_MAX ? POLLOUT | POLLWRNORM : 0);
}

static int
eventfd_stat(struct file *f, struct lx_stat *st)
{
	*st = (struct lx_stat){ .st_dev = LX_MAKEDEV(0, 2), .st_ino = 1,
	    .st_nlink = 1, .st_mode = 0600, .st_blksize = PAGE_SIZE };
	return 0;
}

static void
eventfd_release(struct file *f)
{
	kmem_put(&eventfd_cache, f->priv);
}

static const struct file_ops eventfd_file_ops = {
	.name = "eventfd",
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.stat = eventfd_stat,
	.release = eventfd_release,
};

struct file *
eventfd_create(u64 count, u32 flags)
{
	struct eventfd *e = kmem_get(&eventfd_cache);

	spin_init(&e->lock, LOCK_PIPE);
	e->count = 0;
	eventfd_add(e, count);
	e->semaphore = flags & EFD_SEMAPHORE;
	waitq_init(&e->readq);
	waitq_init(&e->writeq);
	return file_create(&eventfd_file_ops, e,
	    O_RDWR | (flags & EFD_NONBLOCK));
}
