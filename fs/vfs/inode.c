/*
 * Inodes: life, permissions, attributes, and the reaper.
 *
 * An inode is referred to by the dentries that name it and by mappings of its
 * pages. The last reference evicts it, which may sleep; who may not sleep (a
 * page table's end, a shrinker) leaves that to the reaper, a thread of its own,
 * which also takes dead mounts down.
 *
 * An inode that has no name any more may have to give back what it has on a
 * disk (super_ops.retire), which takes frames and journal space: never where
 * something is held. Who removes a name does that at the end of his call, in a
 * segment of its own (inode_put_retire); all others leave it to the reaper.
 *
 * The reaper goes on by a ticket: what it frees others may be waiting for.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/vm/reserve.h"

#define NS_PER_SEC	1000000000ul
#define RELATIME_NS	(24 * 3600 * NS_PER_SEC)	/* mount(8) */

static BOUND_ROW(setattr);		/* behind a reading: see warm.c */
static BOUND_ROW(vfs_retire);		/* a removed file's end */
static BOUND_ROW(vfs_reap);		/* a turn of the reaper */

static struct slist dead_inodes, dead_mounts;	/* [a] pushed from anywhere */
static struct slist dead_supers, shut_supers;
static struct waitq reaper_queue = WAITQ_INIT(reaper_queue);
static struct waitq reaper_idle = WAITQ_INIT(reaper_idle);
static bool reaper_busy;			/* [a] */
static struct standing reaper_ticket = { .row = &bound_vfs_reap, .count = 1 };

u64
vfs_now_ns(void)
{
	return clock_realtime_ns();
}

/* ---- life ---- */

void
inode_init(struct inode *i, struct superblock *sb, u32 mode)
{
	const struct cred *c = current_cred();
	u64 now = vfs_now_ns();

	memset(i, 0, sizeof(*i));
	i->sb = sb;
	i->refs = 1;
	i->mode = mode;
	i->uid = c->fsuid;
	i->gid = c->fsgid;
	i->nlink = 1;
	i->atime_ns = i->mtime_ns = i->ctime_ns = now;
	rwlock_init(&i->lock, S_ISDIR(mode) ? LOCK_INODE_DIR : LOCK_INODE);
	spin_init(&i->spin, LOCK_VINODE);
	atomic_inc(&sb->ninodes);
}

void
inode_init_owner(struct inode *i, const struct inode *dir, u32 mode)
{
	if (dir->mode & S_ISGID) {		/* inode(7) */
		i->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	}
	i->mode = mode;
}

void
inode_get(struct inode *i)
{
	ref_get(&i->refs);
}

static void
inode_free_rcu(struct rcu_head *head)
{
	struct inode *i = CONTAINER_OF(head, struct inode, rcu);
	struct superblock *sb = i->sb;

	sb->ops->free_inode(i);
	sb_put_inode(sb);
}

static void
inode_evict(struct inode *i)
{
	if (i->sb->ops->evict != NULL)
		i->sb->ops->evict(i);
	rcu_call(&i->rcu, inode_free_rcu);
}

static inline bool
inode_must_retire(const struct inode *i)
{
	return READ_ONCE(i->nlink) == 0 && i->sb->ops->retire != NULL;
}

static void
reap_later(struct slist *list, struct slist_node *n)
{
	slist_push_atomic(list, n);
	waitq_wake(&reaper_queue, 0);
}

void
inode_put(struct inode *i)
{
	if (likely(!ref_put(&i->refs)))
		return;
	if (unlikely(inode_must_retire(i)))
		reap_later(&dead_inodes, &i->reap);
	else
		inode_evict(i);
}

void
inode_put_retire(struct inode *i)
{
	if (READ_ONCE(i->nlink) == 0 && i->sb->ops->forget != NULL)
		i->sb->ops->forget(i);
	if (!ref_put(&i->refs))
		return;
	if (inode_must_retire(i) && (reserve_row(&bound_vfs_retire) != 0 ||
	    i->sb->ops->retire(i) != 0)) {
		reap_later(&dead_inodes, &i->reap);
		return;
	}
	inode_evict(i);
}

void
inode_put_later(struct inode *i)
{
	if (ref_put(&i->refs))
		reap_later(&dead_inodes, &i->reap);
}

void
mount_reap_later(struct mount *m)
{
	reap_later(&dead_mounts, &m->reap);
}

void
sb_reap_later(struct superblock *sb)
{
	reap_later(&dead_supers, &sb->reap);
}

void
sb_shut_later(struct superblock *sb)
{
	reap_later(&shut_supers, &sb->reap);
}

static bool
reaper_has_work(void)
{
	return READ_ONCE(dead_inodes.first) != NULL ||
	    READ_ONCE(dead_mounts.first) != NULL ||
	    READ_ONCE(dead_supers.first) != NULL ||
	    READ_ONCE(shut_supers.first) != NULL;
}

