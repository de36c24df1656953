/*
 * Making and removing names; rename.c moves them.
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
#include "fs/vfs/dirset.h"
#include "fs/vfs/lookup.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* ---- tries ---- */

/* Those behind a reading: see warm.c. */
static BOUND_ROW(name_make);
static BOUND_ROW(name_link);
static BOUND_ROW(name_remove);

/* ---- making ---- */

int
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

/* What node_make() makes. */
struct making {
	u32		mode;
	u64		rdev;
	const char	*target;	/* NULL: no link */
};

/* One try. */
static int
make_last(struct walk *w, const struct making *m)
{
	struct path dir = { w->mnt, w->dentry };
	struct inode *i = w->dentry->inode;
	struct dentry *d;
	int rc, begun = sb_begin(i->sb, m->target != NULL ? SB_SYMLINK :
	    SB_CREATE);

	rwlock_write_lock(&i->lock);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    &d);
	if (rc != 0)
		d = NULL;
	else if (w->dir_wanted && !S_ISDIR(m->mode) && d->inode == NULL)
		rc = -ENOENT;
	else if (m->target != NULL)
		rc = symlink_make_locked(&dir, &d, m->target, begun);
	else
		rc = node_make_locked(&dir, &d, m->mode, m->rdev, begun);
	rwlock_write_unlock(&i->lock);
	if (begun == 0)
		sb_end(i->sb);
	if (d != NULL)
		dentry_put(d);
	return rc;
}

static int
make_walked(struct walk *w, const struct making *m)
{
	struct superblock *sb = w->dentry->sb;
	struct warm warm;
	int rc;

	warm_begin(&warm);
	while ((rc = make_last(w, m)) == -EAGAIN) {
		rc = warm_read(&warm, sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_name_make);
		if (rc != 0)
			break;
	}
	warm_end(&warm, sb);
	return rc;
}

/* Make a node of any type but a regular file that is opened. */
static int
node_make(int dirfd, const char *name, const struct making *m)
{
	struct walk w;
	int rc = walk_parent(&w, dirfd, name);

	if (rc != 0)
		return rc;
	rc = w.last_type != LAST_NORM ? -EEXIST : make_walked(&w, m);
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
	return node_make(dirfd, name, &(struct making){ .mode = mode,
	    .rdev = device ? rdev : 0 });
}

int
vfs_symlink(const char *target, int dirfd, const char *name)
{
	return node_make(dirfd, name, &(struct making){
	    .mode = S_IFLNK | 0777, .target = target });
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

/* One try. */
static int
link_last(struct walk *w, struct inode *i)
{
	struct path dir = { w->mnt, w->dentry };
	struct inode *to = w->dentry->inode;
	struct dentry *d;
	int rc, begun = sb_begin(to->sb, SB_LINK);

	rwlock_write_lock(&to->lock);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    &d);
	if (rc == 0)
		rc = link_locked(&dir, &d, i, begun);
	else
		d = NULL;
	rwlock_write_unlock(&to->lock);
	if (begun == 0)
		sb_end(to->sb);
	if (d != NULL)
		dentry_put(d);
	return rc;
}

static int
link_walked(struct walk *w, struct inode *i)
{
	struct superblock *sb = w->dentry->sb;
	struct warm warm;
	int rc;

	warm_begin(&warm);
	while ((rc = link_last(w, i)) == -EAGAIN) {
		rc = warm_read(&warm, sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_name_link);
		if (rc != 0)
			break;
	}
	warm_end(&warm, sb);
	return rc;
}

int
vfs_link(int from_fd, const char *from, int to_fd, const char *to,
    u32 walk_flags)
{
	struct path p;
	struct walk w;
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
		rc = link_walked(&w, p.dentry->inode);
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
unlink_begun(struct walk *w, struct dentry **out, struct inode **gone)
{
	struct inode *dir = w->dentry->inode;
	struct dentry *d;
	int rc;

	rwlock_write_lock(&dir->lock);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    &d);
	if (rc == 0)
		rc = unlink_locked(w, d, gone);
	else
		d = NULL;
	rwlock_write_unlock(&dir->lock);
	*out = d;
	return rc;
}

/* One try. */
static int
unlink_last(struct walk *w, struct inode **gone)
{
	struct superblock *sb = w->dentry->sb;
	struct dentry *d = NULL;
	int rc = sb_begin(sb, SB_UNLINK);

	if (rc == 0) {
		rc = unlink_begun(w, &d, gone);
		sb_end(sb);
	}
	if (d != NULL)
		dentry_put(d);
	return rc;
}

static int
unlink_walked(struct walk *w, struct inode **gone)
{
	struct superblock *sb = w->dentry->sb;
	struct warm warm;
	int rc;

	warm_begin(&warm);
	while ((rc = unlink_last(w, gone)) == -EAGAIN) {
		rc = warm_read(&warm, sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_name_remove);
		if (rc != 0)
			break;
	}
	warm_end(&warm, sb);
	return rc;
}

int
vfs_unlink(int dirfd, const char *name)
{
	struct walk w;
	struct inode *gone = NULL;
	int rc = walk_parent(&w, dirfd, name);

	if (rc != 0)
		return rc;
	rc = w.last_type != LAST_NORM ? -EISDIR : unlink_walked(&w, &gone);
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

static int
rmdir_begin(struct walk *w, struct dentry *before, struct inode **gone)
{
	struct dentry *d = NULL;
	int rc = sb_begin(before->sb, SB_RMDIR);

	if (rc == 0) {
		rc = rmdir_last(w, before, &d, gone);
		sb_end(before->sb);
	}
	if (d != NULL)
		dentry_put(d);
	return rc;
}

/* One try: 0, an errno, or WALK_RETRY: another directory has the name now. */
static int
rmdir_try(struct walk *w, struct inode **gone)
{
	struct dentry *before;
	struct warm warm;
	int rc = walk_lookup(w, &before);

	if (rc != 0)
		return rc;
	warm_begin(&warm);
	while ((rc = rmdir_begin(w, before, gone)) == -EAGAIN) {
		rc = warm_read(&warm, before->sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_name_remove);
		if (rc != 0)
			break;
	}
	warm_end(&warm, before->sb);
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
	return link_read(i, buf, len);
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
	return node_make(AT_FDCWD, path, &(struct making){ .mode = mode,
	    .rdev = rdev });
}
