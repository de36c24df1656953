/*
 * Names and inodes: what the VFS asks of a directory.
 *
 * All calls but lookup come in a handle that super_ops.begin() made, with the
 * directory's lock held for writing. What can fail without a trace comes first;
 * a new inode that gets no name after all is put on the orphan list, which is
 * where one goes that loses its last name, too: the last reference frees it.
 *
 * N1  A directory is found only in the directory that its ".." names. So what
 *     can be reached from the root is a tree, whatever an image says, and no
 *     directory is locked as its own child.
 * N2  Inodes that the file system keeps for itself (the journal's) have no
 *     names.
 */
#include "fs/ext/dir_priv.h"
#include "fs/ext/xattr.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

/* ---- credits ---- */

/*
 * A name that goes in splits, at worst, a leaf and the node above it: two new
 * blocks, each with EXT_CREDITS_MAP (which has the data's bit map and
 * descriptor, the super and the inode's table) and 1 of its own; and the old
 * leaf, the node and the root change: 3.
 */
#define CREDITS_INSERT	(2 * (EXT_CREDITS_MAP + 1) + 3 + EXT_CREDITS_INODE)
/* One that goes out, or names another inode: its block, the directory. */
#define CREDITS_REMOVE	(1 + EXT_CREDITS_INODE)
/* A new inode: its bit map, descriptor, table, super: 4; stored: 3. */
#define CREDITS_NEW	(4 + EXT_CREDITS_INODE)
#define CREDITS_ORPHAN	3u	/* on or off the list */
/* A directory's first block, or a long link's: the block, and where it is. */
#define CREDITS_BLOCK	(EXT_CREDITS_MAP + 1)

u32
ext_name_credits(struct ext_fs *fs, u32 what)
{
	static const u32 credits[] = {
		/* a new inode that may have to be dropped, and its name */
		[SB_CREATE] = CREDITS_NEW + CREDITS_BLOCK + CREDITS_INSERT +
		    CREDITS_ORPHAN,
		[SB_SYMLINK] = CREDITS_NEW + CREDITS_BLOCK + CREDITS_INSERT +
		    CREDITS_ORPHAN,
		/* a name; the inode; off the orphan list */
		[SB_LINK] = CREDITS_INSERT + EXT_CREDITS_INODE +
		    CREDITS_ORPHAN,
		/* a name; the inode, an orphan */
		[SB_UNLINK] = CREDITS_REMOVE + EXT_CREDITS_INODE +
		    CREDITS_ORPHAN,
		[SB_RMDIR] = CREDITS_REMOVE + EXT_CREDITS_INODE +
		    CREDITS_ORPHAN,
		/* a name in, one out, or two changed; two "..", each a block;
		 * the moved inode and the one that loses its name */
		[SB_RENAME] = CREDITS_INSERT + CREDITS_REMOVE + 2 +
		    2 * EXT_CREDITS_INODE + CREDITS_ORPHAN,
		[SB_SETATTR] = EXT_CREDITS_INODE,
		[SB_XATTR] = EXT_XATTR_CREDITS,
	};

	(void)fs;
	assert(what < ARRAY_LEN(credits));
	return credits[what];
}

/* ---- looking up ---- */

/* N2 */
static bool
may_have_name(const struct ext_fs *fs, u32 ino)
{
	return ino >= fs->first_ino && ino <= fs->ninodes;
}

/* N1 */
static int
check_child(struct ext_inode *dir, struct ext_inode *child)
{
	u32 parent;
	int rc = ext_dir_parent(child, &parent);

	if (rc == 0 && (parent != dir->i.ino || child == dir))
		rc = ext_error(dir->fs, "directory %lu names %lu, which is "
		    "in %u", dir->i.ino, child->i.ino, parent);
	return rc;
}

static int
ext_lookup(struct inode *dir_i, const char *name, usize len,
    struct inode **out)
{
	struct ext_inode *dir = ext_inode(dir_i);
	struct ext_place p;
	struct inode *i;
	int rc = ext_dir_find(dir, name, len, &p);

