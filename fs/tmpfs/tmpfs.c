/*
 * tmpfs: a file system in memory, the first root.
 *
 * Directories have no form of their own: their names are dentries, which the
 * VFS pins for a file system that says so (sb.pins_dentries). What is left for
 * tmpfs is inodes, link counts and limits.
 *
 * The limits (size=, nr_inodes=) are hard: what is written here outlives its
 * writer, so no kill would give it back. They are checked before anything is
 * taken.
 *
 * Locks: the VFS holds the directories' locks for writing in all calls that
 * change names.
 */
#include "fs/tmpfs/tmpfs.h"
#include "bounds.h"
#include "fs/tmpfs/tmpfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"

#define TMPFS_MAGIC	0x01021994
#define DIRENT_BYTES	20		/* what a name adds to a size */
#define KBUF_LINK_MAX	2048		/* longer link texts take a frame */

static KMEM_CACHE(tnode_cache, "tmpfs-inode", struct tnode);
static KMEM_CACHE(tmpfs_cache, "tmpfs-mount", struct tmpfs);
static const struct inode_ops tmpfs_dir_ops, tmpfs_inode_ops, tmpfs_link_ops;
static u64 next_ino = 1;		/* [a] of all instances */

static const struct file_ops tmpfs_dir_file_ops = {
	.name = "tmpfs",
	.seekable = true,
	.bound = { [FOP_READDIR] = BOUND_tmpfs_readdir },
	.readdir = dir_readdir,
	.seek = dir_seek,
};

/* ---- inodes ---- */

/* -ENOSPC, or a new inode; dir NULL: the root. */
static int
tnode_create(struct superblock *sb, const struct inode *dir, u32 mode,
    u64 rdev, struct inode **out)
{
	struct tmpfs *fs = tmpfs_of(sb);
	struct tnode *t;
	struct inode *i;

	if (atomic_add_return(&fs->inodes, 1) > fs->max_inodes) {
		atomic_dec(&fs->inodes);
		return -ENOSPC;
	}
	t = kmem_get_zero(&tnode_cache);
	i = &t->inode;
	inode_init(i, sb, mode);
	if (dir != NULL)
		inode_init_owner(i, dir, mode);
	i->ino = atomic_add_return(&next_ino, 1);
	i->rdev = rdev;
	i->nlink = S_ISDIR(mode) ? 2 : 1;
	i->ops = &tmpfs_inode_ops;
	if (S_ISDIR(mode)) {
		i->ops = &tmpfs_dir_ops;
		i->fops = &tmpfs_dir_file_ops;
	} else if (S_ISREG(mode)) {
		i->fops = &tmpfs_file_ops;
		pager_init(&i->pager, &tmpfs_pager_ops);
		i->pager.flags = PAGER_RAM;
	}
	*out = i;
	return 0;
}

static void
tmpfs_evict(struct inode *i)
{
	if (S_ISREG(i->mode))
		tmpfs_drop_pages(i);
}

static void
tmpfs_free_inode(struct inode *i)
{
	struct tnode *t = tnode_of(i);

	if (t->link_bytes > KBUF_LINK_MAX)
		frame_put(frame_of_virt(t->link));
	else if (t->link_bytes != 0)
		kbuf_put(t->link, t->link_bytes);
	atomic_dec(&tmpfs_of(i->sb)->inodes);
	kmem_put(&tnode_cache, t);
}

/* ---- names ---- */

static void
dir_changed(struct inode *dir, s32 entries)
{
	dir->size += entries * DIRENT_BYTES;
	inode_touch(dir, SETATTR_MTIME);
}

static int
tmpfs_create(struct inode *dir, struct dentry *d, u32 mode, u64 rdev,
    struct inode **out)
{
	int err = tnode_create(dir->sb, dir, mode, rdev, out);

	(void)d;
	if (err != 0)
		return err;
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
	struct tnode *t;
	int err;

	(void)d;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	err = tnode_create(dir->sb, dir, S_IFLNK | 0777, 0, out);
	if (err != 0)
		return err;
	t = tnode_of(*out);
	t->link_bytes = len + 1;
	t->link = len + 1 > KBUF_LINK_MAX ?
	    frame_virt(frame_get(FRAME_BUFFER)) : kbuf_get(len + 1);
	memcpy(t->link, target, len + 1);
	t->inode.size = len;
	t->inode.ops = &tmpfs_link_ops;
	dir_changed(dir, 1);
	return 0;
}

