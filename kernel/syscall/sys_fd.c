/*
 * System calls that make, copy, change and close descriptors.
 *
 * The table itself is kernel/file/fdtable.c. Here are only the rules of the
 * calls: which flags exist, which errors come first, and who owns a file's
 * reference on the way: it is the call's until fd_install() has taken it, so a
 * failed install puts it. fcntl(2) is split in three: what concerns the number,
 * the file, and the type of the file (file_ops.fcntl). ioctl(2) likewise: the
 * few commands that every descriptor knows, then the type's own.
 */
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/termios.h"
#include "kernel/file/eventfd.h"
#include "kernel/file/file.h"
#include "kernel/file/lock.h"
#include "kernel/file/pipe.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/syscall.h"

/* ---- descriptors ---- */

long
sys_close(int fd)
{
	return fd_close((u32)fd);
}

long
sys_close_range(u32 first, u32 last, u32 flags)
{
	int rc = 0;

	if (first > last ||
	    (flags & ~(u32)(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)))
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		rc = fdtable_unshare_current();
	if (rc == 0)
		fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
	return rc;
}

static long
dup_from(int fd, u32 from, bool cloexec)
{
	struct file *f = fd_get((u32)fd);
	int rc;

	if (f == NULL)
		return -EBADF;
	rc = fd_install(f, from, cloexec);
	if (rc < 0)
		file_put(f);
	return rc;
}

static long
dup_to(int fd, int to, bool cloexec)
{
	struct file *f = fd_get((u32)fd);
	int rc;

	if (f == NULL)
		return -EBADF;
	rc = fd_install_at(f, (u32)to, cloexec);
	if (rc < 0)
		file_put(f);
	return rc;
}

long
sys_dup(int fd)
{
	return dup_from(fd, 0, false);
}

long
sys_dup2(int fd, int to)
{
	if (fd == to)
		return fd_get_cloexec((u32)fd) < 0 ? -EBADF : fd;
	return dup_to(fd, to, false);
}

long
sys_dup3(int fd, int to, int flags)
{
	if (fd == to || (flags & ~O_CLOEXEC))
		return -EINVAL;
	return dup_to(fd, to, flags & O_CLOEXEC);
}

static long
install_or_put(struct file *f, bool cloexec)
{
	int fd = fd_install(f, 0, cloexec);

	if (fd < 0)
		file_put(f);
	return fd;
}

long
sys_pipe2(uptr_t fds, int flags)
{
	struct file *f[2];
	int fd[2], rc;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	pipe_create(f, flags);
	fd[0] = install_or_put(f[0], flags & O_CLOEXEC);
	if (fd[0] < 0) {
		file_put(f[1]);
		return fd[0];
	}
	fd[1] = install_or_put(f[1], flags & O_CLOEXEC);
	rc = fd[1] < 0 ? fd[1] : copy_out(fds, fd, sizeof(fd));
	if (rc != 0) {
		(void)fd_close(fd[0]);
		if (fd[1] >= 0)
			(void)fd_close(fd[1]);
	}
	return rc;
}

long
sys_pipe(uptr_t fds)
{
	return sys_pipe2(fds, 0);
}

long
sys_eventfd2(u32 count, int flags)
{
	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	return install_or_put(eventfd_create(count, flags),
	    flags & EFD_CLOEXEC);
}

long
sys_eventfd(u32 count)
{
	return sys_eventfd2(count, 0);
}

/* ---- fcntl ---- */

#define SETFL_MASK	(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC)

static long
fcntl_setfl(struct file *f, u32 flags)
{
	u32 fresh = (f->flags & ~(u32)SETFL_MASK) | (flags & SETFL_MASK);
	int rc = 0;

	if (f->ops->set_flags != NULL)
		rc = f->ops->set_flags(f, fresh);
	if (rc == 0)
		WRITE_ONCE(f->flags, fresh);
	return rc;
}

/* The absolute range of l, fcntl(2). */
static int
range_of(struct file *f, const struct lx_flock *l, struct lock_range *r)
{
	s64 base = l->l_whence == SEEK_CUR ? f->pos :
	    l->l_whence == SEEK_END ? f->inode->size : 0, start, end;

	if (l->l_whence < SEEK_SET || l->l_whence > SEEK_END)
		return -EINVAL;
	if (l->l_type != F_RDLCK && l->l_type != F_WRLCK &&
	    l->l_type != F_UNLCK)
		return -EINVAL;
	if (__builtin_add_overflow(base, l->l_start, &start))
		return -EOVERFLOW;
	if (__builtin_add_overflow(start, l->l_len, &end))
		return -EOVERFLOW;
	if (l->l_len == 0)
		end = LOCK_RANGE_MAX;
	if (l->l_len < 0) {
		s64 t = start;

		start = end;
		end = t;
	}
	if (start < 0)
		return -EINVAL;
	*r = (struct lock_range){ .start = start, .end = end,
	    .type = l->l_type };
	return 0;
}

