/*
 * Names and inodes: what the VFS asks of a directory.
 *
 * All calls but lookup come in a handle that super_ops.begin() made, with the
 * directory's lock held for writing. Each has two parts. The first brings
 * together all that it takes: places in directories, blocks of inodes, room,
 * a number. What is not in memory ends the try there (warm.c), and nothing has
 * changed but that there may be more room. The second part changes what the
 * first has found, reads nothing, and fails only where a disk is not sound. An
 * inode that loses its last name is put on the orphan list: the last reference
 * frees it.
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

/* N1; W */
static int
check_child(struct ext_inode *dir, struct ext_inode *child)
{
	struct ext_place up;
	int rc = ext_dir_dotdot(child, &up);

	if (rc != 0)
		return rc;
	buffer_put(up.b);
	if (up.ino != dir->i.ino || child == dir)
		return ext_error(dir->fs, "directory %lu names %lu, which is "
		    "in %u", dir->i.ino, child->i.ino, up.ino);
	return 0;
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
	rc = ext_inode_peek(dir->fs, p.ino, &i);
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
static void
dir_store(struct inode *dir, struct buffer *table)
{
	inode_touch(dir, SETATTR_MTIME);
	ext_inode_store_in(ext_inode(dir), table);
}

/* i has lost a name, or, a directory, its only one. */
static void
name_gone(struct inode *i, struct buffer *table)
{
	u32 n = S_ISDIR(i->mode) || i->nlink == 0 ? 0 : i->nlink - 1;

	WRITE_ONCE(i->nlink, n);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
	if (n == 0)
		ext_orphan_link(ext_inode(i));
	ext_inode_store_in(ext_inode(i), table);
}

/* The block of i's record; W. i NULL: none. */
static int
table_of(struct inode *i, struct buffer **out)
{
	return i == NULL ? 0 :
	    ext_table_peek(ext_inode(i)->fs, (u32)i->ino, out);
}

static void
put_all(struct buffer *const *b, u32 n)
{
	for (u32 k = 0; k < n; k++)
		if (b[k] != NULL)
			buffer_put(b[k]);
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

/* What a new node is to be. */
struct node {
	u32		mode;
	u64		rdev;
	const char	*target;	/* of a link, or NULL */
	struct ext_place room;		/* where its name fits */
	struct buffer	*table;		/* of the directory */
};

static struct ext_inode *
node_new(struct inode *dir_i, u32 mode, u32 ino)
{
	struct ext_inode *dir = ext_inode(dir_i);
	struct ext_inode *e = ext_inode_new(dir->fs, ino, mode);

	inode_init_owner(&e->i, dir_i, mode);
	e->flags = dir->flags & EXT_FL_INHERITED;
	if (!S_ISDIR(mode))
		e->flags &= ~(u32)EXT_FL_DIRSYNC;
	return e;
}

/* The disk is not sound: it gets no name. The orphan list, then the reaper,
 * have it. */
static void
node_drop(struct ext_inode *e, struct buffer *table)
{
	WRITE_ONCE(e->i.nlink, 0);
	ext_orphan_link(e);
	ext_inode_store_in(e, table);
	inode_put_later(&e->i);
}

/* What is in a new inode, by its type. */
static int
node_fill(struct ext_inode *e, struct ext_inode *dir, const struct node *n,
    struct ext_claim *first)
{
	u32 mode = e->i.mode;

	if (n->target != NULL)
		return ext_link_make(e, n->target, strlen(n->target), first);
	if (S_ISREG(mode)) {
		ext_map_init(e);
		return 0;
	}
	if (!S_ISDIR(mode)) {
		set_rdev(e, n->rdev);
		return 0;
	}
	ext_map_init(e);
	e->i.nlink = 2;
	return ext_dir_make(e, first, dir);
}

static bool
node_has_block(const struct node *n)
{
	return n->target != NULL ? ext_link_has_block(n->target) :
	    S_ISDIR(n->mode);
}

/* The second part. */
static int
node_make(struct inode *dir, struct dentry *d, struct node *n,
    struct ext_start *start, struct inode **out)
{
	struct ext_inode *e = node_new(dir, n->mode, start->ino);
	int rc = node_fill(e, ext_inode(dir), n, start->claim);

	if (rc == 0)
		rc = ext_dir_insert(ext_inode(dir), &n->room, d->name,
		    d->name_len, e);
	if (rc != 0) {
		node_drop(e, start->table);
		return rc;
	}
	ext_inode_store_in(e, start->table);
	if (S_ISDIR(n->mode))
		dir_link_add(dir);
	dir_store(dir, n->table);
	*out = &e->i;
	return 0;
}

/* With room for the name: W. */
static int
node_start(struct inode *dir, struct dentry *d, struct node *n,
    struct inode **out)
{
	struct ext_start start;
	int rc = table_of(dir, &n->table);

	if (rc != 0)
		return rc;
	rc = ext_ino_alloc(ext_inode(dir), n->mode, d->hash,
	    node_has_block(n), &start);
	if (rc == 0) {
		rc = node_make(dir, d, n, &start, out);
		buffer_put(start.table);
	}
	buffer_put(n->table);
	return rc;
}

static int
node_add(struct inode *dir, struct dentry *d, struct node *n,
    struct inode **out)
{
	int rc;

	if (S_ISDIR(n->mode) && dir_is_full(ext_inode(dir)))
		return -EMLINK;
	rc = ext_dir_room(ext_inode(dir), d->name, d->name_len, &n->room);
	if (rc != 0)
		return rc;
	rc = node_start(dir, d, n, out);
	buffer_put(n->room.b);
	return rc;
}

static int
ext_create(struct inode *dir, struct dentry *d, u32 mode, u64 rdev,
    struct inode **out)
{
	struct node n = { .mode = mode, .rdev = rdev };

	return node_add(dir, d, &n, out);
}

static int
ext_symlink(struct inode *dir, struct dentry *d, const char *target,
    struct inode **out)
{
	struct node n = { .mode = S_IFLNK | 0777, .target = target };

	if (*target == '\0')
		return -ENOENT;
	if (strlen(target) >= ext_inode(dir)->fs->block_bytes)
		return -ENAMETOOLONG;
	return node_add(dir, d, &n, out);
}

/* The second part. */
static int
link_add(struct inode *dir, struct dentry *d, struct inode *i,
    struct ext_place *room, struct buffer *const table[2])
{
	int rc = ext_dir_insert(ext_inode(dir), room, d->name, d->name_len,
	    ext_inode(i));

	if (rc != 0)
		return rc;
	WRITE_ONCE(i->nlink, i->nlink + 1);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
	ext_inode_store_in(ext_inode(i), table[1]);
	dir_store(dir, table[0]);
	return 0;
}

static int
ext_link(struct inode *dir, struct dentry *d, struct inode *i)
{
	struct buffer *table[2] = { NULL, NULL };
	struct ext_place room;
	int rc;

	if (i->nlink == 0)
		return -ENOENT;			/* link(2) */
	if (i->nlink >= EXT_LINKS_MAX)
		return -EMLINK;
	rc = ext_dir_room(ext_inode(dir), d->name, d->name_len, &room);
	if (rc != 0)
		return rc;
	rc = table_of(dir, &table[0]);
	if (rc == 0)
		rc = table_of(i, &table[1]);
	if (rc == 0)
		rc = link_add(dir, d, i, &room, table);
	put_all(table, 2);
	buffer_put(room.b);
	return rc;
}

/* ---- removing ---- */

/* The entry of d, which names d's inode; W. */
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

/* d's entry goes, and the name it was. */
static int
entry_drop(struct inode *dir, struct dentry *d)
{
	struct buffer *table[2] = { NULL, NULL };
	struct ext_place p;
	int rc = entry_of(dir, d, &p);

	if (rc != 0)
		return rc;
	rc = table_of(dir, &table[0]);
	if (rc == 0)
		rc = table_of(d->inode, &table[1]);
	if (rc == 0)
		rc = ext_dir_remove(ext_inode(dir), &p);
	if (rc == 0) {
		if (S_ISDIR(d->inode->mode))
			dir_link_drop(dir);
		dir_store(dir, table[0]);
		name_gone(d->inode, table[1]);
	}
	put_all(table, 2);
	buffer_put(p.b);
	return rc;
}

static int
ext_unlink(struct inode *dir, struct dentry *d)
{
	return entry_drop(dir, d);
}

static int
ext_rmdir(struct inode *dir, struct dentry *d)
{
	int rc = ext_dir_check_empty(ext_inode(d->inode));

	return rc != 0 ? rc : entry_drop(dir, d);
}

/* ---- renaming ---- */

/* All that a rename takes: references, or NULL. */
struct moving {
	struct inode	*from, *to;
	struct dentry	*d, *over;
	struct ext_place at;		/* d's entry */
	struct ext_place there;		/* over's, or room for it */
	struct ext_place up, up_there;	/* ".." of directories that move */
	struct buffer	*from_table, *to_table, *victim_table;
};

static void
moving_put(struct moving *m)
{
	struct buffer *const all[] = { m->at.b, m->there.b, m->up.b,
	    m->up_there.b, m->from_table, m->to_table, m->victim_table };

	put_all(all, ARRAY_LEN(all));
}

/* The directory i moves from one parent to another. */
static void
parent_changed(struct inode *i, struct ext_place *up, struct inode *from,
    struct inode *to)
{
	dir_link_drop(from);
	dir_link_add(to);
	ext_dir_set_parent(ext_inode(i), up, ext_inode(to));
}

static int
rename_exchange(struct moving *m)
{
	struct inode *a = m->d->inode, *b = m->over->inode;
	int rc = ext_dir_replace(ext_inode(m->to), &m->there, ext_inode(a));

	if (rc == 0)
		rc = ext_dir_replace(ext_inode(m->from), &m->at, ext_inode(b));
	if (rc != 0)
		return rc;
	if (m->up.b != NULL)
		parent_changed(a, &m->up, m->from, m->to);
	if (m->up_there.b != NULL)
		parent_changed(b, &m->up_there, m->to, m->from);
	WRITE_ONCE(b->ctime_ns, vfs_now_ns());
	ext_inode_dirty(ext_inode(b));
	return 0;
}

static int
rename_over(struct moving *m)
{
	struct inode *moved = m->d->inode, *victim = m->over->inode;
	int rc;

	/* The new name first; no record but its own moves for it. */
	rc = victim != NULL ?
	    ext_dir_replace(ext_inode(m->to), &m->there, ext_inode(moved)) :
	    ext_dir_insert(ext_inode(m->to), &m->there, m->over->name,
	    m->over->name_len, ext_inode(moved));
	if (rc == 0)
		rc = ext_dir_remove(ext_inode(m->from), &m->at);
	if (rc != 0)
		return rc;
	if (victim != NULL && S_ISDIR(victim->mode))
		dir_link_drop(m->to);
	if (m->up.b != NULL)
		parent_changed(moved, &m->up, m->from, m->to);
	if (victim != NULL)
		name_gone(victim, m->victim_table);
	return 0;
}

/* What forbids it. */
static int
may_rename(const struct moving *m, u32 flags)
{
	struct inode *from = m->from, *to = m->to, *victim = m->over->inode;
	bool comes = S_ISDIR(m->d->inode->mode) && from != to;
	bool goes = victim != NULL && S_ISDIR(victim->mode) && from != to;

	if (m->d->inode == to || m->d->inode == from)
		return -EINVAL;			/* see N1 */
	if (flags & RENAME_EXCHANGE)
		return (comes && !goes && dir_is_full(ext_inode(to))) ||
		    (goes && !comes && dir_is_full(ext_inode(from))) ?
		    -EMLINK : 0;
	if (comes && victim == NULL && dir_is_full(ext_inode(to)))
		return -EMLINK;
	return victim != NULL && S_ISDIR(victim->mode) ?
	    ext_dir_check_empty(ext_inode(victim)) : 0;
}

/* Places of names; W. */
static int
moving_find(struct moving *m)
{
	struct dentry *over = m->over;
	struct inode *victim = over->inode;
	int rc;

	/* Room first: making some may move the other. */
	rc = victim != NULL ? entry_of(m->to, over, &m->there) :
	    ext_dir_room(ext_inode(m->to), over->name, over->name_len,
	    &m->there);
	if (rc != 0) {
		m->there.b = NULL;
		return rc;
	}
	rc = entry_of(m->from, m->d, &m->at);
	if (rc != 0)
		m->at.b = NULL;
	return rc;
}

/* ".." of what moves to another directory; W. */
static int
moving_find_up(struct inode *i, struct ext_place *up)
{
	int rc = S_ISDIR(i->mode) ? ext_dir_dotdot(ext_inode(i), up) : 0;

	if (rc != 0)
		up->b = NULL;
	return rc;
}

/* The first part; W. */
static int
moving_prepare(struct moving *m, u32 flags)
{
	struct inode *victim = m->over->inode;
	int rc = may_rename(m, flags);

	if (rc == 0)
		rc = moving_find(m);
	if (rc == 0 && m->from != m->to)
		rc = moving_find_up(m->d->inode, &m->up);
	if (rc == 0 && m->from != m->to && (flags & RENAME_EXCHANGE))
		rc = moving_find_up(victim, &m->up_there);
	if (rc == 0)
		rc = table_of(m->from, &m->from_table);
	if (rc == 0)
		rc = table_of(m->to, &m->to_table);
	if (rc == 0)
		rc = table_of(victim, &m->victim_table);
	return rc;
}

static int
ext_rename(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over, u32 flags)
{
	struct moving m = { .from = from, .to = to, .d = d, .over = over };
	int rc = moving_prepare(&m, flags);

	if (rc == 0)
		rc = flags & RENAME_EXCHANGE ? rename_exchange(&m) :
		    rename_over(&m);
	if (rc == 0) {
		WRITE_ONCE(d->inode->ctime_ns, vfs_now_ns());
		ext_inode_dirty(ext_inode(d->inode));
		dir_store(from, m.from_table);
		if (from != to)
			dir_store(to, m.to_table);
	}
	moving_put(&m);
	return rc;
}

/* ---- attributes ---- */

int
ext_setattr(struct inode *i, const struct setattr *sa)
{
	struct buffer *table;
	int rc;

	if (sa->valid & SETATTR_SIZE)
		return -EINVAL;
	rc = table_of(i, &table);
	if (rc != 0)
		return rc;
	inode_setattr(i, sa);
	ext_inode_store_in(ext_inode(i), table);
	buffer_put(table);
	return 0;
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
