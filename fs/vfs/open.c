/*
 * Opening files.
 *
 * A file on a name holds a reference to the dentry (which pins the inode) and
 * to the mount; nothing else is counted, so that threads that open different
 * files write no common line. For regular files inode.writers counts those open
 * for writing, or, negative, the running programs that forbid that (ETXTBSY).
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/dev/block.h"
#include "kernel/dev/chardev.h"
#include "kernel/file/pipe.h"
#include "kernel/lib/assert.h"

static BOUND_ROW(open_cut);		/* behind a truncation */
static BOUND_ROW(open_make);		/* behind a reading: see warm.c */

/* A file that only names a place (O_PATH), or whose open failed. */
static const struct file_ops path_file_ops = { .name = "path" };

static void
name_put(struct file *f)
{
	if (f->mode & FMODE_WRITER)
		atomic_dec(&f->inode->writers);
	else if (f->mode & FMODE_EXEC)
		atomic_inc(&f->inode->writers);
	dentry_put(f->dentry);
	mount_put(f->mnt);
}
const struct file_name_ops file_name_ops = { name_put };

/* One more writer, or (by -1) one more who forbids writing. */
static int
writers_add(struct inode *i, s32 by)
{
	s32 old = READ_ONCE(i->writers);

	do {
		if (by > 0 ? old < 0 : old > 0)
			return -ETXTBSY;
	} while (!atomic_try_cmpxchg(&i->writers, &old, old + by));
	return 0;
}

static int
open_device(struct inode *i, struct file *f)
{
	struct chardev *d = chardev_find(LX_MAJOR(i->rdev), LX_MINOR(i->rdev));
	const struct file_ops *ops;
	void *priv;
	int rc = 0;

	if (d == NULL)
		return -ENXIO;
	ops = d->ops;
	priv = d->priv;
	if (d->open != NULL)
		rc = d->open(d, f->flags | (f->owner_sig & O_NOCTTY), &ops,
		    &priv);
	if (rc != 0)
		return rc;
	f->ops = ops;
	f->priv = priv;
	return 0;
}

/* block_file_ops' release() takes the opener off again. */
static int
open_disk(struct inode *i, struct file *f)
{
	struct block_dev *d = block_find(LX_MAJOR(i->rdev), LX_MINOR(i->rdev));

	if (d == NULL || block_is_gone(d) || block_file_ops == NULL)
		return -ENXIO;
	if ((f->mode & FMODE_WRITE) && block_is_readonly(d))
		return -EROFS;
	atomic_inc(&d->openers);
	f->ops = block_file_ops;
	f->priv = d;
	return 0;
}

/* What the inode's type makes of the file. f->ops stays if it fails. */
static int
open_type(struct inode *i, struct file *f)
{
	if (i->ops->open != NULL)
		return i->ops->open(i, f);
	switch (i->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		f->ops = i->fops;
		return 0;
	case S_IFCHR:
		return open_device(i, f);
	case S_IFBLK:
		return open_disk(i, f);
	case S_IFIFO:
		return fifo_open(f, &i->pipe, &i->spin);
	default:
		return -ENXIO;
	}
}

static int
may_open(const struct path *p, u32 flags)
{
	struct inode *i = p->dentry->inode;
	u32 acc = flags & O_ACCMODE, mask;
	bool device = S_ISCHR(i->mode) || S_ISBLK(i->mode);

	mask = acc == O_RDONLY ? MAY_READ : acc == O_WRONLY ? MAY_WRITE :
	    MAY_READ | MAY_WRITE;
	if (flags & O_TRUNC)
		mask |= MAY_WRITE;
	if (S_ISLNK(i->mode))
		return -ELOOP;
	if (S_ISDIR(i->mode) && (mask & MAY_WRITE))
		return -EISDIR;
	if (device && (p->mnt->flags & MS_NODEV))
		return -EACCES;
	if (!inode_may(i, mask))
		return -EACCES;
	if ((mask & MAY_WRITE) && (S_ISREG(i->mode) || S_ISDIR(i->mode)))
		return path_may_write(p);
	return 0;
}

