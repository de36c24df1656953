/*
 * Renaming: names.c has the order of locks, and what the calls on names have in
 * common.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/dirset.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"

static struct mutex rename_lock;

void
names_init(void)
{
	mutex_init(&rename_lock, LOCK_RENAME);
}

/* A try: three look-ups, each at most a name, its long text, an inode. */
static BOUND_ROW(rename);

struct rename {
	struct walk	from, to;
	u32		flags;
	struct inode	*gone;		/* what had the new name: referenced */
};

/* Everything that can forbid it; the directories are locked. 1: nothing to do,
 * both are names of one file. */
static int
may_rename(struct rename *r, struct dentry *d, struct dentry *over)
{
	struct inode *from = r->from.dentry->inode, *to = r->to.dentry->inode;
	bool is_dir, exchange = r->flags & RENAME_EXCHANGE;
	struct path to_path = { r->to.mnt, r->to.dentry };
	int rc;

	if (d->inode == NULL || (exchange && over->inode == NULL))
		return -ENOENT;
	if ((r->flags & RENAME_NOREPLACE) && over->inode != NULL)
		return -EEXIST;
	is_dir = S_ISDIR(d->inode->mode);
	if (!is_dir && (r->from.dir_wanted || (r->to.dir_wanted && !exchange)))
		return -ENOTDIR;
	if (mount_is_readonly(r->from.mnt))
		return -EROFS;
	if (dentry_is_below(r->to.dentry, d))
		return -EINVAL;
	if (dentry_is_below(r->from.dentry, over))
		return exchange ? -EINVAL : -ENOTEMPTY;
	rc = inode_may_delete(from, d, is_dir);
	if (rc != 0)
		return rc;
	if (over->inode == NULL)
		return may_make(&to_path, over);
	if (over->inode == d->inode)
		return exchange && over != d ? 0 : 1;
	if (exchange)
		return inode_may_delete(to, over, S_ISDIR(over->inode->mode));
	return inode_may_delete(to, over, is_dir);
}

static int
rename_locked(struct rename *r, struct dentry *d, struct dentry *over)
{
	struct inode *from = r->from.dentry->inode, *to = r->to.dentry->inode;
	struct inode *victim = over->inode;
	int rc = may_rename(r, d, over);

	if (rc != 0)
		return rc == 1 ? 0 : rc;
	if (from->ops->rename == NULL)
		return -EPERM;
	if (victim != NULL && !S_ISDIR(victim->mode)) {
		rwlock_write_lock(&victim->lock);
		rc = from->ops->rename(from, d, to, over, r->flags);
		rwlock_write_unlock(&victim->lock);
	} else {
		rc = from->ops->rename(from, d, to, over, r->flags);
	}
	if (rc == 0 && victim != NULL && !(r->flags & RENAME_EXCHANGE)) {
		inode_get(victim);
		r->gone = victim;
	}
	if (rc == 0)
		dentry_move(d, over, r->flags & RENAME_EXCHANGE);
	return rc;
}

static int
lookup_both_locked(struct rename *r, struct dentry **d, struct dentry **over)
{
	int rc = walk_lookup_locked(r->from.dentry, r->from.last,
	    r->from.last_len, r->from.last_hash, d);

	if (rc != 0)
		return rc;
	rc = walk_lookup_locked(r->to.dentry, r->to.last, r->to.last_len,
	    r->to.last_hash, over);
	if (rc != 0)
		dentry_put(*d);
	return rc;
}

static bool
is_dir_name(const struct dentry *d)
{
	return d->inode != NULL && S_ISDIR(d->inode->mode);
}

/* Under the credits of the change; d and over are the caller's to put. */
static int
rename_last(struct rename *r, const struct dentry *before, struct dentry **d,
    struct dentry **over)
{
	struct dir_set set = { .n = 0 };
	int rc;

	set_add(&set, r->from.dentry->inode);
	set_add(&set, r->to.dentry->inode);
	if (is_dir_name(before))
		set_add(&set, before->inode);
	set_lock(&set);
	rc = lookup_both_locked(r, d, over);
	if (rc != 0)
		*d = *over = NULL;
	else if (is_dir_name(*over) && (*over)->inode != before->inode)
		rc = WALK_RETRY;
	else
		rc = rename_locked(r, *d, *over);
	set_unlock(&set);
	return rc;
}

static int
rename_last_across(struct rename *r, const struct dentry *before,
    struct dentry **d, struct dentry **over)
{
	int rc;

	mutex_lock(&rename_lock);
	rc = rename_last(r, before, d, over);
	mutex_unlock(&rename_lock);
	return rc;
}

static int
rename_begin(struct rename *r, const struct dentry *before)
{
	struct dentry *d = NULL, *over = NULL;
	int rc = sb_begin(before->sb, SB_RENAME);

	if (rc == 0) {
		rc = r->from.dentry != r->to.dentry ?
		    rename_last_across(r, before, &d, &over) :
		    rename_last(r, before, &d, &over);
		sb_end(before->sb);
	}
	if (d != NULL) {
		dentry_put(d);
		dentry_put(over);
	}
	return rc;
}

/* One try, as rmdir_try(): the directory at the new name is locked too. */
static int
rename_try(struct rename *r)
{
	struct dentry *before;
	struct warm warm;
	int rc = walk_lookup(&r->to, &before);

	if (rc != 0)
		return rc;
	warm_begin(&warm);
	while ((rc = rename_begin(r, before)) == -EAGAIN) {
		rc = warm_read(&warm, before->sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_rename);
		if (rc != 0)
			break;
	}
	warm_end(&warm, before->sb);
	dentry_put(before);
	return rc;
}

static int
rename_until_done(struct rename *r)
{
	int rc;

	do {
		rc = reserve_row(&bound_rename);
		if (rc == 0)
			rc = rename_try(r);
	} while (rc == WALK_RETRY);
	return rc;
}

static int
rename_walked(struct rename *r)
{
	if (r->from.mnt != r->to.mnt)
		return -EXDEV;
	if (r->from.last_type != LAST_NORM || r->to.last_type != LAST_NORM)
		return r->flags & RENAME_NOREPLACE &&
		    r->from.last_type == LAST_NORM ? -EEXIST : -EBUSY;
	return rename_until_done(r);
}

int
vfs_rename(int from_fd, const char *from, int to_fd, const char *to, u32 flags)
{
	struct rename r = { .flags = flags };
	int rc;

	if (flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if ((flags & RENAME_NOREPLACE) && (flags & RENAME_EXCHANGE))
		return -EINVAL;
	rc = walk_parent(&r.from, from_fd, from);
	if (rc != 0)
		return rc;
	rc = walk_parent(&r.to, to_fd, to);
	if (rc == 0) {
		rc = rename_walked(&r);
		walk_end(&r.to);
	}
	walk_end(&r.from);
	if (r.gone != NULL)
		inode_put_retire(r.gone);
	return rc;
}
