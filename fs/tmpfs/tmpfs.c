/*
 * tmpfs: a file system in memory.
 *
 * Directories are the dentry cache's own trees (sb.pins_dentries): a name that
 * exists has a dentry, so there is nothing to look up here, and a name that has
 * none does not exist. Files are trees of pages (data.c), links are texts.
 * What is left for this file: inodes, counts of links and limits.
 *
 * tmpfs outlives the processes that fill it, so its limits are hard: size (in
 * pages, half of memory unless mounted otherwise) and nr_inodes; both are asked
 * before anything changes and answer -ENOSPC.
 *
 * Locks: all calls on a directory come with its lock held for writing, and that
 * of the file that loses or gets a name.
 * LIMIT: no extended attributes.
 */
#include "fs/tmpfs/tmpfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"

#define ENTRY_BYTES	20		/* of st_size for each entry */
#define LINK_KBUF	2048u

static KMEM_CACHE(tmpfs_inode_cache, "tmpfs_inode", struct tmpfs_inode);
static KMEM_CACHE(tmpfs_super_cache, "tmpfs_super", struct tmpfs_super);

static const struct inode_ops tmpfs_dir_ops, tmpfs_node_ops, tmpfs_link_ops;
static const struct file_ops tmpfs_dir_file_ops;

/* ---- inodes ---- */

static struct inode *
node_create(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev)
{
	struct tmpfs_super *s = tmpfs_super(sb);
	struct tmpfs_inode *t;

	if (!tmpfs_take(&s->used_inodes, &s->max_inodes, 1))
		return NULL;
	t = kmem_get(&tmpfs_inode_cache);
	inode_init(&t->i, sb, mode);
	if (dir != NULL)
		inode_init_owner(&t->i, dir, mode);
	t->i.ino = atomic_add_return(&s->last_ino, 1);
	t->i.rdev = rdev;
	t->tree = (struct tree){ .root = NULL };
	t->link = NULL;
	t->i.ops = &tmpfs_node_ops;
	if (S_ISREG(mode)) {
		t->i.fops = &tmpfs_file_ops;
		pager_init(&t->pager, &tmpfs_pager_ops);
		t->pager.flags = PAGER_RAM;
	} else if (S_ISDIR(mode)) {
		t->i.ops = &tmpfs_dir_ops;
		t->i.fops = &tmpfs_dir_file_ops;
		t->i.nlink = 2;
	}
	return &t->i;
}

static void
tmpfs_evict(struct inode *i)
{
	if (S_ISREG(i->mode))
		tmpfs_free_pages(i);
	atomic_sub(&tmpfs_super(i->sb)->used_inodes, 1);
}

/* After a grace period: a walk may have been reading the link's text. */
static void
tmpfs_free_inode(struct inode *i)
{
	struct tmpfs_inode *t = tmpfs_inode(i);

	if (t->link != NULL && t->link != t->link_inline) {
		if (t->link_len < LINK_KBUF)
			kbuf_put(t->link, LINK_KBUF);
		else
			frame_put(frame_of_virt(t->link));
	}
	kmem_put(&tmpfs_inode_cache, t);
}

/* ---- directories ---- */

/* dir gets (by 1) or loses (by -1) an entry. */
static void
dir_changed(struct inode *dir, int by)
{
	WRITE_ONCE(dir->size, dir->size + by * ENTRY_BYTES);
	inode_touch(dir, SETATTR_MTIME);
}

static int
tmpfs_create(struct inode *dir, struct dentry *d, u32 mode, u64 rdev,
    struct inode **out)
{
	*out = node_create(dir->sb, dir, mode, rdev);
	if (*out == NULL)
		return -ENOSPC;
	if (S_ISDIR(mode))
		dir->nlink++;
	dir_changed(dir, 1);
	return 0;
}

static int
tmpfs_symlink(struct inode *dir, struct dentry *d, const char *target,
    struct inode **out)
{
	usize len = strlen(target);
	struct tmpfs_inode *t;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	*out = node_create(dir->sb, dir, S_IFLNK | 0777, 0);
	if (*out == NULL)
		return -ENOSPC;
	t = tmpfs_inode(*out);
	t->i.ops = &tmpfs_link_ops;
	t->link_len = len;
	t->link = len < LINK_INLINE ? t->link_inline :
	    len < LINK_KBUF ? kbuf_get(LINK_KBUF) :
	    frame_virt(frame_get(FRAME_BUFFER));
	memcpy(t->link, target, len + 1);
	t->i.size = len;
	dir_changed(dir, 1);
	return 0;
}