/* O_TRUNC. What a file system takes for that is its own; the rest of the call
 * has a segment of its own, also where that failed. */
static int
open_cut(struct inode *i)
{
	int rc = vfs_truncate_inode(i, 0), again = reserve_row(&bound_open_cut);

	return rc != 0 ? rc : again;
}

/* What opening i for more than its path does to f. */
static int
open_inode(struct inode *i, struct file *f, u32 flags, bool created)
{
	int rc = 0;

	if ((f->mode & FMODE_WRITE) && S_ISREG(i->mode)) {
		rc = writers_add(i, 1);
		if (rc == 0)
			f->mode |= FMODE_WRITER;
	}
	f->owner_sig = flags & O_NOCTTY;	/* for open_device() only */
	if (likely(rc == 0))
		rc = open_type(i, f);
	f->owner_sig = 0;
	/* Where there is no length to cut (/proc), O_TRUNC means nothing. */
	if (rc == 0 && (flags & O_TRUNC) && S_ISREG(i->mode) && !created &&
	    (i->ops->truncate != NULL || i->ops->setattr != NULL))
		return open_cut(i);
	return rc;
}

/* The file on *p, whose references pass to it (also on an error). */
static int
open_path(struct path *p, u32 flags, bool created, struct file **out)
{
	struct inode *i = p->dentry->inode;
	struct file *f;
	int rc = 0;

	if (unlikely(i->ops->reopen != NULL) &&
	    !(flags & (O_PATH | O_NOFOLLOW))) {
		rc = i->ops->reopen(i, flags, out);
		path_put(p);
		return rc;
	}
	if (!(flags & O_PATH) && !created)
		rc = may_open(p, flags);
	if (unlikely(rc != 0)) {
		path_put(p);
		return rc;
	}
	f = file_create(&path_file_ops, NULL, flags);
	f->inode = i;
	f->dentry = p->dentry;
	f->mnt = p->mnt;
	if (flags & O_PATH) {
		*out = f;
		return 0;
	}
	rc = open_inode(i, f, flags, created);
	if (unlikely(rc != 0)) {
		file_put(f);
		return rc;
	}
	*out = f;
	return 0;
}

/* ---- creating ---- */

/* One try. */
static int
create_once(struct walk *w, u32 flags, u32 mode, struct dentry **out,
    bool *made)
{
	struct path dir = { w->mnt, w->dentry };
	struct inode *i = w->dentry->inode;
	struct dentry *d;
	int rc, begun = sb_begin(i->sb, SB_CREATE);

	*made = false;
	rwlock_write_lock(&i->lock);
	rc = walk_lookup_locked(w->dentry, w->last, w->last_len, w->last_hash,
	    &d);
	if (rc == 0 && d->inode == NULL && i->ops->create == NULL) {
		dentry_put(d);
		rc = -ENOENT;		/* procfs: what is not there, is not */
	} else if (rc == 0 && d->inode == NULL) {
		mode = (mode & S_IALLUGO & ~current->fs->umask) | S_IFREG;
		rc = node_make_locked(&dir, &d, mode, 0, begun);
		*made = rc == 0;
		if (rc != 0)
			dentry_put(d);
	}
	rwlock_write_unlock(&i->lock);
	if (begun == 0)
		sb_end(i->sb);
	if (rc == 0)
		*out = d;
	return rc;
}

/* The name that w left is not in the cache: make it, or find it after all.
 * *made: it is new. *out is referenced and positive. */
static int
create_last(struct walk *w, u32 flags, u32 mode, struct dentry **out,
    bool *made)
{
	struct superblock *sb = w->dentry->sb;
	struct warm warm;
	int rc;

	warm_begin(&warm);
	while ((rc = create_once(w, flags, mode, out, made)) == -EAGAIN) {
		rc = warm_read(&warm, sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_open_make);
		if (rc != 0)
			break;
	}
	warm_end(&warm, sb);
	return rc;
}

