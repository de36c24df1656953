/*
 * Orphans: inodes that are to lose their blocks, or themselves, in more than
 * one transaction.
 *
 * On disk they form a list: the superblock names the newest, and each names
 * the next in i_dtime, which has no other use as long as it is not deleted.
 * In memory the same list, in the same order, says who stands before whom:
 * taking one off changes the one before it. The next mount finishes what is on
 * the list: it truncates what has names, and frees what has none.
 *
 * The list is the disk's word. Each turn of the clean-up takes the first one
 * off; a list that leads to itself, to what is free, or nowhere, ends: at the
 * latest after as many turns as there are inodes.
 *
 * LIMIT: the list of the orphan_file feature is e2fsck's to clean: a file
 * system that has orphans there (orphan_present) is mounted read-only only
 * (super.c). New ones go to the old list, which the feature allows.
 */
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/assert.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

static BOUND_ROW(ext_orphan);		/* a look at one of the clean-up */

/* True: it was not. */
static bool
link_locked(struct ext_inode *e)
{
	struct ext_fs *fs = e->fs;
	struct ext_super *s = ext_super(fs);
	bool is_new = list_is_empty(&e->orphan_node);

	if (is_new) {
		ext_write_buffer(fs, fs->super);
		spin_lock(&fs->spin);
		e->dtime = s->last_orphan;
		spin_unlock(&fs->spin);
		s->last_orphan = (u32)e->i.ino;
		list_push_front(&fs->orphans, &e->orphan_node);
	}
	return is_new;
}

void
ext_orphan_link(struct ext_inode *e)
{
	mutex_lock(&e->fs->group_lock);
	(void)link_locked(e);
	mutex_unlock(&e->fs->group_lock);
}

int
ext_orphan_add(struct ext_inode *e)
{
	int rc = 0;

	mutex_lock(&e->fs->group_lock);
	if (link_locked(e))
		rc = ext_inode_store(e);
	mutex_unlock(&e->fs->group_lock);
	return rc;
}

/* Who stands before e now stands before whom e stood before. */
static int
unlink_locked(struct ext_inode *e)
{
	struct ext_fs *fs = e->fs;
	struct ext_inode *before;

	if (e->orphan_node.prev == &fs->orphans) {
		ext_write_buffer(fs, fs->super);
		ext_super(fs)->last_orphan = e->dtime;
		return 0;
	}
	before = CONTAINER_OF(e->orphan_node.prev, struct ext_inode,
	    orphan_node);
	spin_lock(&fs->spin);
	before->dtime = e->dtime;
	spin_unlock(&fs->spin);
	return ext_inode_store(before);
}

int
ext_orphan_remove(struct ext_inode *e)
{
	struct ext_fs *fs = e->fs;
	int rc = 0;

	mutex_lock(&fs->group_lock);
	if (!list_is_empty(&e->orphan_node)) {
		rc = unlink_locked(e);
		list_remove(&e->orphan_node);
		spin_lock(&fs->spin);
		e->dtime = 0;
		spin_unlock(&fs->spin);
		if (rc == 0)
			rc = ext_inode_store(e);
	}
	mutex_unlock(&fs->group_lock);
	return rc;
}

/* ---- what the last mount left ---- */

static int
truncate_end(struct ext_inode *e)
{
	u64 size = (u64)e->i.size;
	int rc = 0;

	if (S_ISREG(e->i.mode))
		rc = ext_truncate_finish(e, DIV_UP(size,
		    (u64)e->fs->block_bytes));
	if (rc != 0)
		return rc;
	rc = reserve_row(&bound_ext_orphan);
	if (rc != 0)
		return rc;
	rc = ext_begin(e->fs, 2 * EXT_CREDITS_INODE);
	if (rc != 0)
		return rc;
	rc = ext_orphan_remove(e);
	ext_end(e->fs);
	return rc;
}

/* The first of the list, referenced, and on the list in memory. */
static int
orphan_first(struct ext_fs *fs, struct ext_inode **out)
{
	struct inode *i;
	int rc = reserve_row(&bound_ext_orphan);

	if (rc != 0)
		return rc;
	rc = ext_inode_get_any(fs, ext_super(fs)->last_orphan, EXT_GET_ORPHAN,
	    &i);
	if (rc != 0)
		return rc;
	*out = ext_inode(i);
	mutex_lock(&fs->group_lock);
	if (list_is_empty(&(*out)->orphan_node))
		list_push_front(&fs->orphans, &(*out)->orphan_node);
	mutex_unlock(&fs->group_lock);
	return 0;
}

int
ext_orphan_cleanup(struct ext_fs *fs)
{
	u32 ndeleted = 0, ntruncated = 0, left = fs->ninodes;
	struct ext_inode *e;
	int rc = 0;

	while (rc == 0 && ext_super(fs)->last_orphan != 0 && left-- > 0) {
		u32 ino = ext_super(fs)->last_orphan;

		rc = orphan_first(fs, &e);
		if (rc != 0)
			break;
		if (e->i.nlink != 0) {
			rc = truncate_end(e);
			ntruncated++;
		} else {
			ndeleted++;
		}
		inode_put_retire(&e->i);
		/* Nobody else works on the list yet: it must have moved on. */
		if (rc == 0 && ext_super(fs)->last_orphan == ino)
			rc = -EUCLEAN;
	}
	if (rc == -EINTR)
		return rc;
	if (rc != 0)
		rc = ext_error(fs, "the list of orphans ends at inode %u",
		    ext_super(fs)->last_orphan);
	if (ndeleted + ntruncated > 0)
		kinfo("ext4 on %s: orphans: %u deleted, %u truncated",
		    fs->dev->name, ndeleted, ntruncated);
	return 0;
}