static int
tmpfs_link(struct inode *dir, struct dentry *d, struct inode *i)
{
	if (i->nlink >= 0x7fffffff)
		return -EMLINK;
	WRITE_ONCE(i->nlink, i->nlink + 1);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
	dir_changed(dir, 1);
	return 0;
}

/* i loses a name. */
static void
name_gone(struct inode *i)
{
	WRITE_ONCE(i->nlink, S_ISDIR(i->mode) ? 0 : i->nlink - 1);
	WRITE_ONCE(i->ctime_ns, vfs_now_ns());
}

static int
tmpfs_unlink(struct inode *dir, struct dentry *d)
{
	name_gone(d->inode);
	dir_changed(dir, -1);
	return 0;
}

static int
tmpfs_rmdir(struct inode *dir, struct dentry *d)
{
	if (!dentry_is_empty_dir(d))
		return -ENOTEMPTY;
	name_gone(d->inode);
	dir->nlink--;
	dir_changed(dir, -1);
	return 0;
}

static int
tmpfs_rename(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over, u32 flags)
{
	struct inode *victim = over->inode;
	int dir_moves = S_ISDIR(d->inode->mode);

	if (flags & RENAME_EXCHANGE) {
		int dir_comes = S_ISDIR(victim->mode);

		from->nlink += dir_comes - dir_moves;
		to->nlink += dir_moves - dir_comes;
		WRITE_ONCE(victim->ctime_ns, vfs_now_ns());
	} else {
		if (victim != NULL && S_ISDIR(victim->mode) &&
		    !dentry_is_empty_dir(over))
			return -ENOTEMPTY;
		if (victim != NULL) {
			to->nlink -= S_ISDIR(victim->mode) != 0;
			name_gone(victim);
			dir_changed(to, -1);
		}
		from->nlink -= dir_moves;
		to->nlink += dir_moves;
		dir_changed(from, -1);
		dir_changed(to, 1);
	}
	WRITE_ONCE(d->inode->ctime_ns, vfs_now_ns());
	return 0;
}

/* ---- attributes and links ---- */

static int
tmpfs_setattr(struct inode *i, const struct setattr *sa)
{
	int rc = 0;

	if (sa->valid & SETATTR_SIZE)
		rc = S_ISREG(i->mode) ? tmpfs_set_size(i, sa->size) : -EINVAL;
	if (rc == 0 && (sa->valid & ~(u32)SETATTR_SIZE))
		inode_setattr(i, sa);
	return rc;
}

static const char *
tmpfs_get_link(struct inode *i)
{
	return tmpfs_inode(i)->link;
}

static const struct inode_ops tmpfs_dir_ops = {
	.create = tmpfs_create,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.setattr = tmpfs_setattr,
};

static const struct inode_ops tmpfs_node_ops = { .setattr = tmpfs_setattr };

static const struct inode_ops tmpfs_link_ops = {
	.get_link = tmpfs_get_link,
	.setattr = tmpfs_setattr,
};

static int
dir_sync(struct file *f, bool data_only)
{
	return 0;
}

static const struct file_ops tmpfs_dir_file_ops = {
	.name = "tmpfs directory",
	.seekable = true,
	.readdir = dir_readdir,
	.seek = dir_seek,
	.sync = dir_sync,
};

/* ---- the file system ---- */

struct tmpfs_options {
	u64	size_bytes, nr_inodes, mode, uid, gid;
};

static int
option_number(const char *text, const char *name, u32 base, u64 *out)
{
	usize n = strlen(name);
	const char *end;

	if (strncmp(text, name, n) != 0 || text[n] != '=')
		return 0;
	if (base != 0)
		return parse_u64(text + n + 1, &end, base, out) == 0 ? 1 :
		    -EINVAL;
	if (parse_size(text + n + 1, &end, out) != 0)
		return -EINVAL;
	if (*end == '%')
		*out = nframes * PAGE_SIZE / 100 * *out;
	return 1;
}

