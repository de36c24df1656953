/*
 * A descriptor's file, for calls that need it open for something.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/file/file.h"

/* A borrowed file that allows mode; NULL and *err if not. */
static inline struct fd_ref
borrow(int fd, u32 mode, long *err)
{
	struct fd_ref r = fd_borrow((u32)fd);

	if (unlikely(r.file == NULL || !(r.file->mode & mode))) {
		fd_return(r);
		*err = -EBADF;
		return (struct fd_ref){ NULL, false };
	}
	return r;
}
