/*
 * Between the files of fs/tmpfs.
 */
#pragma once

#include "fs/tmpfs/pagetree.h"
#include "fs/vfs/vfs.h"

/* l the inode's lock; I immutable */
struct tnode {
	struct inode	inode;
	struct pagetree	tree;		/* [l] regular files */
	char		*link;		/* [I] symbolic links: the text */
	u32		link_bytes;	/* [I] its buffer: kbuf or frame */
};

/* What all inodes of one mount share. a atomic; I changes by remount only */
struct tmpfs {
	u64		max_pages, max_inodes;	/* [I] */
	u64		pages, inodes;		/* [a] in use */
	u32		mode, uid, gid;		/* [I] of the root */
};

static inline struct tnode *
tnode_of(const struct inode *i)
{
	return CONTAINER_OF(i, struct tnode, inode);
}

static inline struct tmpfs *
tmpfs_of(const struct superblock *sb)
{
	return sb->priv;
}

extern const struct file_ops tmpfs_file_ops;
extern const struct pager_ops tmpfs_pager_ops;

/* Make the file length bytes long. 0, -EFBIG. The lock is held for writing. */
int	tmpfs_set_size_locked(struct inode *i, s64 length);
void	tmpfs_drop_pages(struct inode *i);	/* eviction */
