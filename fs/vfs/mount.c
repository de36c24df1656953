/*
 * Mounts.
 *
 * A mount puts a tree of dentries onto a dentry of another mount. Walks find it
 * under RCU in a hash table by (mount, dentry) where a dentry is marked
 * D_MOUNTED. Every open file and working directory refers to its mount, so the
 * count of references is split: each CPU adds to a line of its own, and only
 * the sum means anything.
 *
 * M1 an attached mount's sum is at least 1: the tree's own reference.
 * M2 a mount is detached under names_lock, names_seq changing; so a walk under
 *    RCU that takes a reference and then finds names_seq unchanged has taken it
 *    in time. (Its locked add orders the two, as the writer's fence does.)
 * M3 who drops a reference of a detached mount sums up under names_lock; the
 *    one that sees 0 first marks it dead and hands it to the reaper. The memory
 *    stays for a grace period, so a late walk's add and drop hurt nobody.
 *
 * Locks: mount_lock (sleeps) -> directories -> names_lock.
 * LIMIT: one namespace, and no propagation: MS_SHARED and kin do nothing.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/dev/block.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/reserve.h"

static BOUND_ROW(mount_made);		/* the mount of what was made */

#define MOUNT_CHAINS	64u
#define FLAGS_KEPT	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | \
	MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_NOSYMFOLLOW)

static KMEM_CACHE(mount_cache, "mount", struct mount);

struct mutex mount_lock;
static struct list mounts = LIST_INIT(mounts);	/* [mount_lock, names_lock] */
static struct hlist chains[MOUNT_CHAINS];	/* [names_lock, r] */
static u32 next_id = 1;				/* [mount_lock] */
struct mount *root_mount;

/* ---- finding ---- */

static inline struct hlist *
mount_chain(const struct mount *m, const struct dentry *d)
{
	return &chains[hash_bits((u64)m ^ (u64)d >> 3, 6)];
}

struct mount *
mount_find(const struct mount *m, const struct dentry *d)
{
	struct mount *found;

	hlist_for_each(found, mount_chain(m, d), hash_node)
		if (READ_ONCE(found->parent) == m &&
		    READ_ONCE(found->mountpoint) == d)
			return found;
	return NULL;
}

struct mount *
mount_of_sb(const struct superblock *sb)
{
	struct mount *m, *found = NULL;

	spin_lock(&names_lock);
	list_for_each(m, &mounts, node) {
		if (m->sb == sb) {
			found = m;
			mount_get(m);
			break;
		}
	}
	spin_unlock(&names_lock);
	return found;
}

/* ---- attaching and detaching ---- */

static struct mount *
mount_create(struct superblock *sb, struct dentry *root, u32 flags,
    const char *source)
{
	struct mount *m = kmem_get_zero(&mount_cache);

	m->refs = frame_virt(frame_get_zero(FRAME_KERNEL));
	m->refs[0].n = 1;			/* M1 */
	m->sb = sb;
	m->root = root;
	dentry_get(root);
	m->flags = flags & FLAGS_KEPT;
	m->id = next_id++;
	strlcpy(m->source, source, sizeof(m->source));
	return m;
}

/* Onto *at, whose references pass to m. names_lock is held. */
static void
mount_link_locked(struct mount *m, const struct path *at)
{
	WRITE_ONCE(m->parent, at->mnt);
	WRITE_ONCE(m->mountpoint, at->dentry);
	atomic_or(&at->dentry->flags, D_MOUNTED);
	hlist_push(mount_chain(at->mnt, at->dentry), &m->hash_node);
}

/* Off its place; *at gets the references. names_lock is held. */
static void
mount_unlink_locked(struct mount *m, struct path *at)
{
	struct mount *other;
	bool covered = false;

	*at = (struct path){ m->parent, m->mountpoint };
	hlist_remove(&m->hash_node);
	WRITE_ONCE(m->parent, NULL);
	WRITE_ONCE(m->mountpoint, NULL);
	list_for_each(other, &mounts, node)
		covered = covered || other->mountpoint == at->dentry;
	if (!covered)
		atomic_and(&at->dentry->flags, ~(u32)D_MOUNTED);
}

int
mount_attach(struct superblock *sb, struct dentry *root, u32 flags,
    const char *source, const struct path *at, struct mount **out)
{
	struct mount *m;

	mutex_lock(&mount_lock);
	m = mount_create(sb, root, flags, source);
	spin_lock(&names_lock);
	seq_write_begin(&names_seq);		/* M2 */
	if (at != NULL) {
		path_get((struct path *)at);
		mount_link_locked(m, at);
	} else {
		root_mount = m;
	}
	list_push_back(&mounts, &m->node);
	seq_write_end(&names_seq);
	spin_unlock(&names_lock);
	mutex_unlock(&mount_lock);
	if (out != NULL)
		*out = m;
	return 0;
}

