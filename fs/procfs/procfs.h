/*
 * /proc: views of the kernel as text. procfs_init() registers the file system.
 */
#pragma once

void	procfs_init(void);
