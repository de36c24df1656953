/*
 * What a look-up or a change of names lacks in memory (fs/vfs/warm.c): it is
 * noted here, by what it is to the file system, not by its number on the disk.
 * So who reads it, under the locks that guard where it is, finds the right one,
 * though others may have changed that meanwhile; or nothing to be done any
 * more.
 */
#include "fs/ext/dir_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/vm/reserve.h"

static BOUND_ROW(ext_warm);		/* one reading */

int
ext_want(enum ext_want what, struct ext_inode *owner, u64 at)
{
	struct warm *w = current->warm;

	assert(w != NULL);
	if (owner != NULL)
		inode_get(&owner->i);
	if (w->owner != NULL)
		inode_put_later(w->owner);
	w->owner = owner != NULL ? &owner->i : NULL;
	w->what = what;
	w->at = at;
	return -EAGAIN;
}

u32
ext_nwarmed(void)
{
	return current->warm != NULL ? current->warm->npins : 0;
}

/* A block of a directory. */
static int
read_dir(struct ext_inode *dir, u32 lblock, struct warm *w)
{
	struct ext_look l = { .dir = dir, .lblock = lblock,
	    .kind = w->what == EXT_WANT_INDEX ? EXT_BLOCK_HTREE :
	    EXT_BLOCK_DIR };
	int rc = -EAGAIN;

	rwlock_read_lock(&dir->i.lock);
	/* Only the first one ever changes its kind: where a tree is made. */
	if (lblock != 0 || ext_dir_is_indexed(dir) ==
	    (l.kind == EXT_BLOCK_HTREE))
		rc = ext_look_fetch(&l);
	rwlock_read_unlock(&dir->i.lock);
	if (l.n > 0)
		w->pin[w->npins++] = l.pinned[0];
	return rc;
}

static int
read_noted(struct ext_fs *fs, struct warm *w, struct buffer **b)
{
	struct ext_inode *owner = w->owner != NULL ? ext_inode(w->owner) : NULL;

	switch (w->what) {
	case EXT_WANT_INODE:
		return ext_table_read(fs, (u32)w->at, b);
	case EXT_WANT_INODE_BITMAP:
		return ext_inode_bitmap_read(fs, (u32)w->at, b);
	case EXT_WANT_BITMAP:
		return ext_bitmap_get(fs, (u32)w->at, b);
	case EXT_WANT_MAP:
		return ext_map_fetch(owner, w->at, b);
	case EXT_WANT_DIR:
	case EXT_WANT_INDEX:
		return read_dir(owner, (u32)w->at, w);
	case EXT_WANT_LINK:
		return ext_link_fetch(owner, b);
	default:
		return 0;		/* the work has come forward */
	}
}

int
ext_warm(struct superblock *sb, struct warm *w)
{
	struct buffer *b = NULL;
	int rc = reserve_row(&bound_ext_warm);

	if (rc != 0)
		return rc;
	rc = read_noted(ext_fs(sb), w, &b);
	if (b != NULL)
		w->pin[w->npins++] = b;
	return rc == -EAGAIN ? 0 : rc;
}

void
ext_cool(struct warm *w)
{
	while (w->npins > 0)
		buffer_put(w->pin[--w->npins]);
	if (w->owner != NULL)
		inode_put(w->owner);
}