/* On a ticket no reservation fails. */
static void
reap_inode(struct slist_node *n)
{
	struct inode *i = CONTAINER_OF(n, struct inode, reap);
	int rc = 0;

	if (inode_must_retire(i)) {
		rc = reserve_row(&bound_vfs_reap);
		if (rc == 0)
			rc = i->sb->ops->retire(i);
		assert(rc == 0);
	}
	inode_evict(i);
}

static void
reap_mount(struct slist_node *n)
{
	mount_reap(CONTAINER_OF(n, struct mount, reap));
}

static void
reap_super(struct slist_node *n)
{
	int rc = reserve_row(&bound_vfs_reap);

	assert(rc == 0);
	sb_reap(CONTAINER_OF(n, struct superblock, reap));
}

static void
shut_super(struct slist_node *n)
{
	int rc = reserve_row(&bound_vfs_reap);

	assert(rc == 0);
	sb_shut(CONTAINER_OF(n, struct superblock, reap));
}

static const struct {
	struct slist	*list;
	void		(*reap)(struct slist_node *n);
} reaper_jobs[] = {
	{ &dead_inodes, reap_inode },
	{ &dead_mounts, reap_mount },
	{ &dead_supers, reap_super },
	{ &shut_supers, shut_super },
};

static void
reaper_main(void *arg)
{
	struct slist_node *n, *next;

	(void)arg;
	current->cred = &root_cred;
	standing_enter(&reaper_ticket);
	for (;;) {
		WRITE_ONCE(reaper_busy, false);
		waitq_wake(&reaper_idle, 0);
		WAIT_EVENT(&reaper_queue, reaper_has_work());
		WRITE_ONCE(reaper_busy, true);
		for (u32 j = 0; j < ARRAY_LEN(reaper_jobs); j++) {
			n = slist_take_all(reaper_jobs[j].list);
			for (; n != NULL; n = next) {
				next = n->next;
				reaper_jobs[j].reap(n);
				reserve_end();
				preempt_point();
			}
		}
	}
}

void
inode_reaper_wait(void)
{
	WAIT_EVENT(&reaper_idle, !reaper_has_work() && !READ_ONCE(reaper_busy));
}

void
inode_reaper_init(void)
{
	standing_add(&reaper_ticket);
	(void)kthread_create("vfs-reaper", reaper_main, NULL);
}

/* ---- permissions ---- */

bool
inode_may(const struct inode *i, u32 mask)
{
	const struct cred *c = current_cred();
	u32 mode = READ_ONCE(i->mode);

	if (c->fsuid == i->uid)
		mode >>= 6;
	else if ((mode >> 3 & mask) != (mode & mask) &&
	    cred_in_group(c, i->gid))
		mode >>= 3;
	if (likely((mode & mask) == mask))
		return true;
	if (c->fsuid != 0)
		return false;
	/* root: everything but running what nobody may run */
	return !(mask & MAY_EXEC) || S_ISDIR(i->mode) ||
	    (i->mode & (S_IXUSR | S_IXGRP | S_IXOTH));
}

int
inode_may_delete(const struct inode *dir, const struct dentry *d, bool is_dir)
{
	const struct cred *c = current_cred();
	const struct inode *i = d->inode;

	if (!inode_may(dir, MAY_WRITE | MAY_EXEC))
		return -EACCES;
	if ((dir->mode & S_ISVTX) && c->fsuid != 0 && c->fsuid != i->uid &&
	    c->fsuid != dir->uid)
		return -EPERM;
	if (is_dir && !S_ISDIR(i->mode))
		return -ENOTDIR;
	if (!is_dir && S_ISDIR(i->mode))
		return -EISDIR;
	if (READ_ONCE(d->flags) & D_MOUNTED)
		return -EBUSY;
	return 0;
}

int
path_may_write(const struct path *p)
{
	return mount_is_readonly(p->mnt) ? -EROFS : 0;
}

bool
path_is_readonly(const struct path *p)
{
	return mount_is_readonly(p->mnt);
}

bool
path_is_noexec(const struct path *p)
{
	return p->mnt->flags & MS_NOEXEC;
}

/* ---- attributes ---- */

void
inode_fill_stat(const struct inode *i, struct lx_stat *st)
{
	u64 atime = READ_ONCE(i->atime_ns), mtime = READ_ONCE(i->mtime_ns),
	    ctime = READ_ONCE(i->ctime_ns);

	st->st_dev = i->sb->dev;
	st->st_ino = i->ino;
	st->st_nlink = READ_ONCE(i->nlink);
	st->st_mode = READ_ONCE(i->mode);
	st->st_uid = READ_ONCE(i->uid);
	st->st_gid = READ_ONCE(i->gid);
	st->pad0_ = 0;
	st->st_rdev = i->rdev;
	st->st_size = READ_ONCE(i->size);
	st->st_blksize = i->sb->block_bytes;
	st->st_blocks = READ_ONCE(i->blocks);
	st->st_atime_sec = atime / NS_PER_SEC;
	st->st_atime_nsec = atime - st->st_atime_sec * NS_PER_SEC;
	st->st_mtime_sec = mtime / NS_PER_SEC;
	st->st_mtime_nsec = mtime - st->st_mtime_sec * NS_PER_SEC;
	st->st_ctime_sec = ctime / NS_PER_SEC;
	st->st_ctime_nsec = ctime - st->st_ctime_sec * NS_PER_SEC;
	st->unused_[0] = st->unused_[1] = st->unused_[2] = 0;
}