/* Until the last component is no link: *out is what it names. Each turn but the
 * last ends in walk_link(), which renews. */
static int
open_last(struct walk *w, u32 flags, u32 mode, struct path *out, bool *made)
{
	struct dentry *d;
	int rc;

	for (;;) {
		*made = false;
		if (w->last_type != LAST_NORM)
			return flags & O_EXCL ? -EEXIST : -EISDIR;
		d = walk_find(w);
		if (d == NULL && w->dir_wanted)
			return -EISDIR;
		if (d == NULL) {
			rc = create_last(w, flags, mode, &d, made);
			if (rc != 0)
				return rc;
		}
		if (!*made && (flags & O_EXCL)) {
			dentry_put(d);
			return -EEXIST;
		}
		if (!S_ISLNK(d->inode->mode) || (flags & O_NOFOLLOW))
			break;
		rc = walk_link(w, d);
		if (rc != 0)
			return rc;
		/* A magic link at the end leaves w there itself. */
		if (w->last_type == LAST_ROOT) {
			*out = (struct path){ w->mnt, w->dentry };
			path_get(out);
			return 0;
		}
	}
	*out = (struct path){ w->mnt, d };
	mount_get(w->mnt);
	walk_cross(&out->mnt, &out->dentry);
	return 0;
}

static int
open_create(int dirfd, const char *name, u32 flags, u32 mode,
    struct file **out)
{
	struct walk w;
	struct path p;
	bool made;
	int rc = walk_parent(&w, dirfd, name);

	if (rc != 0)
		return rc;
	rc = open_last(&w, flags, mode, &p, &made);
	walk_end(&w);
	if (rc != 0)
		return rc;
	if (S_ISDIR(p.dentry->inode->mode)) {
		path_put(&p);
		return -EISDIR;
	}
	return open_path(&p, flags, made, out);
}

/* ---- the ways in ---- */

/* O_TMPFILE: a file without a name in the directory *dir (given up). */
static int
open_tmpfile(struct path *dir, u32 flags, u32 mode, struct file **out)
{
	struct inode *i = dir->dentry->inode, *made;
	struct path p;
	struct dentry *d;
	int rc = path_may_write(dir);

	if ((flags & O_ACCMODE) == O_RDONLY)
		rc = -EINVAL;
	else if (rc == 0 && !inode_may(i, MAY_WRITE | MAY_EXEC))
		rc = -EACCES;
	else if (rc == 0 && (i->ops->create == NULL ||
	    !dir->dentry->sb->pins_dentries))
		rc = -EOPNOTSUPP;
	if (rc == 0) {
		d = dentry_create(dir->dentry->sb, dir->dentry, "#tmpfile", 8,
		    0);
		rwlock_write_lock(&i->lock);
		rc = i->ops->create(i, d, (mode & S_IALLUGO &
		    ~current->fs->umask) | S_IFREG, 0, &made);
		rwlock_write_unlock(&i->lock);
		if (rc == 0) {
			made->nlink = 0;
			dentry_set_inode(d, made);
			p = (struct path){ dir->mnt, d };
			mount_get(p.mnt);
			rc = open_path(&p, flags & ~(u32)O_TMPFILE, true, out);
		} else {
			dentry_put(d);
		}
	}
	path_put(dir);
	return rc;
}

int
vfs_open(int dirfd, const char *name, u32 flags, u32 mode, struct file **out)
{
	struct path p;
	u32 walk = flags & O_NOFOLLOW ? 0 : WALK_FOLLOW;
	int rc;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (flags & O_CREAT) {
		if (flags & O_DIRECTORY)
			return -EINVAL;
		return open_create(dirfd, name, flags, mode, out);
	}
	if (flags & O_DIRECTORY)
		walk |= WALK_DIRECTORY;
	rc = path_walk(dirfd, name, walk, &p);
	if (unlikely(rc != 0))
		return rc;
	if (unlikely((flags & O_TMPFILE) == O_TMPFILE))
		return open_tmpfile(&p, flags, mode, out);
	return open_path(&p, flags, false, out);
}

