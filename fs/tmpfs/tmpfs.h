/*
 * tmpfs for others: file systems that live in memory and fill themselves
 * (devfs) mount an instance of their own and add nodes by vfs_make().
 */
#pragma once

#include "fs/vfs/vfs.h"

void	tmpfs_register(void);
/* fs_type.mount of tmpfs; t may be another type (devfs). */
int	tmpfs_mount(struct fs_type *t, const char *source, u32 flags,
	    const char *opts, struct superblock **out);
