/*
 * Extended attributes of inodes: what namei.c and data.c put in their
 * inode_ops. xattr.c has the theory.
 */
#pragma once

#include "fs/ext/ext_priv.h"

/* The inode, stored; a block that is new: bit map, descriptor, super, itself;
 * one that is freed, or no longer shared: the same. */
#define EXT_XATTR_CREDITS	EXT_CREDITS_XATTR

isize	ext_getxattr(struct inode *i, const char *name, void *buf, usize len);
int	ext_setxattr(struct inode *i, const char *name, const void *value,
	    usize len, u32 flags);
isize	ext_listxattr(struct inode *i, char *buf, usize len);

#define EXT_XATTR_OPS \
	.getxattr = ext_getxattr, \
	.setxattr = ext_setxattr, \
	.listxattr = ext_listxattr,