static int
tmpfs_link(struct inode *dir, struct dentry *d, struct inode *i)
{
	(void)d;
	i->nlink++;
	inode_touch(i, 0);
	dir_changed(dir, 1);
	return 0;
}

static int
tmpfs_unlink(struct inode *dir, struct dentry *d)
{
	d->inode->nlink--;
	inode_touch(d->inode, 0);
	dir_changed(dir, -1);
	return 0;
}

static int
tmpfs_rmdir(struct inode *dir, struct dentry *d)
{
	if (!dentry_is_empty_dir(d))
		return -ENOTEMPTY;
	d->inode->nlink = 0;
	dir->nlink--;
	dir_changed(dir, -1);
	return 0;
}

static int
tmpfs_rename(struct inode *from, struct dentry *d, struct inode *to,
    struct dentry *over, u32 flags)
{
	bool d_is_dir = S_ISDIR(d->inode->mode);
	bool over_is_dir = over->inode != NULL && S_ISDIR(over->inode->mode);

	if (flags & RENAME_EXCHANGE) {
		from->nlink += over_is_dir - d_is_dir;
		to->nlink += d_is_dir - over_is_dir;
	} else {
		if (over_is_dir && !dentry_is_empty_dir(over))
			return -ENOTEMPTY;
		if (over->inode != NULL) {
			over->inode->nlink -= over_is_dir ? 2 : 1;
			inode_touch(over->inode, 0);
			to->nlink -= over_is_dir;
			dir_changed(to, -1);
		}
		from->nlink -= d_is_dir;
		to->nlink += d_is_dir;
		dir_changed(from, -1);
		dir_changed(to, 1);
	}
	inode_touch(d->inode, 0);
	return 0;
}

/* ---- attributes and links ---- */

static int
tmpfs_setattr(struct inode *i, const struct setattr *sa)
{
	int err = 0;

	if (sa->valid & SETATTR_SIZE)
		err = tmpfs_set_size_locked(i, sa->size);
	if (err == 0)
		inode_setattr(i, sa);
	return err;
}

static const char *
tmpfs_get_link(struct inode *i)
{
	return tnode_of(i)->link;
}

