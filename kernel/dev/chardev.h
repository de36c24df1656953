/*
 * Character devices: what an inode of type S_IFCHR opens.
 */
#pragma once

#include "kernel/file/file.h"
#include "kernel/lib/types.h"

struct chardev {
	struct chardev	*next;
	const char	*name;		/* node's name in devfs: "null" */
	u32		major, minor;
	u32		mode;		/* permissions of the node */
	/* Open: sets *ops and *priv of the file to be. flags: O_*. NULL: ops
	 * and priv below. */
	int	(*open)(struct chardev *d, u32 flags,
		    const struct file_ops **ops, void **priv);
	const struct file_ops *ops;
	void		*priv;
};

void	chardev_add(struct chardev *d);		/* boot; or later, locked */
struct chardev *chardev_find(u32 major, u32 minor);
struct chardev *chardev_first(void);
u32	chardev_generation(void);		/* changes with each add */
