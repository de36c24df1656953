/*
 * Between inode.c and record.c. All under fs->spin.
 */
#pragma once

#include "fs/ext/ext_priv.h"

/* All but what makes an inode (type, number, generation, extra_bytes). */
void	ext_record_get(struct ext_inode *e, const struct ext_raw_inode *r);
/* With its checksum. */
void	ext_record_put(struct ext_inode *e, struct ext_raw_inode *r);
bool	ext_record_csum_is_good(const struct ext_inode *e,
	    const struct ext_raw_inode *r);
