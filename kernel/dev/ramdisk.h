/*
 * RAM disks.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Boot: a disk of the bytes [start, end), which are outside of the allocator
 * and stay so (a boot module); what is less than a sector at the end is cut
 * off. False: there is no room for another.
 */
bool	ramdisk_add_range(paddr_t start, paddr_t end);
/* Boot: an empty one, as `ramdisk=SIZE` on the command line says. */
void	ramdisk_init(const char *cmdline);
