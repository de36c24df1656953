/*
 * Directories that live in the name cache: reading them.
 *
 * Entries stand in a tree ordered by a cookie that each gets behind all others
 * when it is made, so a reader's offset (the next cookie) stays good whatever
 * comes and goes. 0 and 1 are the dots.
 */
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"

int
dir_emit_dots(struct file *f, struct dir_sink *sink)
{
	struct dentry *d = f->dentry, *parent;
	u64 ino;

	if (f->pos == 0) {
		if (sink->fill(sink, ".", 1, d->inode->ino, DT_DIR, 1))
			return 1;
		f->pos = 1;
	}
	if (f->pos == 1) {
		spin_lock(&names_lock);
		parent = d->parent;
		ino = parent->inode->ino;
		spin_unlock(&names_lock);
		if (sink->fill(sink, "..", 2, ino, DT_DIR, 2))
			return 1;
		f->pos = 2;
	}
	return 0;
}

/* The first entry whose cookie is at least cookie. */
static struct dentry *
entry_from(struct dentry *dir, u64 cookie)
{
	struct rb_node *n = dir->dir_tree.node;
	struct dentry *best = NULL;

	while (n != NULL) {
		struct dentry *d = RB_ENTRY(n, struct dentry, dir_node);

		if (d->cookie >= cookie) {
			best = d;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

int
dir_readdir(struct file *f, struct dir_sink *sink)
{
	struct inode *dir = f->inode;
	struct dentry *d;
	struct rb_node *n;

	if (f->pos < 0)
		return -EINVAL;
	if (dir_emit_dots(f, sink))
		return 0;
	rwlock_read_lock(&dir->lock);
	for (d = entry_from(f->dentry, f->pos); d != NULL;
	    d = rb_entry_or_null(n, struct dentry, dir_node)) {
		if (sink->fill(sink, d->name, d->name_len, d->inode->ino,
		    inode_dirent_type(d->inode), d->cookie + 1))
			break;
		f->pos = d->cookie + 1;
		n = rb_next(&d->dir_node);
	}
	rwlock_read_unlock(&dir->lock);
	if (dir->atime_ns <= dir->mtime_ns)	/* as relatime does */
		inode_touch(dir, SETATTR_ATIME);
	return 0;
}

s64
dir_seek(struct file *f, s64 off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	f->pos = off;
	return off;
}
