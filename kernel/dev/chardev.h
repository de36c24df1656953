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

/* At boot, or later in a thread that may sleep: then it draws on the
 * charge what a node of devfs takes. */
void	chardev_add(struct chardev *d);
/* Told of each device added after devfs was filled; fs/devfs sets it. */
extern void (*chardev_added)(struct chardev *d);
struct chardev *chardev_find(u32 major, u32 minor);
struct chardev *chardev_first(void);
u32	chardev_generation(void);		/* changes with each add */