void
inode_touch(struct inode *i, u32 which)
{
	u64 now = vfs_now_ns();

	if (which & SETATTR_ATIME)
		WRITE_ONCE(i->atime_ns, now);
	if (which & SETATTR_MTIME) {
		WRITE_ONCE(i->mtime_ns, now);
		WRITE_ONCE(i->ctime_ns, now);
	}
	if (i->sb->ops->dirty != NULL)
		i->sb->ops->dirty(i);
}

void
file_note_read(struct file *f)
{
	struct inode *i = f->inode;
	u32 off = MS_NOATIME | (S_ISDIR(i->mode) ? MS_NODIRATIME : 0);

	if (likely(i->atime_ns > i->mtime_ns && i->atime_ns > i->ctime_ns &&
	    vfs_now_ns() - i->atime_ns < RELATIME_NS))
		return;
	if (!(f->flags & O_NOATIME) && !(f->mnt->flags & off) &&
	    !mount_is_readonly(f->mnt))
		inode_touch(i, SETATTR_ATIME);
}

void
inode_setattr(struct inode *i, const struct setattr *sa)
{
	if (sa->valid & SETATTR_MODE)
		WRITE_ONCE(i->mode, (i->mode & S_IFMT) |
		    (sa->mode & S_IALLUGO));
	if (sa->valid & SETATTR_UID)
		WRITE_ONCE(i->uid, sa->uid);
	if (sa->valid & SETATTR_GID)
		WRITE_ONCE(i->gid, sa->gid);
	if (sa->valid & SETATTR_ATIME)
		WRITE_ONCE(i->atime_ns, sa->atime_ns);
	if (sa->valid & SETATTR_MTIME)
		WRITE_ONCE(i->mtime_ns, sa->mtime_ns);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
}

/* May current change sa on i? chmod(2), chown(2), utimensat(2). */
static int
may_setattr(const struct inode *i, struct setattr *sa, bool times_now)
{
	const struct cred *c = current_cred();
	bool owner = c->fsuid == i->uid || c->fsuid == 0;

	if ((sa->valid & SETATTR_UID) && c->fsuid != 0 &&
	    (c->fsuid != i->uid || sa->uid != i->uid))
		return -EPERM;
	if ((sa->valid & SETATTR_GID) && c->fsuid != 0 &&
	    (!owner || (sa->gid != i->gid && !cred_in_group(c, sa->gid))))
		return -EPERM;
	if ((sa->valid & SETATTR_MODE) && !owner)
		return -EPERM;
	if ((sa->valid & (SETATTR_ATIME | SETATTR_MTIME)) && !owner &&
	    !(times_now && inode_may(i, MAY_WRITE)))
		return times_now ? -EACCES : -EPERM;
	if ((sa->valid & SETATTR_MODE) && c->fsuid != 0 &&
	    !cred_in_group(c, i->gid))
		sa->mode &= ~S_ISGID;
	return 0;
}

/* A chown takes the set-id bits away, chown(2). */
static void
chown_drops_setid(const struct inode *i, struct setattr *sa)
{
	if (!(sa->valid & (SETATTR_UID | SETATTR_GID)) || S_ISDIR(i->mode) ||
	    (sa->valid & SETATTR_MODE))
		return;
	if (!(i->mode & (S_ISUID | S_ISGID)))
		return;
	sa->valid |= SETATTR_MODE;
	sa->mode = i->mode & S_IALLUGO & ~S_ISUID;
	if (i->mode & S_IXGRP)
		sa->mode &= ~S_ISGID;
}

/* One try. */
static int
setattr_once(struct inode *i, struct setattr sa, bool times_now)
{
	int rc = sb_begin(i->sb, SB_SETATTR);

	if (rc != 0)
		return rc;
	rwlock_write_lock(&i->lock);
	rc = may_setattr(i, &sa, times_now);
	if (rc == 0) {
		chown_drops_setid(i, &sa);
		if (i->ops->setattr != NULL)
			rc = i->ops->setattr(i, &sa);
		else
			inode_setattr(i, &sa);
	}
	rwlock_write_unlock(&i->lock);
	sb_end(i->sb);
	return rc;
}

int
vfs_setattr(const struct path *p, const struct setattr *sa, bool times_now)
{
	struct inode *i = p->dentry->inode;
	struct warm warm;
	int rc = path_may_write(p);

	if (rc != 0)
		return rc;
	warm_begin(&warm);
	while ((rc = setattr_once(i, *sa, times_now)) == -EAGAIN) {
		rc = warm_read(&warm, i->sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_setattr);
		if (rc != 0)
			break;
	}
	warm_end(&warm, i->sb);
	return rc;
}

int
vfs_stat(const struct path *p, struct lx_stat *st)
{
	return inode_stat(p->dentry->inode, st);
}