void
mount_replace_root(struct superblock *sb, u32 flags, const char *source)
{
	struct mount *old = root_mount, *m;
	struct path root, cwd;
	int rc = mount_attach(sb, sb->root, flags, source, NULL, &m);

	assert(rc == 0 && root_mount == m);
	root = cwd = (struct path){ m, m->root };
	path_get(&root);
	path_get(&cwd);
	fs_ctx_set_root(&root);
	fs_ctx_set_cwd(&cwd);
	mutex_lock(&mount_lock);
	spin_lock(&names_lock);
	seq_write_begin(&names_seq);		/* M2 */
	list_remove(&old->node);
	WRITE_ONCE(old->state, MOUNT_DETACHED);
	smp_mb();
	seq_write_end(&names_seq);
	spin_unlock(&names_lock);
	mutex_unlock(&mount_lock);
	mount_put(old);				/* M1 */
}

static s64
refs_sum(const struct mount *m)
{
	s64 sum = 0;

	for (u32 i = 0; i < MOUNT_LINES; i++)
		sum += atomic_load(&m->refs[i].n);
	return sum;
}

void
mount_put_slow(struct mount *m)
{
	bool dead;

	spin_lock(&names_lock);
	dead = m->state == MOUNT_DETACHED && refs_sum(m) == 0;	/* M3 */
	if (dead)
		WRITE_ONCE(m->state, MOUNT_DEAD);
	spin_unlock(&names_lock);
	if (dead)
		mount_reap_later(m);
}

static void
mount_free_rcu(struct rcu_head *head)
{
	struct mount *m = CONTAINER_OF(head, struct mount, rcu);

	frame_put(frame_of_virt(m->refs));
	kmem_put(&mount_cache, m);
}

void
mount_reap(struct mount *m)
{
	dentry_put(m->root);
	sb_put(m->sb);
	rcu_call(&m->rcu, mount_free_rcu);
}

static bool
has_children(const struct mount *m)
{
	struct mount *other;

	list_for_each(other, &mounts, node)
		if (other->parent == m)
			return true;
	return false;
}

/* Detach m and, lazily, all below it. mount_lock is held. -EBUSY. */
static int
mount_detach(struct mount *m, bool lazy)
{
	struct mount *victim = m, *other;
	struct path at;

	/* The deepest first: each turn takes one mount off. */
	while (lazy && has_children(victim)) {
		list_for_each(other, &mounts, node)
			if (other->parent == victim) {
				victim = other;
				break;
			}
	}
	spin_lock(&names_lock);
	seq_write_begin(&names_seq);		/* M2 */
	smp_mb();
	if (!lazy && (has_children(m) || refs_sum(m) > 1)) {
		seq_write_end(&names_seq);
		spin_unlock(&names_lock);
		return -EBUSY;
	}
	mount_unlink_locked(victim, &at);
	list_remove(&victim->node);
	WRITE_ONCE(victim->state, MOUNT_DETACHED);
	smp_mb();
	seq_write_end(&names_seq);
	spin_unlock(&names_lock);
	path_put(&at);
	mount_put(victim);			/* M1 */
	return victim == m ? 0 : -EAGAIN;
}

/* ---- the calls ---- */

/* The mount at p, referenced by p. *gone: set when its superblock is. */
static int
umount_path(const struct path *p, bool lazy, u32 *gone)
{
	struct mount *m = p->mnt;
	bool last = false;
	int rc = 0;

	mutex_lock(&mount_lock);
	if (p->dentry != m->root || m == root_mount ||
	    m->state != MOUNT_ATTACHED)
		rc = -EINVAL;
	/* Our own reference must not count as a use (M1: there is another). */
	path_put((struct path *)p);
	if (rc == 0) {
		last = !lazy && m->sb->ops->shut != NULL &&
		    READ_ONCE(m->sb->refs) == 1;
		if (last)
			m->sb->gone = gone;
		else
			*gone = 1;
		do {
			rc = mount_detach(m, lazy);
		} while (rc == -EAGAIN);
	}
	if (rc != 0 && last)
		m->sb->gone = NULL;
	mutex_unlock(&mount_lock);
	return rc;
}

int
vfs_umount(const char *name, u32 flags)
{
	struct path p;
	struct superblock *sb;
	u32 gone = 0;
	int rc;

	rc = path_walk(AT_FDCWD, name,
	    flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &p);
	if (rc != 0)
		return rc;
	sb = p.mnt->sb;
	if (p.dentry == p.mnt->root && !(flags & MNT_DETACH) &&
	    sb->ops->shut != NULL && READ_ONCE(sb->refs) == 1)
		rc = sb_settle(sb);
	if (rc != 0) {
		path_put(&p);
		return rc;
	}
	rc = umount_path(&p, flags & MNT_DETACH, &gone);
	reserve_end();			/* the reaper goes on by its own */
	if (rc == 0)
		sb_wait_gone(&gone);
	return rc;
}

