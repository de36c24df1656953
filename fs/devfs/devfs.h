/*
 * /dev: devfs_init() makes the file system "devfs", also called "devtmpfs".
 */
#pragma once

/* After tmpfs_init(), and after the drivers of boot added their devices. */
void	devfs_init(void);