int
vfs_open_path(const struct path *p, u32 flags, struct file **out)
{
	struct path mine = *p;

	path_get(&mine);
	return open_path(&mine, flags, false, out);
}

int
vfs_open_exec_at(int dirfd, const char *name, u32 flags, struct file **out)
{
	struct path p;
	struct inode *i;
	u32 mnt_flags;
	int rc = path_walk(dirfd, name, flags, &p);

	if (rc != 0)
		return rc;
	i = p.dentry->inode;
	mnt_flags = p.mnt->flags;
	if (S_ISLNK(i->mode))
		rc = -ELOOP;
	else if (!S_ISREG(i->mode) || (mnt_flags & MS_NOEXEC) ||
	    !inode_may(i, MAY_EXEC))
		rc = -EACCES;
	else
		rc = writers_add(i, -1);
	if (rc != 0) {
		path_put(&p);
		return rc;
	}
	*out = file_create(&path_file_ops, NULL, O_RDONLY);
	(*out)->mode |= FMODE_EXEC;
	(*out)->inode = i;
	(*out)->dentry = p.dentry;
	(*out)->mnt = p.mnt;
	rc = open_type(i, *out);
	if (rc != 0)
		file_put(*out);
	return rc;
}

int
vfs_open_exec(const char *name, struct file **out)
{
	return vfs_open_exec_at(AT_FDCWD, name, WALK_FOLLOW, out);
}

isize
vfs_read_kernel(struct file *f, void *buf, usize len, s64 pos)
{
	struct uio u = uio_kernel(buf, len);

	if (f->ops->read == NULL)
		return -EINVAL;
	file_check_type(f);
	return f->ops->read(f, &u, &pos);
}

bool
file_may_setid(const struct file *f)
{
	return f->mnt != NULL && !(f->mnt->flags & MS_NOSUID);
}

/* ---- length ---- */

int
vfs_truncate_inode(struct inode *i, s64 length)
{
	struct setattr sa = { .valid = SETATTR_SIZE, .size = length };
	int rc;

	if (i->ops->truncate != NULL)
		return i->ops->truncate(i, length);
	if (i->ops->setattr == NULL)
		return -EINVAL;
	rwlock_write_lock(&i->lock);
	rc = i->ops->setattr(i, &sa);
	rwlock_write_unlock(&i->lock);
	return rc;
}

int
vfs_truncate(const struct path *p, s64 length)
{
	struct inode *i = p->dentry->inode;
	int rc;

	if (S_ISDIR(i->mode))
		return -EISDIR;
	if (!S_ISREG(i->mode) || length < 0)
		return -EINVAL;
	if (!inode_may(i, MAY_WRITE))
		return -EACCES;
	rc = path_may_write(p);
	if (rc == 0)
		rc = writers_add(i, 1);
	if (rc != 0)
		return rc;
	rc = vfs_truncate_inode(i, length);
	atomic_dec(&i->writers);
	return rc;
}

int
vfs_statfs(const struct path *p, struct lx_statfs *st)
{
	struct superblock *sb = p->dentry->sb;
	int rc = 0;

	*st = (struct lx_statfs){ .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE,
	    .f_namelen = NAME_MAX };
	st->f_fsid[0] = sb->dev;
	if (sb->ops->statfs != NULL)
		rc = sb->ops->statfs(sb, st);
	/* MS_* and ST_* flags have the same low bits, statfs(2). */
	st->f_flags = ST_VALID | (p->mnt->flags & (MS_NOSUID | MS_NODEV |
	    MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)) |
	    (mount_is_readonly(p->mnt) ? ST_RDONLY : 0);
	return rc;
}
