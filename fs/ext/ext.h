/*
 * ext2, ext3 and ext4: for the start order.
 */
#pragma once

void	ext_register(void);
