/*
 * Files in memory. tmpfs_init() registers the file system.
 */
#pragma once

#include "kernel/lib/types.h"

struct fs_type;
struct superblock;

void	tmpfs_init(void);
/* For file systems built on tmpfs (devfs): mount one of type t. */
int	tmpfs_mount(struct fs_type *t, const char *source, u32 flags,
	    const char *opts, struct superblock **out);
