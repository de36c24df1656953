/*
 * What tmpfs's files share.
 */
#pragma once

#include "fs/cache/tree.h"
#include "fs/tmpfs/tmpfs.h"
#include "kernel/lib/atomic.h"

#define LINK_INLINE	48u

/* a atomic; I immutable */
struct tmpfs_super {
	u64	max_pages, max_inodes;	/* [a] limits; 0 never */
	u64	used_pages, used_inodes;	/* [a] */
	u64	last_ino;		/* [a] */
};

/*
 * The tree changes under inode.lock for writing and inode.spin, so that either
 * lets one read it. I immutable
 */
struct tmpfs_inode {
	struct inode	i;		/* first */
	struct pager	pager;		/* mapped regular files */
	struct tree	tree;		/* regular files */
	char		*link;		/* [I] text: inline, kbuf or frame */
	u32		link_len;	/* [I] */
	char		link_inline[LINK_INLINE];
};

static inline struct tmpfs_inode *
tmpfs_inode(struct inode *i)
{
	return CONTAINER_OF(i, struct tmpfs_inode, i);
}

static inline struct tmpfs_super *
tmpfs_super(struct superblock *sb)
{
	return sb->priv;
}

/* Count n more of *used against max; false: it would be more. */
static inline bool
tmpfs_take(u64 *used, const u64 *max, u64 n)
{
	if (likely(atomic_add_return(used, n) <= READ_ONCE(*max)))
		return true;
	atomic_sub(used, n);
	return false;
}

extern const struct file_ops tmpfs_file_ops;
extern const struct pager_ops tmpfs_pager_ops;
int	tmpfs_set_size(struct inode *i, s64 size);	/* lock held, writing */
void	tmpfs_free_pages(struct inode *i);		/* the inode is dying */
