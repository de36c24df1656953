/*
 * Advisory locks on files: flock(2), and fcntl(2)'s by process (POSIX) and by
 * open file (OFD).
 */
#pragma once

#include "kernel/lib/types.h"

struct file;
struct lx_flock;

/* op: LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB. Waits at a renewal point. */
int	file_flock(struct file *f, int op);

/* A range of bytes: start and end are absolute; end is exclusive. */
struct lock_range {
	s64	start, end;
	int	type;			/* F_RDLCK, F_WRLCK, F_UNLCK */
	s32	pid;			/* of who holds it (F_GETLK) */
};
#define LOCK_RANGE_MAX	0x7fffffffffffffffl

/* F_SETLK and F_SETLKW (wait); by process, or by f if ofd. -EAGAIN, -EDEADLK,
 * -ERESTARTSYS. Draws on the charge. */
int	file_lock_set(struct file *f, const struct lock_range *r, bool ofd,
	    bool wait);
/* F_GETLK: turns *r into the first lock in its way, or type F_UNLCK. */
void	file_lock_get(struct file *f, struct lock_range *r, bool ofd);

/* A descriptor of the table owner was closed: POSIX locks go. Cheap if there
 * are no locks at all. */
void	file_locks_close(struct file *f, const void *owner);
/* The last reference to f is gone: flock and OFD locks go. */
void	file_locks_release(struct file *f);
