/*
 * Making, removing and renaming names.
 *
 * Each call walks to the directory, tells the file system that a change begins
 * (sb_begin: a journal's credits, after frames and before locks), locks it,
 * looks the last component up again and then checks everything before the file
 * system changes anything; after that nothing fails. What lost its last name
 * goes at the end of the call, where nothing is held: inode_put_retire().
 *
 * Lock order: rename_lock (cross-directory renames only, so that no two make a
 * ring of directories) -> directories, by address -> files, by address. A
 * directory that is to be removed is locked too, so that nothing is made in it;
 * since it must be known before the locks are taken in order, it is looked up
 * first without them, and the call starts again if it was another by then.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/lookup.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

static struct mutex rename_lock;

void
names_init(void)
{
	mutex_init(&rename_lock, LOCK_RENAME);
}

/* ---- locking several directories ---- */

#define DIRS_MAX	3u

struct dir_set {
	u32		n;
	struct inode	*dir[DIRS_MAX];		/* by address, each once */
};

static void
set_add(struct dir_set *s, struct inode *i)
{
	u32 at = 0;

	while (at < s->n && s->dir[at] < i)
		at++;
	if (at < s->n && s->dir[at] == i)
		return;
	assert(s->n < DIRS_MAX);
	for (u32 k = s->n++; k > at; k--)
		s->dir[k] = s->dir[k - 1];
	s->dir[at] = i;
}

static void
set_lock(const struct dir_set *s) NO_THREAD_CHECK
{
	for (u32 k = 0; k < s->n; k++)
		rwlock_write_lock(&s->dir[k]->lock);
}

static void
set_unlock(const struct dir_set *s) NO_THREAD_CHECK
{
	for (u32 k = s->n; k-- > 0; )
		rwlock_write_unlock(&s->dir[k]->lock);
}

/* ---- making ---- */

static int
may_make(const struct path *dir, const struct dentry *d)
{
	const struct inode *i = dir->dentry->inode;

	if (d->inode != NULL)
		return -EEXIST;
	if (i->nlink == 0)
		return -ENOENT;
	if (mount_is_readonly(dir->mnt))
		return -EROFS;
	if (!inode_may(i, MAY_WRITE | MAY_EXEC))
		return -EACCES;
	return 0;
}

/* The same where the file system may have refused to begin: what is there
 * already, or forbidden, is said first. */
static int
may_make_begun(const struct path *dir, const struct dentry *d, int begun)
{
	int rc = may_make(dir, d);

	return rc != 0 ? rc : begun;
}

/* d, negative, becomes a name of made, whose reference passes. */
static void
name_made(struct dentry **d, struct inode *made)
{
	dentry_set_inode(*d, made);
	if (!(READ_ONCE((*d)->flags) & D_HASHED))
		*d = dentry_publish(*d);
}

int
node_make_locked(const struct path *dir, struct dentry **d, u32 mode, u64 rdev,
    int begun)
{
	struct inode *i = dir->dentry->inode, *made;
	int rc = may_make_begun(dir, *d, begun);

	if (rc == 0)
		rc = i->ops->create == NULL ? -EPERM :
		    i->ops->create(i, *d, mode, rdev, &made);
	if (rc == 0)
		name_made(d, made);
	return rc;
}

/* The same for a link to target. */
static int
symlink_make_locked(const struct path *dir, struct dentry **d,
    const char *target, int begun)
{
	struct inode *i = dir->dentry->inode, *made;
	int rc = may_make_begun(dir, *d, begun);

	if (rc == 0)
		rc = i->ops->symlink == NULL ? -EPERM :
		    i->ops->symlink(i, *d, target, &made);
	if (rc == 0)
		name_made(d, made);
	return rc;
}

/* Make a node of any type but a regular file that is opened. */
static int
node_make(int dirfd, const char *name, u32 mode, u64 rdev, const char *target)
{
	struct walk w;
	struct path dir;
	struct inode *i;
	struct dentry *d;
	int rc = walk_parent(&w, dirfd, name), begun;

	if (rc != 0)
		return rc;
	if (w.last_type != LAST_NORM) {
		walk_end(&w);
		return -EEXIST;
	}
	dir = (struct path){ w.mnt, w.dentry };
	i = w.dentry->inode;
	begun = sb_begin(i->sb, target != NULL ? SB_SYMLINK : SB_CREATE);
	rwlock_write_lock(&i->lock);
	rc = walk_lookup_locked(w.dentry, w.last, w.last_len, w.last_hash, &d);
	if (rc == 0) {
		if (w.dir_wanted && !S_ISDIR(mode) && d->inode == NULL)
			rc = -ENOENT;
		else if (target != NULL)
			rc = symlink_make_locked(&dir, &d, target, begun);
		else
			rc = node_make_locked(&dir, &d, mode, rdev,
			    begun);
	} else {
		d = NULL;
	}
	rwlock_write_unlock(&i->lock);
	if (begun == 0)
		sb_end(i->sb);
	if (d != NULL)
		dentry_put(d);
	walk_end(&w);
	return rc;
}