static int
remount(const struct path *at, u32 flags, const char *opts)
{
	struct superblock *sb = at->mnt->sb;
	int rc = 0;

	if (at->dentry != at->mnt->root)
		return -EINVAL;
	if (!(flags & MS_BIND)) {
		if (sb->ops->remount != NULL)
			rc = sb->ops->remount(sb, flags, opts);
		if (rc != 0)
			return rc;
		WRITE_ONCE(sb->flags, (sb->flags & ~(u32)MS_RDONLY) |
		    (flags & MS_RDONLY));
	}
	WRITE_ONCE(at->mnt->flags, flags & FLAGS_KEPT);
	return 0;
}

static int
mount_bind(const char *source, const struct path *at)
{
	struct path from;
	int rc = path_walk(AT_FDCWD, source, WALK_FOLLOW, &from);

	if (rc != 0)
		return rc;
	if (S_ISDIR(from.dentry->inode->mode) !=
	    S_ISDIR(at->dentry->inode->mode)) {
		path_put(&from);
		return -ENOTDIR;
	}
	sb_get(from.mnt->sb);
	rc = mount_attach(from.mnt->sb, from.dentry, from.mnt->flags,
	    from.mnt->source, at, NULL);
	path_put(&from);
	return rc;
}

static int
mount_move(const char *source, const struct path *at)
{
	struct path from, old = { NULL, NULL };
	const struct mount *m;
	int rc = path_walk(AT_FDCWD, source, WALK_FOLLOW, &from);

	if (rc != 0)
		return rc;
	mutex_lock(&mount_lock);
	spin_lock(&names_lock);
	if (from.dentry != from.mnt->root || from.mnt->parent == NULL)
		rc = -EINVAL;
	for (m = at->mnt; m != NULL; m = m->parent)
		if (m == from.mnt)
			rc = -ELOOP;
	if (rc == 0) {
		seq_write_begin(&names_seq);
		mount_unlink_locked(from.mnt, &old);
		mount_get(at->mnt);
		dentry_get(at->dentry);
		mount_link_locked(from.mnt, at);
		seq_write_end(&names_seq);
	}
	spin_unlock(&names_lock);
	mutex_unlock(&mount_lock);
	if (old.mnt != NULL)
		path_put(&old);
	path_put(&from);
	return rc;
}

/* The block device that source names, mount(2). */
static int
source_device(const char *source, struct block_dev **out)
{
	struct path p;
	struct inode *i;
	int rc = path_walk(AT_FDCWD, source, WALK_FOLLOW, &p);

	if (rc != 0)
		return rc;
	i = p.dentry->inode;
	if (!S_ISBLK(i->mode)) {
		rc = -ENOTBLK;
	} else if (p.mnt->flags & MS_NODEV) {
		rc = -EACCES;
	} else {
		*out = block_find(LX_MAJOR(i->rdev), LX_MINOR(i->rdev));
		rc = *out == NULL || block_is_gone(*out) ? -ENXIO : 0;
	}
	path_put(&p);
	return rc;
}

static int
mount_new(const char *type, const char *source, u32 flags, const char *opts,
    const struct path *at)
{
	struct fs_type *t = fs_find(type);
	struct superblock *sb;
	struct block_dev *d;
	int rc;

	if (t == NULL)
		return -ENODEV;
	if (!S_ISDIR(at->dentry->inode->mode))
		return -ENOTDIR;
	if (t->nodev) {
		rc = t->mount(t, source, flags, opts, &sb);
	} else {
		rc = source_device(source, &d);
		if (rc == 0)
			rc = t->mount_dev(t, d, flags, opts, &sb);
	}
	if (rc != 0)
		return rc;
	rc = reserve_row(&bound_mount_made);
	if (rc != 0) {
		sb_put(sb);
		return rc;
	}
	return mount_attach(sb, sb->root, flags, source, at, NULL);
}

int
vfs_mount(const char *source, const char *target, const char *type, u32 flags,
    const char *opts)
{
	struct path at;
	int rc;

	rc = path_walk(AT_FDCWD, target, WALK_FOLLOW, &at);
	if (rc != 0)
		return rc;
	if (flags & MS_REMOUNT)
		rc = remount(&at, flags, opts);
	else if (flags & MS_BIND)
		rc = mount_bind(source, &at);
	else if (flags & MS_MOVE)
		rc = mount_move(source, &at);
	else if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
		rc = 0;
	else
		rc = mount_new(type, source, flags, opts, &at);
	path_put(&at);
	return rc;
}