	*out = NULL;
	if (rc != 0)
		return rc == -ENOENT ? 0 : rc;
	buffer_put(p.b);
	if (!may_have_name(dir->fs, p.ino))
		return ext_error(dir->fs, "directory %lu names inode %u",
		    dir_i->ino, p.ino);
	rc = ext_inode_get(dir->fs, p.ino, &i);
	if (rc == -ESTALE)
		rc = ext_error(dir->fs, "directory %lu names free inode %u",
		    dir_i->ino, p.ino);
	if (rc != 0)
		return rc;
	if (S_ISDIR(i->mode))
		rc = check_child(dir, ext_inode(i));
	if (rc == 0)
		*out = i;
	else
		inode_put_later(i);
	return rc;
}

/* ---- counts of links ---- */

/* May dir get another directory? */
static bool
dir_is_full(const struct ext_inode *dir)
{
	return dir->i.nlink >= EXT_LINKS_MAX &&
	    !((dir->fs->ro_compat & EXT_RO_DIR_NLINK) &&
	    ext_dir_is_indexed(dir));
}

/* With dir_nlink, 1 means "too many to count", for good. */
static void
dir_link_add(struct inode *dir)
{
	if (dir->nlink != 1)
		WRITE_ONCE(dir->nlink, dir->nlink + 1 > EXT_LINKS_MAX ? 1 :
		    dir->nlink + 1);
}

static void
dir_link_drop(struct inode *dir)
{
	if (dir->nlink > 2)
		WRITE_ONCE(dir->nlink, dir->nlink - 1);
}

/* dir's entries have changed: its times, and what was counted. */
static int
dir_store(struct inode *dir)
{
	inode_touch(dir, SETATTR_MTIME);
	return ext_inode_store(ext_inode(dir));
}

/* i has lost a name, or, a directory, its only one. */
static int
name_gone(struct inode *i)
{
	u32 n = S_ISDIR(i->mode) || i->nlink == 0 ? 0 : i->nlink - 1;
	int rc = 0;

	WRITE_ONCE(i->nlink, n);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
	if (n == 0)
		rc = ext_orphan_add(ext_inode(i));
	return rc != 0 ? rc : ext_inode_store(ext_inode(i));
}

/* ---- making ---- */

/* Device numbers as the format has them: 8 + 8 bits, or 12 + 20. */
static void
set_rdev(struct ext_inode *e, u64 rdev)
{
	u32 major = LX_MAJOR(rdev), minor = LX_MINOR(rdev);

	e->i.rdev = rdev;
	memset(e->block, 0, sizeof(e->block));
	if (major < 256 && minor < 256)
		e->block[0] = major << 8 | minor;
	else
		e->block[1] = (minor & 0xff) | major << 8 |
		    (minor & ~0xffu) << 12;
}

static int
node_new(struct inode *dir_i, u32 mode, struct ext_inode **out)
{
	struct ext_inode *dir = ext_inode(dir_i), *e;
	u32 ino;
	int rc = ext_ino_alloc(dir, mode, &ino);

	if (rc != 0)
		return rc == -EAGAIN ? -ENOSPC : rc;
	e = ext_inode_new(dir->fs, ino, mode);
	inode_init_owner(&e->i, dir_i, mode);
	e->flags = dir->flags & EXT_FL_INHERITED;
	if (!S_ISDIR(mode))
		e->flags &= ~(u32)EXT_FL_DIRSYNC;
	*out = e;
	return 0;
}

/* It gets no name after all: the orphan list, then the reaper, have it. */
static void
node_drop(struct ext_inode *e)
{
	WRITE_ONCE(e->i.nlink, 0);
	(void)ext_orphan_add(e);	/* else e2fsck finds it */
	(void)ext_inode_store(e);
	inode_put_later(&e->i);
}

/* What is in a new inode, by its type. */
static int
node_fill(struct ext_inode *e, struct ext_inode *dir, u64 rdev,
    const char *target)
{
	u32 mode = e->i.mode;

	if (target != NULL)
		return ext_link_make(e, target, strlen(target));
	if (S_ISREG(mode)) {
		ext_map_init(e);
		return 0;
	}
	if (!S_ISDIR(mode)) {
		set_rdev(e, rdev);
		return 0;
	}
	ext_map_init(e);
	e->i.nlink = 2;
	return ext_dir_make(e, dir);
}