int
vfs_mknod(int dirfd, const char *name, u32 mode, u64 rdev)
{
	bool device = S_ISCHR(mode) || S_ISBLK(mode);
	u32 perm = S_ISDIR(mode) ? 01777 : S_IALLUGO;

	if (device && !cred_is_root(current_cred()))
		return -EPERM;
	mode = (mode & S_IFMT) | (mode & perm & ~current->fs->umask);
	return node_make(dirfd, name, mode, device ? rdev : 0, NULL);
}

int
vfs_symlink(const char *target, int dirfd, const char *name)
{
	return node_make(dirfd, name, S_IFLNK | 0777, 0, target);
}

static int
link_locked(const struct path *dir, struct dentry **d, struct inode *i,
    int begun)
{
	struct inode *to = dir->dentry->inode;
	int rc = may_make_begun(dir, *d, begun);

	if (rc == 0 && to->ops->link == NULL)
		rc = -EPERM;
	if (rc != 0)
		return rc;
	rwlock_write_lock(&i->lock);
	/* O_TMPFILE's file has no name yet, but it may get one. */
	rc = to->ops->link(to, *d, i);
	if (rc == 0)
		inode_get(i);
	rwlock_write_unlock(&i->lock);
	if (rc == 0)
		name_made(d, i);
	return rc;
}

/* Under the credits of the change. */
static int
link_last(struct walk *w, struct dentry **d, struct inode *i)
{
	struct path dir = { w->mnt, w->dentry };
	struct inode *to = w->dentry->inode;
	int rc, begun = sb_begin(to->sb, SB_LINK);

	rwlock_write_lock(&to->lock);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    d);
	if (rc == 0)
		rc = link_locked(&dir, d, i, begun);
	else
		*d = NULL;
	rwlock_write_unlock(&to->lock);
	if (begun == 0)
		sb_end(to->sb);
	return rc;
}

int
vfs_link(int from_fd, const char *from, int to_fd, const char *to,
    u32 walk_flags)
{
	struct path p;
	struct walk w;
	struct dentry *d = NULL;
	int rc = path_walk(from_fd, from, walk_flags, &p);

	if (rc != 0)
		return rc;
	rc = walk_parent(&w, to_fd, to);
	if (rc != 0) {
		path_put(&p);
		return rc;
	}
	if (w.last_type != LAST_NORM)
		rc = -EEXIST;
	else if (w.mnt != p.mnt)
		rc = -EXDEV;
	else if (S_ISDIR(p.dentry->inode->mode))
		rc = -EPERM;
	if (rc == 0)
		rc = link_last(&w, &d, p.dentry->inode);
	if (d != NULL)
		dentry_put(d);
	walk_end(&w);
	path_put(&p);
	return rc;
}

/* ---- removing ---- */

static int
remove_locked(struct walk *w, struct dentry *d, bool is_dir)
{
	struct inode *dir = w->dentry->inode, *i = d->inode;
	int rc;

	if (i == NULL)
		return -ENOENT;
	if (mount_is_readonly(w->mnt))
		return -EROFS;
	rc = inode_may_delete(dir, d, is_dir);
	if (rc != 0)
		return rc;
	if (is_dir)
		rc = dir->ops->rmdir == NULL ? -EPERM :
		    dir->ops->rmdir(dir, d);
	else
		rc = dir->ops->unlink == NULL ? -EPERM :
		    dir->ops->unlink(dir, d);
	if (rc == 0)
		dentry_unpublish(d);
	return rc;
}

/* *gone: what lost its name, with a reference. */
static int
unlink_locked(struct walk *w, struct dentry *d, struct inode **gone)
{
	struct inode *i = d->inode;
	int rc;

	if (i != NULL && w->dir_wanted)
		return S_ISDIR(i->mode) ? -EISDIR : -ENOTDIR;
	if (i == NULL || S_ISDIR(i->mode))
		return remove_locked(w, d, false);
	rwlock_write_lock(&i->lock);
	rc = remove_locked(w, d, false);
	rwlock_write_unlock(&i->lock);
	if (rc == 0) {
		inode_get(i);
		*gone = i;
	}
	return rc;
}

/* Under the credits of the change. */
static int
unlink_last(struct walk *w, struct dentry **d, struct inode **gone)
{
	struct inode *dir = w->dentry->inode;
	int rc;

	rwlock_write_lock(&dir->lock);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    d);
	if (rc == 0)
		rc = unlink_locked(w, *d, gone);
	else
		*d = NULL;
	rwlock_write_unlock(&dir->lock);
	return rc;
}