/* "size=10%,mode=755": what is not ours is -EINVAL, as tmpfs(5). */
static int
parse_options(const char *text, struct tmpfs_options *o)
{
	while (text != NULL && *text != '\0') {
		int rc = option_number(text, "size", 0, &o->size_bytes);

		if (rc == 0)
			rc = option_number(text, "nr_inodes", 0,
			    &o->nr_inodes);
		if (rc == 0)
			rc = option_number(text, "mode", 8, &o->mode);
		if (rc == 0)
			rc = option_number(text, "uid", 10, &o->uid);
		if (rc == 0)
			rc = option_number(text, "gid", 10, &o->gid);
		if (rc == 0 && !str_has_prefix(text, "huge=") &&
		    !str_has_prefix(text, "noswap") &&
		    !str_has_prefix(text, "inode64"))
			return -EINVAL;
		if (rc < 0)
			return rc;
		while (*text != '\0' && *text != ',')
			text++;
		while (*text == ',')
			text++;
	}
	return 0;
}

static int
tmpfs_statfs(struct superblock *sb, struct lx_statfs *st)
{
	struct tmpfs_super *s = tmpfs_super(sb);
	u64 pages = READ_ONCE(s->used_pages), inodes =
	    READ_ONCE(s->used_inodes);

	st->f_type = TMPFS_MAGIC;
	st->f_blocks = s->max_pages;
	st->f_bfree = st->f_bavail = s->max_pages > pages ?
	    s->max_pages - pages : 0;
	st->f_files = s->max_inodes;
	st->f_ffree = s->max_inodes > inodes ? s->max_inodes - inodes : 0;
	return 0;
}

static int
tmpfs_remount(struct superblock *sb, u32 flags, const char *opts)
{
	struct tmpfs_super *s = tmpfs_super(sb);
	struct tmpfs_options o = { .size_bytes = s->max_pages * PAGE_SIZE,
	    .nr_inodes = s->max_inodes };
	int rc = parse_options(opts, &o);

	if (rc != 0)
		return rc;
	if (DIV_UP(o.size_bytes, PAGE_SIZE) < READ_ONCE(s->used_pages) ||
	    o.nr_inodes < READ_ONCE(s->used_inodes))
		return -EINVAL;
	WRITE_ONCE(s->max_pages, DIV_UP(o.size_bytes, PAGE_SIZE));
	WRITE_ONCE(s->max_inodes, o.nr_inodes);
	return 0;
}

static void
tmpfs_unmount(struct superblock *sb)
{
	kmem_put(&tmpfs_super_cache, sb->priv);
}

static int
tmpfs_show(struct superblock *sb, char *buf, usize len)
{
	struct tmpfs_super *s = tmpfs_super(sb);

	return kscnprintf(buf, len, ",size=%luk,nr_inodes=%lu",
	    s->max_pages * (PAGE_SIZE / 1024), s->max_inodes);
}

static const struct super_ops tmpfs_super_ops = {
	.free_inode = tmpfs_free_inode,
	.evict = tmpfs_evict,
	.statfs = tmpfs_statfs,
	.remount = tmpfs_remount,
	.unmount = tmpfs_unmount,
	.show = tmpfs_show,
};

int
tmpfs_mount(struct fs_type *t, const char *source, u32 flags,
    const char *opts, struct superblock **out)
{
	struct frame_stats mem;
	struct tmpfs_options o = { .mode = 01777 };
	struct tmpfs_super *s;
	struct superblock *sb;
	struct inode *root;
	int rc;

	frame_stats(&mem);
	o.size_bytes = mem.total / 2 * PAGE_SIZE;
	o.nr_inodes = mem.total / 2;
	rc = parse_options(opts, &o);
	if (rc != 0)
		return rc;
	s = kmem_get_zero(&tmpfs_super_cache);
	s->max_pages = DIV_UP(o.size_bytes, PAGE_SIZE);
	s->max_inodes = MAX(o.nr_inodes, 1ul);
	sb = sb_create(t, &tmpfs_super_ops, flags);
	sb->priv = s;
	sb->pins_dentries = true;
	root = node_create(sb, NULL, S_IFDIR | (o.mode & S_IALLUGO), 0);
	root->uid = o.uid;
	root->gid = o.gid;
	sb_set_root(sb, root);
	*out = sb;
	return 0;
}

static struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.nodev = true,
	.mount = tmpfs_mount,
};

void
tmpfs_register(void)
{
	fs_register(&tmpfs_type);
}
