/*
 * The registry of character devices: a short list, read without a lock (devices
 * are added at its head and never taken out).
 */
#include "kernel/dev/chardev.h"
#include "kernel/lib/atomic.h"
#include "kernel/sync/spinlock.h"

static struct spinlock add_lock = SPINLOCK_INIT(LOCK_DEV);
static struct chardev *devices;		/* [add_lock; read freely] */
static u32 generation;			/* [a] */
void (*chardev_added)(struct chardev *d);

void
chardev_add(struct chardev *d)
{
	spin_lock(&add_lock);
	d->next = devices;
	atomic_store_release(&devices, d);
	spin_unlock(&add_lock);
	atomic_inc(&generation);
	if (chardev_added != NULL)
		chardev_added(d);
}

struct chardev *
chardev_find(u32 major, u32 minor)
{
	struct chardev *d = atomic_load_acquire(&devices);

	while (d != NULL && (d->major != major || d->minor != minor))
		d = d->next;
	return d;
}

struct chardev *
chardev_first(void)
{
	return atomic_load_acquire(&devices);
}

u32
chardev_generation(void)
{
	return atomic_load_relaxed(&generation);
}