static isize
tmpfs_readlink(struct inode *i, char *buf, usize len)
{
	usize n = MIN(len, (usize)i->size);

	memcpy(buf, tnode_of(i)->link, n);
	return n;
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

static const struct inode_ops tmpfs_inode_ops = {
	.setattr = tmpfs_setattr,
};

static const struct inode_ops tmpfs_link_ops = {
	.setattr = tmpfs_setattr,
	.readlink = tmpfs_readlink,
	.get_link = tmpfs_get_link,
};

/* ---- the file system ---- */

static int
tmpfs_statfs(struct superblock *sb, struct lx_statfs *st)
{
	struct tmpfs *fs = tmpfs_of(sb);

	*st = (struct lx_statfs){
		.f_type = TMPFS_MAGIC, .f_bsize = PAGE_SIZE,
		.f_blocks = fs->max_pages,
		.f_bfree = fs->max_pages - MIN(fs->pages, fs->max_pages),
		.f_files = fs->max_inodes,
		.f_ffree = fs->max_inodes - MIN(fs->inodes, fs->max_inodes),
		.f_namelen = NAME_MAX, .f_frsize = PAGE_SIZE,
	};
	st->f_bavail = st->f_bfree;
	return 0;
}

static int
tmpfs_show(struct superblock *sb, char *buf, usize len)
{
	struct tmpfs *fs = tmpfs_of(sb);

	return ksnprintf(buf, len, ",size=%luk,nr_inodes=%lu",
	    fs->max_pages * (PAGE_SIZE / 1024), fs->max_inodes);
}

static void
tmpfs_unmount(struct superblock *sb)
{
	kmem_put(&tmpfs_cache, tmpfs_of(sb));
}

static int
option_size(const char *value, u64 total, u64 *bytes)
{
	const char *end;
	u64 percent;

	if (parse_u64(value, &end, 10, &percent) == 0 && *end == '%') {
		*bytes = total / 100 * percent;
		return 0;
	}
	return parse_size(value, NULL, bytes);
}

/* One "key=value" of mount(2)'s data. */
static int
option_apply(struct tmpfs *fs, const char *key, const char *value, u64 total)
{
	u64 n;

	if (strcmp(key, "size") == 0) {
		if (option_size(value, total, &n) != 0)
			return -EINVAL;
		fs->max_pages = DIV_UP(n, PAGE_SIZE);
	} else if (strcmp(key, "nr_inodes") == 0) {
		if (parse_size(value, NULL, &n) != 0)
			return -EINVAL;
		fs->max_inodes = n;
	} else if (strcmp(key, "mode") == 0) {
		if (parse_u64(value, NULL, 8, &n) != 0 || n > 07777)
			return -EINVAL;
		fs->mode = n;
	} else if (strcmp(key, "uid") == 0 || strcmp(key, "gid") == 0) {
		if (parse_u64(value, NULL, 10, &n) != 0 || n > 0xfffffffe)
			return -EINVAL;
		*(key[0] == 'u' ? &fs->uid : &fs->gid) = n;
	} else {
		return -EINVAL;
	}
	return 0;
}

#define OPTION_MAX	64

/* Comma-separated options; unknown ones are refused. */
static int
options_parse(struct tmpfs *fs, const char *opts, u64 total)
{
	char word[OPTION_MAX];
	int err = 0;

	while (err == 0 && opts != NULL && *opts != '\0') {
		const char *end = strchr(opts, ',');
		usize len = end != NULL ? (usize)(end - opts) : strlen(opts);
		char *value;

		if (len >= sizeof(word))
			return -EINVAL;
		memcpy(word, opts, len);
		word[len] = '\0';
		opts += len + (end != NULL);
		if (len == 0)
			continue;
		value = strchr(word, '=');
		if (value == NULL)
			return -EINVAL;
		*value++ = '\0';
		err = option_apply(fs, word, value, total);
	}
	return err;
}

static int
tmpfs_remount(struct superblock *sb, u32 flags, const char *opts)
{
	struct tmpfs new = *tmpfs_of(sb);
	struct frame_stats st;
	int err;

	(void)flags;
	frame_stats(&st);
	err = options_parse(&new, opts, st.total * PAGE_SIZE);
	if (err != 0)
		return err;
	if (new.max_pages < tmpfs_of(sb)->pages ||
	    new.max_inodes < tmpfs_of(sb)->inodes)
		return -EINVAL;
	tmpfs_of(sb)->max_pages = new.max_pages;
	tmpfs_of(sb)->max_inodes = new.max_inodes;
	return 0;
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
	struct frame_stats st;
	struct tmpfs *fs, conf;
	struct superblock *sb;
	struct inode *root;
	int err;

	(void)source;
	frame_stats(&st);
	conf = (struct tmpfs){ .max_pages = st.total / 2,
	    .max_inodes = st.total / 2, .mode = 01777 };
	err = options_parse(&conf, opts, st.total * PAGE_SIZE);
	if (err != 0)
		return err;
	if (conf.max_inodes == 0)
		return -EINVAL;
	fs = kmem_get(&tmpfs_cache);
	*fs = conf;
	sb = sb_create(t, &tmpfs_super_ops, flags);
	sb->priv = fs;
	sb->pins_dentries = true;
	err = tnode_create(sb, NULL, S_IFDIR | conf.mode, 0, &root);
	assert(err == 0);		/* max_inodes > 0 */
	root->uid = conf.uid;
	root->gid = conf.gid;
	sb_set_root(sb, root);
	*out = sb;
	return 0;
}

static struct fs_type tmpfs_type = {
	.name = "tmpfs", .nodev = true, .mount = tmpfs_mount,
};
static struct fs_type ramfs_type = {
	.name = "ramfs", .nodev = true, .mount = tmpfs_mount,
};

void
tmpfs_init(void)
{
	fs_register(&tmpfs_type);
	fs_register(&ramfs_type);
}