static int
node_make(struct inode *dir_i, struct dentry *d, u32 mode, u64 rdev,
    const char *target, struct inode **out)
{
	struct ext_inode *dir = ext_inode(dir_i), *e;
	int rc;

	if (S_ISDIR(mode) && dir_is_full(dir))
		return -EMLINK;
	rc = node_new(dir_i, mode, &e);
	if (rc != 0)
		return rc;
	rc = node_fill(e, dir, rdev, target);
	if (rc == 0)
		rc = ext_inode_store(e);
	if (rc == 0)
		rc = ext_dir_insert(dir, d->name, d->name_len, e);
	if (rc != 0) {
		node_drop(e);
		return rc;
	}
	if (S_ISDIR(mode))
		dir_link_add(dir_i);
	*out = &e->i;
	return dir_store(dir_i);
}

static int
ext_create(struct inode *dir, struct dentry *d, u32 mode, u64 rdev,
    struct inode **out)
{
	return node_make(dir, d, mode, rdev, NULL, out);
}

static int
ext_symlink(struct inode *dir, struct dentry *d, const char *target,
    struct inode **out)
{
	if (strlen(target) >= ext_inode(dir)->fs->block_bytes)
		return -ENAMETOOLONG;
	return node_make(dir, d, S_IFLNK | 0777, 0, target, out);
}

static int
ext_link(struct inode *dir, struct dentry *d, struct inode *i)
{
	struct ext_inode *e = ext_inode(i);
	int rc;

	if (i->nlink >= EXT_LINKS_MAX)
		return -EMLINK;
	rc = ext_dir_insert(ext_inode(dir), d->name, d->name_len, e);
	if (rc != 0)
		return rc;
	if (i->nlink == 0)
		rc = ext_orphan_remove(e);
	WRITE_ONCE(i->nlink, i->nlink + 1);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
	if (rc == 0)
		rc = ext_inode_store(e);
	return rc != 0 ? rc : dir_store(dir);
}

/* ---- removing ---- */

/* The entry of d, which names d's inode. */
static int
entry_of(struct inode *dir, struct dentry *d, struct ext_place *p)
{
	int rc = ext_dir_find(ext_inode(dir), d->name, d->name_len, p);

	if (rc == 0 && p->ino != d->inode->ino)
		buffer_put(p->b);
	if (rc == -ENOENT || (rc == 0 && p->ino != d->inode->ino))
		rc = ext_error(ext_inode(dir)->fs, "directory %lu lost an "
		    "entry of inode %lu", dir->ino, d->inode->ino);
	return rc;
}

static int
entry_remove(struct inode *dir, struct dentry *d)
{
	struct ext_place p;
	int rc = entry_of(dir, d, &p);

	if (rc != 0)
		return rc;
	rc = ext_dir_remove(ext_inode(dir), &p);
	buffer_put(p.b);
	return rc;
}

static int
ext_unlink(struct inode *dir, struct dentry *d)
{
	int rc = entry_remove(dir, d);

	if (rc == 0)
		rc = dir_store(dir);
	return rc != 0 ? rc : name_gone(d->inode);
}

static int
ext_rmdir(struct inode *dir, struct dentry *d)
{
	int rc = ext_dir_check_empty(ext_inode(d->inode));

	if (rc == 0)
		rc = entry_remove(dir, d);
	if (rc != 0)
		return rc;
	dir_link_drop(dir);
	rc = dir_store(dir);
	return rc != 0 ? rc : name_gone(d->inode);
}

/* ---- renaming ---- */

/* The name at over leads to target from now on. */
static int
entry_replace(struct inode *dir, struct dentry *over, struct inode *target)
{
	struct ext_place p;
	int rc = entry_of(dir, over, &p);

	if (rc != 0)
		return rc;
	rc = ext_dir_replace(ext_inode(dir), &p, ext_inode(target));
	buffer_put(p.b);
	return rc;
}

