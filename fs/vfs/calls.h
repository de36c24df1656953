/*
 * What the system calls on names ask of the VFS. Names are kernel strings. The
 * caller holds nothing and has reserved what is said.
 */
#pragma once

#include "fs/vfs/vfs.h"

/* Attributes: no frames. */
int	vfs_setattr(const struct path *p, const struct setattr *sa,
	    bool times_now);
int	vfs_stat(const struct path *p, struct lx_stat *st);
int	vfs_statfs(const struct path *p, struct lx_statfs *st);
int	vfs_truncate(const struct path *p, s64 length);
int	vfs_truncate_inode(struct inode *i, s64 length);

bool	path_is_readonly(const struct path *p);
bool	path_is_noexec(const struct path *p);

/* stat of a name under RCU alone, without frames; or WALK_RETRY_CALL: it must
 * be done by path_walk(). */
#define WALK_RETRY_CALL		1
int	vfs_stat_fast(int dirfd, const char *name, u32 flags,
	    struct lx_stat *st);

/* Making and removing names; all walk: path_walk(). */
int	vfs_mknod(int dirfd, const char *name, u32 mode, u64 rdev);
int	vfs_symlink(const char *target, int dirfd, const char *name);
int	vfs_link(int from_fd, const char *from, int to_fd, const char *to,
	    u32 walk_flags);
int	vfs_unlink(int dirfd, const char *name);
int	vfs_rmdir(int dirfd, const char *name);
int	vfs_rename(int from_fd, const char *from, int to_fd, const char *to,
	    u32 flags);
isize	vfs_readlink(const struct path *p, char *buf, usize len);

/* Extended attributes, by whole names; lengths in bytes. setxattr: value NULL
 * takes it away. listxattr: what current may see. Draw on the charge. */
isize	vfs_getxattr(const struct path *p, const char *name, void *buf,
	    usize len);
int	vfs_setxattr(const struct path *p, const char *name,
	    const void *value, usize len, u32 flags);
isize	vfs_listxattr(const struct path *p, char *buf, usize len);

int	vfs_sync(void);			/* all file systems; renews */

/* Working directory and root: the path's references pass to current->fs. */
void	fs_ctx_set_cwd(struct path *p);
void	fs_ctx_set_root(struct path *p);
/* For every process that stands at old: the caller walks them (pivot_root), and
 * drops as many references to old as this returns. */
u32	fs_ctx_change_root(struct fs_ctx *fs, const struct path *old,
	    const struct path *fresh);
