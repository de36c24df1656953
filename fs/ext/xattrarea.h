/*
 * Extended attributes as bytes: entries from the front, values from the end.
 * Pure: also for tests on the host. An area is a private copy, so what was
 * found sound stays so.
 */
#pragma once

#include "fs/ext/format.h"

struct ext_xattr_area {
	u8	*b;
	u32	first;			/* bytes: where entries begin */
	u32	base;			/* what value_offs counts from */
	u32	end;
	bool	is_sorted;		/* a block: by index, length, name */
};

struct ext_xattr_name {
	u32	index;			/* EXT_XATTR_USER ... */
	const char *s;			/* behind the prefix */
	u32	len;
};

#define EXT_XATTR_NONE	(~0u)

/* 0; -EUCLEAN; -EOPNOTSUPP: a value is in an inode of its own. */
int	ext_xattr_check(const struct ext_xattr_area *a);
/* No entries. Bytes before first stay. */
void	ext_xattr_init(const struct ext_xattr_area *a);
bool	ext_xattr_is_empty(const struct ext_xattr_area *a);
/* Where the entry is, or EXT_XATTR_NONE; from 0 on: all of them. */
u32	ext_xattr_find(const struct ext_xattr_area *a,
	    const struct ext_xattr_name *n);
u32	ext_xattr_next(const struct ext_xattr_area *a, u32 at);
const struct ext_xattr_entry *ext_xattr_at(const struct ext_xattr_area *a,
	    u32 at);
const u8 *ext_xattr_value(const struct ext_xattr_area *a, u32 at);
/* Would the value fit, in the place of the one it has now? */
bool	ext_xattr_fits(const struct ext_xattr_area *a,
	    const struct ext_xattr_name *n, u32 len);
void	ext_xattr_remove(const struct ext_xattr_area *a, u32 at);
/* Put it in; it fits, and the name is not there. */
void	ext_xattr_add(const struct ext_xattr_area *a,
	    const struct ext_xattr_name *n, const u8 *value, u32 len);
/* The hash of a block's entries, for its header. */
u32	ext_xattr_block_hash(const struct ext_xattr_area *a);
