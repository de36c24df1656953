/*
 * File system types, and superblocks: a file system that is mounted somewhere.
 *
 * A superblock has references of its mounts, and counts its inodes. The last
 * mount takes its names out of the cache, and the last inode the superblock
 * (mapped files outlive their mount after a lazy umount): both in the reaper,
 * where a file system may sleep, take memory, and wait for a disk. An umount(2)
 * that is not lazy awaits that, so that the disk is free behind it.
 *
 * Locks: mount_lock guards the list.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/wait.h"
#include "kernel/vm/reserve.h"

static KMEM_CACHE(sb_cache, "superblock", struct superblock);

static struct list superblocks = LIST_INIT(superblocks);	/* [M] */
static struct fs_type *fs_types;		/* [names_lock; only added] */
static u32 next_dev = 16;			/* [a] below: pipes and kin */
static u64 next_serial = 1;			/* [mount_lock] */
static struct waitq gone_queue = WAITQ_INIT(gone_queue);

/* ---- file system types ---- */

void
fs_register(struct fs_type *t)
{
	spin_lock(&names_lock);
	t->next = fs_types;
	rcu_store(fs_types, t);
	spin_unlock(&names_lock);
}

struct fs_type *
fs_find(const char *name)
{
	struct fs_type *t = rcu_load(fs_types);

	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

struct fs_type *
fs_next(const struct fs_type *t)
{
	return t == NULL ? rcu_load(fs_types) : t->next;
}

int
fs_types_line(u32 i, char *buf, usize len)
{
	struct fs_type *t = rcu_load(fs_types);

	while (t != NULL && i-- > 0)
		t = t->next;
	if (t == NULL)
		return 0;
	return kscnprintf(buf, len, "%s\t%s\n", t->nodev ? "nodev" : "",
	    t->name);
}

/* ---- superblocks ---- */

struct superblock *
sb_create(struct fs_type *t, const struct super_ops *ops, u32 flags)
{
	struct superblock *sb = kmem_get_zero(&sb_cache);

	sb->type = t;
	sb->ops = ops;
	sb->flags = flags & (MS_RDONLY | MS_SYNCHRONOUS);
	sb->refs = 1;
	sb->ninodes = 1;
	sb->block_bytes = PAGE_SIZE;
	sb->dev = LX_MAKEDEV(0, atomic_fetch_add(&next_dev, 1));
	mutex_lock(&mount_lock);
	sb->serial = next_serial++;
	list_push_back(&superblocks, &sb->node);
	mutex_unlock(&mount_lock);
	return sb;
}

struct superblock *
sb_find_dev(u64 dev)
{
	struct superblock *sb, *found = NULL;

	mutex_lock(&mount_lock);
	list_for_each(sb, &superblocks, node) {
		if (sb->dev == dev && sb->root != NULL && sb->gone == NULL &&
		    ref_get_unless_zero(&sb->refs)) {
			found = sb;
			break;
		}
	}
	mutex_unlock(&mount_lock);
	return found;
}

void
sb_get(struct superblock *sb)
{
	ref_get(&sb->refs);
}

void
sb_set_root(struct superblock *sb, struct inode *root)
{
	struct dentry *d = dentry_create(sb, NULL, "/", 1, 0);

	dentry_set_inode(d, root);
	sb->root = d;
}

void
sb_settle_failed(struct superblock *sb)
{
	mutex_lock(&mount_lock);
	list_remove(&sb->node);
	mutex_unlock(&mount_lock);
	inode_reaper_wait();
	rcu_barrier();
	assert(atomic_load(&sb->ninodes) == 1);
}

void
sb_abandon(struct superblock *sb)
{
	kmem_put(&sb_cache, sb);
}

static void
sb_free(struct superblock *sb)
{
	if (sb->ops->unmount != NULL)
		sb->ops->unmount(sb);
	kmem_put(&sb_cache, sb);
}

/* An inode, or the mounting, is gone; the last takes the superblock along. */
void
sb_put_inode(struct superblock *sb)
{
	if (!atomic_dec_and_test(&sb->ninodes))
		return;
	if (sb->ops->shut != NULL)
		sb_shut_later(sb);
	else
		sb_free(sb);
}

void
sb_shut(struct superblock *sb)
{
	u32 *gone = sb->gone;

	sb->ops->shut(sb);
	sb_free(sb);
	if (gone != NULL) {
		atomic_store_release(gone, 1);
		waitq_wake(&gone_queue, 0);
	}
}

/* Take all names of a pinned file system out of the cache, bottom up. */
static void
pinned_clear(struct dentry *root)
{
	struct dentry *d = root;

	for (;;) {
		struct rb_node *first = rb_first(&d->dir_tree);
		struct dentry *parent = d->parent;

		if (first != NULL) {
			d = RB_ENTRY(first, struct dentry, dir_node);
			continue;
		}
		if (d == root)
			return;
		if (d->inode != NULL)
			d->inode->nlink = 0;
		dentry_unpublish(d);	/* the parent is hashed, or root */
		d = parent;
		preempt_point();
	}
}

void
sb_put(struct superblock *sb)
{
	if (ref_put(&sb->refs))
		sb_reap_later(sb);
}

void
sb_reap(struct superblock *sb)
{
	mutex_lock(&mount_lock);
	list_remove(&sb->node);
	mutex_unlock(&mount_lock);
	if (sb->ops->sync != NULL)
		(void)sb->ops->sync(sb);	/* nobody is left to tell */
	if (sb->pins_dentries) {
		pinned_clear(sb->root);
		sb->root->inode->nlink = 0;
	} else {
		dcache_drop_sb(sb);
	}
	dentry_put(sb->root);
	sb_put_inode(sb);
}

/*
 * Does anything hold inodes of sb but names in the cache? Its files may be
 * mapped, which no mount counts; those that are newer than the disk are held
 * until they are written. Renews the charge.
 */
int
sb_settle(struct superblock *sb)
{
	if (sb->ops->sync != NULL)
		(void)sb->ops->sync(sb);	/* told by fsync, or shut() */
	dcache_drop_sb(sb);
	inode_reaper_wait();
	rcu_barrier();
	/* the mounting itself, and the root */
	return atomic_load(&sb->ninodes) > 2 ? -EBUSY : 0;
}

void
sb_wait_gone(u32 *gone)
{
	WAIT_EVENT(&gone_queue, atomic_load_acquire(gone) != 0);
}

/* The first superblock behind serial that has something to sync, referenced. */
static struct superblock *
sb_next_to_sync(u64 serial)
{
	struct superblock *sb, *found = NULL;

	mutex_lock(&mount_lock);
	list_for_each(sb, &superblocks, node) {
		if (sb->serial > serial && sb->ops->sync != NULL &&
		    sb->root != NULL && ref_get_unless_zero(&sb->refs)) {
			found = sb;
			break;
		}
	}
	mutex_unlock(&mount_lock);
	return found;
}

int
vfs_sync(void)
{
	struct superblock *sb;
	u64 serial = 0;
	int rc = 0, one;

	while ((sb = sb_next_to_sync(serial)) != NULL) {
		serial = sb->serial;
		one = sb->ops->sync(sb);
		rc = rc != 0 ? rc : one;
		sb_put(sb);
	}
	return rc;
}