/* The directory i has moved from one parent to another. */
static int
parent_changed(struct inode *i, struct inode *from, struct inode *to)
{
	dir_link_drop(from);
	dir_link_add(to);
	return ext_dir_set_parent(ext_inode(i), ext_inode(to));
}

static int
rename_exchange(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over)
{
	struct inode *a = d->inode, *b = over->inode;
	int rc = entry_replace(to, over, a);

	if (rc == 0)
		rc = entry_replace(from, d, b);
	if (rc == 0 && from != to && S_ISDIR(a->mode))
		rc = parent_changed(a, from, to);
	if (rc == 0 && from != to && S_ISDIR(b->mode))
		rc = parent_changed(b, to, from);
	WRITE_ONCE(b->ctime_ns, vfs_now_ns());
	ext_inode_dirty(ext_inode(b));
	return rc;
}

static int
rename_over(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over)
{
	struct inode *moved = d->inode, *victim = over->inode;
	int rc;

	/* The new name, then the old one, which may have moved meanwhile. */
	rc = victim != NULL ? entry_replace(to, over, moved) :
	    ext_dir_insert(ext_inode(to), over->name, over->name_len,
	    ext_inode(moved));
	if (rc == 0)
		rc = entry_remove(from, d);
	if (rc == 0 && victim != NULL && S_ISDIR(victim->mode))
		dir_link_drop(to);
	if (rc == 0 && from != to && S_ISDIR(moved->mode))
		rc = parent_changed(moved, from, to);
	if (rc == 0 && victim != NULL)
		rc = name_gone(victim);
	return rc;
}

/* What forbids it, before anything changes. */
static int
may_rename(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over, u32 flags)
{
	bool comes = S_ISDIR(d->inode->mode) && from != to;
	bool goes = over->inode != NULL && S_ISDIR(over->inode->mode) &&
	    from != to;
	struct inode *victim = over->inode;
	struct ext_place p;
	int rc;

	if (d->inode == to || d->inode == from)
		return -EINVAL;			/* see N1 */
	if (flags & RENAME_EXCHANGE)
		return (comes && !goes && dir_is_full(ext_inode(to))) ||
		    (goes && !comes && dir_is_full(ext_inode(from))) ?
		    -EMLINK : 0;
	if (comes && victim == NULL && dir_is_full(ext_inode(to)))
		return -EMLINK;
	rc = entry_of(from, d, &p);
	if (rc != 0)
		return rc;
	buffer_put(p.b);
	return victim != NULL && S_ISDIR(victim->mode) ?
	    ext_dir_check_empty(ext_inode(victim)) : 0;
}

static int
ext_rename(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over, u32 flags)
{
	int rc = may_rename(from, d, to, over, flags);

	if (rc != 0)
		return rc;
	rc = flags & RENAME_EXCHANGE ? rename_exchange(from, d, to, over) :
	    rename_over(from, d, to, over);
	if (rc != 0)
		return rc;
	WRITE_ONCE(d->inode->ctime_ns, vfs_now_ns());
	ext_inode_dirty(ext_inode(d->inode));
	rc = dir_store(from);
	return rc == 0 && from != to ? dir_store(to) : rc;
}

/* ---- attributes ---- */

int
ext_setattr(struct inode *i, const struct setattr *sa)
{
	if (sa->valid & SETATTR_SIZE)
		return -EINVAL;
	inode_setattr(i, sa);
	return ext_inode_store(ext_inode(i));
}

const struct inode_ops ext_dir_inode_ops = {
	.lookup = ext_lookup,
	.create = ext_create,
	.symlink = ext_symlink,
	.link = ext_link,
	.unlink = ext_unlink,
	.rmdir = ext_rmdir,
	.rename = ext_rename,
	.setattr = ext_setattr,
	EXT_XATTR_OPS
};

const struct inode_ops ext_node_inode_ops = {
	.setattr = ext_setattr,
	EXT_XATTR_OPS
};