int
vfs_unlink(int dirfd, const char *name)
{
	struct walk w;
	struct superblock *sb;
	struct inode *gone = NULL;
	struct dentry *d = NULL;
	int rc = walk_parent(&w, dirfd, name);

	if (rc != 0)
		return rc;
	if (w.last_type != LAST_NORM) {
		walk_end(&w);
		return -EISDIR;
	}
	sb = w.dentry->sb;
	rc = sb_begin(sb, SB_UNLINK);
	if (rc == 0) {
		rc = unlink_last(&w, &d, &gone);
		sb_end(sb);
	}
	if (d != NULL)
		dentry_put(d);
	walk_end(&w);
	if (gone != NULL)
		inode_put_retire(gone);
	return rc;
}

/* Under the credits of the change, with what was found there before it. */
static int
rmdir_last(struct walk *w, struct dentry *before, struct dentry **out,
    struct inode **gone)
{
	struct dir_set set = { .n = 0 };
	struct dentry *d;
	int rc;

	set_add(&set, w->dentry->inode);
	if (before->inode != NULL && S_ISDIR(before->inode->mode))
		set_add(&set, before->inode);
	set_lock(&set);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    &d);
	if (rc == 0) {
		*out = d;
		if (d->inode != before->inode)
			rc = WALK_RETRY;
		else
			rc = remove_locked(w, d, true);
		if (rc == 0) {
			inode_get(d->inode);
			*gone = d->inode;
		}
	}
	set_unlock(&set);
	return rc;
}

/* One try: 0, an errno, or WALK_RETRY: another directory has the name now. */
static int
rmdir_try(struct walk *w, struct inode **gone)
{
	struct dentry *before, *d = NULL;
	int rc = walk_lookup(w, &before);

	if (rc != 0)
		return rc;
	rc = sb_begin(before->sb, SB_RMDIR);
	if (rc == 0) {
		rc = rmdir_last(w, before, &d, gone);
		sb_end(before->sb);
	}
	if (d != NULL)
		dentry_put(d);
	dentry_put(before);
	return rc;
}

int
vfs_rmdir(int dirfd, const char *name)
{
	struct walk w;
	struct inode *gone = NULL;
	int rc = walk_parent(&w, dirfd, name);

	if (rc != 0)
		return rc;
	switch (w.last_type) {
	case LAST_DOT:
		rc = -EINVAL;
		break;
	case LAST_DOTDOT:
		rc = -ENOTEMPTY;
		break;
	case LAST_ROOT:
		rc = -EBUSY;
		break;
	case LAST_NORM:
		for (;;) {
			rc = rmdir_try(&w, &gone);
			if (rc != WALK_RETRY)
				break;
			rc = reserve_renew();
			if (rc != 0)
				break;
		}
	}
	walk_end(&w);
	if (gone != NULL)
		inode_put_retire(gone);
	return rc;
}

/* ---- renaming ---- */

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

/* One try, as rmdir_try(): the directory at the new name is locked too. */
static int
rename_try(struct rename *r)
{
	struct dentry *before, *d = NULL, *over = NULL;
	int rc = walk_lookup(&r->to, &before);

	if (rc != 0)
		return rc;
	rc = sb_begin(before->sb, SB_RENAME);
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

/* ---- links ---- */

isize
vfs_readlink(const struct path *p, char *buf, usize len)
{
	struct inode *i = p->dentry->inode;
	const char *text;
	isize n;

	if (!S_ISLNK(i->mode))
		return -EINVAL;
	if (i->ops->get_link != NULL) {
		text = i->ops->get_link(i);
		if (text != NULL) {
			n = strlcpy(buf, text, len);
			return MIN(n, (isize)len);
		}
	}
	return i->ops->readlink != NULL ? i->ops->readlink(i, buf, len) :
	    -EINVAL;
}

/* ---- nodes that the kernel makes ---- */

int
vfs_make(struct dentry *parent, const char *name, u32 mode, u64 rdev,
    const char *target, struct dentry **out)
{
	struct inode *dir = parent->inode, *made;
	usize len = strlen(name);
	struct dentry *d;
	int rc;

	rwlock_write_lock(&dir->lock);
	rc = walk_lookup_locked(parent, name, len, name_hash(name, len), &d);
	if (rc == 0 && d->inode != NULL)
		rc = -EEXIST;
	else if (rc == 0 && target != NULL)
		rc = dir->ops->symlink(dir, d, target, &made);
	else if (rc == 0)
		rc = dir->ops->create(dir, d, mode, rdev, &made);
	else
		d = NULL;
	if (rc == 0)
		name_made(&d, made);
	rwlock_write_unlock(&dir->lock);
	if (rc == 0 && out != NULL)
		*out = d;
	else if (d != NULL)
		dentry_put(d);
	return rc;
}

int
vfs_make_path(const char *path, u32 mode, u64 rdev)
{
	return node_make(AT_FDCWD, path, mode, rdev, NULL);
}