static long
fcntl_lock(struct file *f, int cmd, uptr_t arg)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct lock_range r;
	struct lx_flock l;
	int rc = copy_in_obj(&l, arg);

	if (rc != 0)
		return rc;
	if (f->inode == NULL || (ofd && l.l_pid != 0))
		return -EINVAL;
	rc = range_of(f, &l, &r);
	if (rc != 0)
		return rc;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		file_lock_get(f, &r, ofd);
		l.l_type = r.type;
		if (r.type != F_UNLCK) {
			l.l_whence = SEEK_SET;
			l.l_start = r.start;
			l.l_len = r.end == LOCK_RANGE_MAX ? 0 :
			    r.end - r.start;
			l.l_pid = r.pid;
		}
		return copy_out_obj(arg, &l);
	}
	if (r.type == F_RDLCK && !(f->mode & FMODE_READ))
		return -EBADF;
	if (r.type == F_WRLCK && !(f->mode & FMODE_WRITE))
		return -EBADF;
	return file_lock_set(f, &r, ofd,
	    cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

static long
fcntl_owner(struct file *f, int cmd, uptr_t arg)
{
	struct lx_f_owner_ex o;
	int rc;

	if (cmd == F_GETOWN_EX) {
		o.type = f->owner_pid < 0 ? F_OWNER_PGRP : F_OWNER_PID;
		o.pid = f->owner_pid < 0 ? -f->owner_pid : f->owner_pid;
		return copy_out_obj(arg, &o);
	}
	rc = copy_in_obj(&o, arg);
	if (rc != 0)
		return rc;
	if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP)
		return -EINVAL;
	f->owner_pid = o.type == F_OWNER_PGRP ? -o.pid : o.pid;
	return 0;
}

/* The commands on the file itself. */
static long
fcntl_file(struct file *f, int cmd, u64 arg)
{
	switch (cmd) {
	case F_GETFL:
		return f->flags | O_LARGEFILE;
	case F_SETFL:
		return f->mode & FMODE_PATH ? -EBADF : fcntl_setfl(f, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(f, cmd, UPTR(arg));
	case F_GETOWN:
		return f->owner_pid;
	case F_SETOWN:
		f->owner_pid = (s32)arg;
		return 0;
	case F_GETOWN_EX:
	case F_SETOWN_EX:
		return fcntl_owner(f, cmd, UPTR(arg));
	case F_GETSIG:
		return f->owner_sig;
	case F_SETSIG:
		if (arg > NSIG)
			return -EINVAL;
		f->owner_sig = arg;
		return 0;
	default:
		return f->ops->fcntl != NULL ? f->ops->fcntl(f, cmd, arg) :
		    -EINVAL;
	}
}

static long
fcntl_fd(struct file *f, int fd, int cmd, u64 arg)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= proc_rlimit(RLIMIT_NOFILE))
			return -EINVAL;
		return dup_from(fd, arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec((u32)fd);
	case F_SETFD:
		return fd_set_cloexec((u32)fd, arg & FD_CLOEXEC);
	default:
		return fcntl_file(f, cmd, arg);
	}
}

long
sys_fcntl(int fd, int cmd, u64 arg)
{
	struct fd_ref r = fd_borrow((u32)fd);
	long rc;

	if (r.file == NULL)
		return -EBADF;
	rc = fcntl_fd(r.file, fd, cmd, arg);
	fd_return(r);
	return rc;
}

long
sys_flock(int fd, int op)
{
	struct fd_ref r = fd_borrow((u32)fd);
	long rc;

	if (r.file == NULL)
		return -EBADF;
	rc = r.file->mode & FMODE_PATH || r.file->inode == NULL ? -EBADF :
	    file_flock(r.file, op);
	fd_return(r);
	return rc;
}

/* ---- ioctl ---- */

static long
ioctl_nonblock(struct file *f, uptr_t arg)
{
	int on, rc = copy_in_obj(&on, arg);

	if (rc != 0)
		return rc;
	return fcntl_setfl(f, on ? f->flags | O_NONBLOCK :
	    f->flags & ~(u32)O_NONBLOCK);
}

static long
ioctl_readable(struct file *f, uptr_t arg)
{
	int n = MAX(READ_ONCE(f->inode->size) - f->pos, 0l);

	return copy_out_obj(arg, &n);
}

static long
ioctl_file(struct file *f, int fd, u32 cmd, u64 arg)
{
	int rc;

	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		return fd_set_cloexec((u32)fd, cmd == FIOCLEX);
	case FIONBIO:
		return ioctl_nonblock(f, UPTR(arg));
	case FIONREAD:
		if (f->inode != NULL && S_ISREG(f->inode->mode))
			return ioctl_readable(f, UPTR(arg));
		break;
	}
	if (f->ops->ioctl == NULL)
		return -ENOTTY;
	rc = file_reserve(f, FOP_IOCTL);
	return rc != 0 ? rc : f->ops->ioctl(f, cmd, arg);
}

long
sys_ioctl(int fd, u32 cmd, u64 arg)
{
	struct fd_ref r = fd_borrow((u32)fd);
	long rc;

	if (r.file == NULL)
		return -EBADF;
	rc = r.file->mode & FMODE_PATH ? -EBADF :
	    ioctl_file(r.file, fd, cmd, arg);
	fd_return(r);
	return rc;
}
