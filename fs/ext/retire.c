/*
 * The end of an inode that has no name any more: what it has on the disk is
 * freed, each step in a change of its own (E4), and at last its number.
 */
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

#define NS_PER_SEC	1000000000ul
/* Off the orphan list, its number, itself. */
#define CREDITS_END	(3u + 4u + EXT_CREDITS_INODE)

static BOUND_ROW(ext_retire);		/* a step */

/* Its block of attributes. 0, -EINTR; other errors are logged. */
static int
retire_xattr(struct ext_inode *e)
{
	int rc = reserve_row(&bound_ext_retire);

	if (rc != 0)
		return rc;
	rc = ext_begin(e->fs, EXT_CREDITS_XATTR);
	if (rc != 0)
		return rc;
	rc = ext_xattr_free(e);
	if (rc == 0)
		rc = ext_inode_store(e);
	ext_end(e->fs);
	return rc;
}

static int
retire_number(struct ext_inode *e)
{
	int rc = reserve_row(&bound_ext_retire);

	if (rc != 0)
		return rc;
	rc = ext_begin(e->fs, CREDITS_END);
	if (rc != 0)
		return rc;
	rc = ext_orphan_remove(e);
	if (rc == 0)
		rc = ext_ino_free(e);
	e->dtime = (u32)(vfs_now_ns() / NS_PER_SEC);
	e->i.size = e->disk_size = 0;
	if (rc == 0)
		rc = ext_inode_store(e);
	ext_end(e->fs);
	return rc;
}

int
ext_inode_retire(struct inode *i)
{
	struct ext_inode *e = ext_inode(i);
	int rc = 0;

	if (ext_has_blocks(e))
		rc = ext_truncate_finish(e, 0);
	if (rc == 0 && e->file_acl != 0)
		rc = retire_xattr(e);
	if (rc == 0)
		rc = retire_number(e);
	if (rc == -EINTR)
		return rc;
	if (rc != 0 && rc != -EROFS && rc != -EIO)
		kwarn("ext4 on %s: inode %lu stays an orphan (error %d)",
		    e->fs->dev->name, i->ino, rc);
	return 0;
}
