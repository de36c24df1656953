/*
 * The cpio "newc" format (cpio(5), magic 070701; 070702 is read with its
 * checksum verified), as initial root archives use it: several archives may
 * follow each other, padded with zeros.
 */
#pragma once

#include "kernel/lib/types.h"

#define CPIO_NAME_MAX		4095	/* PATH_MAX less its NUL */

/* Owned by the walker; data must stay until the walk ends. */
struct cpio_iter {
	const u8 *data;
	usize len;
	usize pos;
	usize archive;			/* where the current one starts */
	bool in_archive;		/* its trailer has not been seen */
	const char *why;		/* set with an error: what is wrong */
};

struct cpio_entry {
	const char *name;		/* NUL-terminated, inside the archive */
	u32 name_len;			/* without the NUL */
	u32 ino, mode, uid, gid, nlink, mtime;
	u32 dev_major, dev_minor;	/* the device that held the file */
	u32 rdev_major, rdev_minor;	/* the device that the file is */
	const u8 *data;
	u32 size_bytes;
	usize archive;			/* its offset: hard links stay in one */
};

/* Does it begin as an archive? */
bool	cpio_is_archive(const void *data, usize len);
/* Start over len bytes at data. */
void	cpio_start(struct cpio_iter *it, const void *data, usize len);

/*
 * Give the next entry. Returns 1 with *out filled, 0 at the end, -EINVAL on a
 * malformed archive with it->why set; after an error only errors follow.
 */
int	cpio_next(struct cpio_iter *it, struct cpio_entry *out);