int
vfs_mount_at(const char *type, const char *path)
{
	return vfs_mount(type, path, type, 0, "");
}

/* fresh's mount becomes the root, the root moves onto put; *old gets the
 * references of fresh's old place. mount_lock is held. */
static int
pivot_locked(const struct path *fresh, const struct path *put,
    struct path *old)
{
	struct mount *m = fresh->mnt;

	if (fresh->dentry != m->root || m == root_mount || m->parent == NULL ||
	    put->mnt != m)
		return -EINVAL;
	mount_get(put->mnt);
	dentry_get(put->dentry);
	spin_lock(&names_lock);
	seq_write_begin(&names_seq);
	mount_unlink_locked(m, old);
	mount_link_locked(root_mount, put);
	root_mount = m;
	seq_write_end(&names_seq);
	spin_unlock(&names_lock);
	return 0;
}

/*
 * pivot_root(2): the mount at new_root becomes the root; the old one moves to
 * put_old. The caller changes the roots of processes.
 */
int
vfs_pivot_root(const char *new_root, const char *put_old, struct path *old_root,
    struct path *fresh_root)
{
	struct path fresh, put, old = { NULL, NULL };
	struct mount *was_root;
	int rc = path_walk(AT_FDCWD, new_root, WALK_FOLLOW | WALK_DIRECTORY,
	    &fresh);

	if (rc != 0)
		return rc;
	rc = path_walk(AT_FDCWD, put_old, WALK_FOLLOW | WALK_DIRECTORY, &put);
	if (rc != 0) {
		path_put(&fresh);
		return rc;
	}
	mutex_lock(&mount_lock);
	was_root = root_mount;
	rc = pivot_locked(&fresh, &put, &old);
	if (rc == 0) {
		*old_root = (struct path){ was_root, was_root->root };
		*fresh_root = fresh;
		path_get(fresh_root);
		path_get(old_root);
	}
	mutex_unlock(&mount_lock);
	if (old.mnt != NULL)
		path_put(&old);
	path_put(&put);
	path_put(&fresh);
	return rc;
}

/* ---- what /proc shows ---- */

static const struct {
	u32		flag;
	const char	*text;
} flag_names[] = {
	{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" },
	{ MS_NOEXEC, ",noexec" }, { MS_NOATIME, ",noatime" },
	{ MS_RELATIME, ",relatime" },
};

static int
format_flags(const struct mount *m, char *buf, usize len)
{
	int n = kscnprintf(buf, len, "%s", mount_is_readonly(m) ? "ro" : "rw");

	for (u32 i = 0; i < ARRAY_LEN(flag_names); i++)
		if (m->flags & flag_names[i].flag)
			n += kscnprintf(buf + n, len - n, "%s",
			    flag_names[i].text);
	return n;
}

/* The i-th mount, referenced, and its parent's id; NULL: there is none. */
static struct mount *
mount_nth(u32 i, u32 *parent_id)
{
	struct mount *m, *found = NULL;

	spin_lock(&names_lock);
	list_for_each(m, &mounts, node) {
		if (i-- == 0) {
			found = m;
			mount_get(m);
			*parent_id = m->parent != NULL ? m->parent->id : m->id;
			break;
		}
	}
	spin_unlock(&names_lock);
	return found;
}

static int
mount_line(u32 i, char *buf, usize len, bool info)
{
	u32 parent_id;
	struct mount *m = mount_nth(i, &parent_id);
	char path[256], opts[128], flags[96];
	struct path p;
	int n;

	if (m == NULL)
		return 0;
	p = (struct path){ m, m->root };
	opts[0] = '\0';
	if (m->sb->ops->show != NULL)
		(void)m->sb->ops->show(m->sb, opts, sizeof(opts));
	(void)format_flags(m, flags, sizeof(flags));
	if (info)
		n = kscnprintf(buf, len,
		    "%u %u %u:%u / %s %s - %s %s rw%s\n", m->id, parent_id,
		    LX_MAJOR(m->sb->dev), LX_MINOR(m->sb->dev),
		    path_string(&p, path, sizeof(path)), flags,
		    m->sb->type->name, m->source, opts);
	else
		n = kscnprintf(buf, len, "%s %s %s %s%s 0 0\n", m->source,
		    path_string(&p, path, sizeof(path)), m->sb->type->name,
		    flags, opts);
	mount_put(m);
	return n;
}

int
mounts_line(u32 i, char *buf, usize len)
{
	return mount_line(i, buf, len, false);
}

int
mountinfo_line(u32 i, char *buf, usize len)
{
	return mount_line(i, buf, len, true);
}

void
mount_init(void)
{
	mutex_init(&mount_lock, LOCK_MOUNT);
}
