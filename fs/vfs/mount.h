/*
 * The calls on the tree of mounts; what system calls and start-up use.
 */
#pragma once

#include "kernel/lib/types.h"

struct path;
struct superblock;

/*
 * mount(2): names are kernel strings. The caller is privileged, has reserved,
 * and holds nothing.
 */
int	vfs_mount(const char *source, const char *target, const char *type,
	    u32 flags, const char *opts);
int	vfs_umount(const char *name, u32 flags);	/* MNT_* */
/* pivot_root(2); both roots get references, for fs_ctx_change_root(). */
int	vfs_pivot_root(const char *new_root, const char *put_old,
	    struct path *old_root, struct path *fresh_root);

void	sb_put_inode(struct superblock *sb);
