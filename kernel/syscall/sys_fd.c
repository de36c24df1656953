/*
 * System calls on descriptors.
 *
 * A call borrows the file, then claims its position if it is shared, then
 * reserves what the file's type needs for the operation: in this order, because
 * the claim may wait and must do so without a charge (kernel/file/file.c, F2).
 */
#include "bounds.h"
#include "fs/vfs/calls.h"
#include "fs/vfs/vfs.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/termios.h"
#include "kernel/abi/uio.h"
#include "kernel/file/eventfd.h"
#include "kernel/file/file.h"
#include "kernel/file/lock.h"
#include "kernel/file/pipe.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/size_limit.h"
#include "kernel/syscall/syscall.h"


/* ---- read and write ---------------------------------------------------------------- */

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

/* RLIMIT_FSIZE: cut the transfer; -EFBIG and SIGXFSZ when nothing is left. */
static int
limit_size(struct file *f, struct uio *u, s64 pos)
{
	u64 limit = proc_rlimit(RLIMIT_FSIZE);

	if (likely(limit == RLIM_INFINITY) || f->inode == NULL ||
	    !S_ISREG(f->inode->mode))
		return 0;
	if (f->flags & O_APPEND)
		pos = f->inode->size;
	if ((u64)pos >= limit) {
		(void)signal_send_task(current_task(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	u->left = MIN(u->left, limit - pos);
	return 0;
}

static isize
transfer(struct file *f, struct uio *u, enum file_op op, s64 *pos)
{
	isize (*fn)(struct file *, struct uio *, s64 *) =
	    op == FOP_READ ? f->ops->read : f->ops->write;
	int rc;

	if (unlikely(fn == NULL))
		return f->inode != NULL && S_ISDIR(f->inode->mode) ?
		    -EISDIR : -EINVAL;
	if (op == FOP_WRITE && pos != NULL) {
		rc = limit_size(f, u, *pos);
		if (unlikely(rc != 0))
			return rc;
	}
	rc = file_reserve(f, op);
	if (unlikely(rc != 0))
		return rc;
	return fn(f, u, pos);
}

/* At the file's own position, which the call owns meanwhile. */
static isize
transfer_here(struct fd_ref r, struct uio *u, enum file_op op)
{
	struct file *f = r.file;
	bool shared;
	s64 pos;
	isize n;

	if (!f->ops->seekable)
		return transfer(f, u, op, NULL);
	shared = r.owned || READ_ONCE(f->refs) > 1;
	if (unlikely(shared)) {
		n = file_pos_claim(f);
		if (n != 0)
			return n;
	}
	pos = f->pos;
	n = transfer(f, u, op, &pos);
	f->pos = pos;
	if (unlikely(shared))
		file_pos_release(f);
	return n;
}

static void
raise_sigpipe(isize n, enum file_op op)
{
	if (unlikely(n == -EPIPE) && op == FOP_WRITE)
		(void)signal_send_task(current_task(), SIGPIPE, NULL);
}

static inline long
rw(int fd, struct uio *u, enum file_op op)
{
	long n = 0;
	struct fd_ref r = borrow(fd, op == FOP_READ ? FMODE_READ :
	    FMODE_WRITE, &n);

	if (unlikely(r.file == NULL))
		return n;
	n = transfer_here(r, u, op);
	fd_return(r);
	raise_sigpipe(n, op);
	return n;
}

static long
rw_at(int fd, struct uio *u, enum file_op op, s64 pos)
{
	long n = 0;
	struct fd_ref r;

	if (pos < 0)
		return -EINVAL;
	r = borrow(fd, op == FOP_READ ? FMODE_READ : FMODE_WRITE, &n);
	if (r.file == NULL)
		return n;
	n = r.file->ops->seekable ? transfer(r.file, u, op, &pos) : -ESPIPE;
	fd_return(r);
	return n;
}

static inline bool
buffer_ok(uptr_t buf, usize *len)
{
	if (unlikely((isize)*len < 0 || !user_range_ok(buf, *len)))
		return *len == 0;
	*len = MIN(*len, (usize)RW_COUNT_MAX);
	return true;
}

long
sys_read(int fd, uptr_t buf, usize len)
{
	struct uio u;

	if (unlikely(!buffer_ok(buf, &len)))
		return (isize)len < 0 ? -EINVAL : -EFAULT;
	u = uio_user(buf, len);
	return rw(fd, &u, FOP_READ);
}

long
sys_write(int fd, uptr_t buf, usize len)
{
	struct uio u;

	if (unlikely(!buffer_ok(buf, &len)))
		return (isize)len < 0 ? -EINVAL : -EFAULT;
	u = uio_user(buf, len);
	return rw(fd, &u, FOP_WRITE);
}

long
sys_pread64(int fd, uptr_t buf, usize len, s64 pos)
{
	struct uio u;

	if (!buffer_ok(buf, &len))
		return -EFAULT;
	u = uio_user(buf, len);
	return rw_at(fd, &u, FOP_READ, pos);
}

long
sys_pwrite64(int fd, uptr_t buf, usize len, s64 pos)
{
	struct uio u;

	if (!buffer_ok(buf, &len))
		return -EFAULT;
	u = uio_user(buf, len);
	return rw_at(fd, &u, FOP_WRITE, pos);
}

#define POS_HERE	(-1l)		/* preadv2(2): at the file's position */

static long
rw_vector(int fd, uptr_t iov, usize n, enum file_op op, s64 pos)
{
	struct lx_iovec fast[UIO_FASTIOV];
	struct uio u;
	int rc = uio_segments(&u, fast, iov, n);

	if (rc != 0)
		return rc;
	return pos == POS_HERE ? rw(fd, &u, op) : rw_at(fd, &u, op, pos);
}

long
sys_readv(int fd, uptr_t iov, usize n)
{
	return rw_vector(fd, iov, n, FOP_READ, POS_HERE);
}

long
sys_writev(int fd, uptr_t iov, usize n)
{
	return rw_vector(fd, iov, n, FOP_WRITE, POS_HERE);
}

long
sys_preadv(int fd, uptr_t iov, usize n, s64 pos, u64 pos_high)
{
	return pos < 0 ? -EINVAL : rw_vector(fd, iov, n, FOP_READ, pos);
}

long
sys_pwritev(int fd, uptr_t iov, usize n, s64 pos, u64 pos_high)
{
	return pos < 0 ? -EINVAL : rw_vector(fd, iov, n, FOP_WRITE, pos);
}

/* LIMIT: no RWF_* flag is known: -EOPNOTSUPP, as of an older kernel. */
long
sys_preadv2(int fd, uptr_t iov, usize n, s64 pos, u64 pos_high, int flags)
{
	if (flags != 0)
		return -EOPNOTSUPP;
	return pos < POS_HERE ? -EINVAL :
	    rw_vector(fd, iov, n, FOP_READ, pos);
}

long
sys_pwritev2(int fd, uptr_t iov, usize n, s64 pos, u64 pos_high, int flags)
{
	if (flags != 0)
		return -EOPNOTSUPP;
	return pos < POS_HERE ? -EINVAL :
	    rw_vector(fd, iov, n, FOP_WRITE, pos);
}

/* ---- from file to file ------------------------------------------------------------------ */

/* One end of a copy: at *pos, or at the file's position, which is claimed. */
struct copy_end {
	struct fd_ref	ref;
	s64		pos;
	bool		claimed, own_pos;
};

static int
end_begin(struct copy_end *e, int fd, u32 mode, const s64 *pos)
{
	long rc = 0;

	e->ref = borrow(fd, mode, &rc);
	e->claimed = false;
	e->own_pos = pos == NULL;
	e->pos = pos != NULL ? *pos : 0;
	if (e->ref.file == NULL)
		return rc;
	if (pos != NULL && (*pos < 0 || !e->ref.file->ops->seekable))
		rc = *pos < 0 ? -EINVAL : -ESPIPE;
	if (rc == 0 && pos == NULL && e->ref.file->ops->seekable) {
		rc = file_pos_claim(e->ref.file);
		e->claimed = rc == 0;
		e->pos = e->ref.file->pos;
	}
	if (rc != 0)
		fd_return(e->ref);
	return rc;
}

static void
end_finish(struct copy_end *e)
{
	if (e->claimed) {
		e->ref.file->pos = e->pos;
		file_pos_release(e->ref.file);
	}
	fd_return(e->ref);
}

/* Copy through buf, a page; bytes, or an errno if none. */
static isize
copy_loop(struct copy_end *in, struct copy_end *out, char *buf, usize len)
{
	struct file *fi = in->ref.file, *fo = out->ref.file;
	isize done = 0, n = 0, w;

	while (len > 0) {
		struct uio u = uio_kernel(buf, MIN(len, PAGE_SIZE));
		s64 at = in->pos;

		n = fi->ops->read(fi, &u, &at);
		if (n <= 0)
			break;
		u = uio_kernel(buf, n);
		w = fo->ops->write(fo, &u, fo->ops->seekable ? &out->pos :
		    NULL);
		if (w <= 0) {
			n = w;
			break;
		}
		in->pos += w;
		done += w;
		len -= w;
		if (w < n)
			break;
		if (thread_has_signal(current))
			break;
		preempt_point();
	}
	return done > 0 ? done : n;
}

static isize
copy_files(struct copy_end *in, struct copy_end *out, usize len)
{
	const struct file_ops *io = in->ref.file->ops,
	    *oo = out->ref.file->ops;
	isize n;
	char *buf;
	int rc;

	if (!io->seekable || io->read == NULL || oo->write == NULL)
		return -EINVAL;
	current->charge.id = BOUND_file_copy;
	rc = reserve(BOUND_FRAMES_file_copy +
	    bounds[io->bound[FOP_READ]].frames +
	    bounds[oo->bound[FOP_WRITE]].frames);
	if (rc != 0)
		return rc;
	buf = frame_virt(frame_get(FRAME_BUFFER));
	n = copy_loop(in, out, buf, MIN(len, (usize)RW_COUNT_MAX));
	frame_put(frame_of_virt(buf));
	return n;
}

/* The user's offset, if given; *p is NULL if not. */
static int
offset_in(uptr_t user, s64 *pos, const s64 **p)
{
	*p = NULL;
	if (user.addr == 0)
		return 0;
	*p = pos;
	return copy_in_obj(pos, user);
}

static long
copy_fds(int in_fd, uptr_t in_off, int out_fd, uptr_t out_off, usize len)
{
	struct copy_end in, out;
	const s64 *pi, *po;
	s64 i, o;
	isize n;
	int rc;

	rc = offset_in(in_off, &i, &pi);
	if (rc == 0)
		rc = offset_in(out_off, &o, &po);
	if (rc == 0)
		rc = end_begin(&in, in_fd, FMODE_READ, pi);
	if (rc != 0)
		return rc;
	/* The same file twice would wait for itself. */
	if (in.claimed && fd_borrow((u32)out_fd).file == in.ref.file)
		rc = -EINVAL;
	if (rc == 0)
		rc = end_begin(&out, out_fd, FMODE_WRITE, po);
	if (rc != 0) {
		end_finish(&in);
		return rc;
	}
	n = copy_files(&in, &out, len);
	end_finish(&out);
	end_finish(&in);
	if (n >= 0 && pi != NULL && copy_out_obj(in_off, &in.pos) != 0)
		n = -EFAULT;
	if (n >= 0 && po != NULL && copy_out_obj(out_off, &out.pos) != 0)
		n = -EFAULT;
	raise_sigpipe(n, FOP_WRITE);
	return n;
}

long
sys_sendfile(int out_fd, int in_fd, uptr_t offset, usize len)
{
	return copy_fds(in_fd, offset, out_fd, UPTR(0), len);
}

long
sys_copy_file_range(int in_fd, uptr_t in_off, int out_fd, uptr_t out_off,
    usize len, u32 flags)
{
	return flags != 0 ? -EINVAL :
	    copy_fds(in_fd, in_off, out_fd, out_off, len);
}

/* ---- descriptors ------------------------------------------------------------------------- */

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

/* ---- fcntl ---------------------------------------------------------------------------------- */

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

static long
fcntl_file(struct file *f, int fd, int cmd, u64 arg)
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

long
sys_fcntl(int fd, int cmd, u64 arg)
{
	struct fd_ref r = fd_borrow((u32)fd);
	long rc;

	if (r.file == NULL)
		return -EBADF;
	rc = fcntl_file(r.file, fd, cmd, arg);
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

/* ---- ioctl ------------------------------------------------------------------------------------ */

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

/* ---- position, length, durability ---------------------------------------------------------------- */

long
sys_lseek(int fd, s64 off, int whence)
{
	struct fd_ref r = fd_borrow((u32)fd);
	struct file *f = r.file;
	long rc = -ESPIPE;

	if (f == NULL)
		return -EBADF;
	if (f->mode & FMODE_PATH) {
		rc = -EBADF;
	} else if (f->ops->seek != NULL) {
		rc = file_pos_claim(f);
		if (rc == 0) {
			rc = f->ops->seek(f, off, whence);
			file_pos_release(f);
		}
	}
	fd_return(r);
	return rc;
}

static long
sync_fd(int fd, bool data_only)
{
	struct fd_ref r = fd_borrow((u32)fd);
	long rc = -EINVAL;

	if (r.file == NULL)
		return -EBADF;
	if (r.file->ops->sync != NULL) {
		rc = file_reserve(r.file, FOP_SYNC);
		if (rc == 0)
			rc = r.file->ops->sync(r.file, data_only);
	}
	fd_return(r);
	return rc;
}

long
sys_fsync(int fd)
{
	return sync_fd(fd, false);
}

long
sys_fdatasync(int fd)
{
	return sync_fd(fd, true);
}

long
sys_sync_file_range(int fd, s64 off, s64 len, u32 flags)
{
	return sync_fd(fd, true);
}

long
sys_sync(void)
{
	(void)vfs_sync();		/* sync(2) reports nothing */
	return 0;
}

long
sys_syncfs(int fd)
{
	struct fd_ref r = fd_borrow((u32)fd);

	if (r.file == NULL)
		return -EBADF;
	fd_return(r);
	return vfs_sync();
}

long
sys_ftruncate(int fd, s64 length)
{
	long rc = 0;
	struct fd_ref r = borrow(fd, FMODE_WRITE, &rc);
	struct file *f = r.file;

	if (f == NULL)
		return rc == -EBADF && fd_get_cloexec((u32)fd) >= 0 ?
		    -EINVAL : rc;
	if (length < 0 || f->ops->truncate == NULL)
		rc = -EINVAL;
	else
		rc = size_limit_check(length, f->inode->size);
	if (rc == 0)
		rc = file_reserve(f, FOP_SETATTR);
	if (rc == 0)
		rc = f->ops->truncate(f, length);
	fd_return(r);
	return rc;
}

long
sys_fallocate(int fd, int mode, s64 off, s64 len)
{
	long rc = 0;
	struct fd_ref r;

	if (off < 0 || len <= 0 || off + len < 0)
		return -EINVAL;
	r = borrow(fd, FMODE_WRITE, &rc);
	if (r.file == NULL)
		return rc;
	if (r.file->ops->allocate == NULL)
		rc = r.file->ops->seekable ? -EOPNOTSUPP : -ESPIPE;
	else if (!(mode & FALLOC_FL_KEEP_SIZE))
		rc = size_limit_check(off + len, r.file->inode->size);
	if (rc == 0)
		rc = file_reserve(r.file, FOP_SETATTR);
	if (rc == 0)
		rc = r.file->ops->allocate(r.file, mode, off, len);
	fd_return(r);
	return rc;
}

/* Advice that needs nothing done: everything is in memory. */
long
sys_fadvise64(int fd, s64 off, s64 len, int advice)
{
	struct fd_ref r = fd_borrow((u32)fd);
	long rc = 0;

	if (r.file == NULL)
		return -EBADF;
	if (!r.file->ops->seekable)
		rc = -ESPIPE;
	else if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		rc = -EINVAL;
	fd_return(r);
	return rc;
}

long
sys_readahead(int fd, s64 off, usize len)
{
	long rc = 0;
	struct fd_ref r = borrow(fd, FMODE_READ, &rc);

	if (r.file != NULL && r.file->ops->mmap == NULL)
		rc = -EINVAL;
	fd_return(r);
	return rc;
}

/* ---- directories ------------------------------------------------------------------------------------- */

/* Entries straight to the user's buffer, by copies that do not fault. */
struct dents_sink {
	struct dir_sink	s;		/* first */
	uptr_t		at;
	usize		left;
	usize		done;
	bool		fault;		/* stopped at a page that is missing */
	bool		small;		/* stopped at the end of the buffer */
	bool		old;		/* getdents(2): type behind the name */
};

#define DENT_MAX	ROUND_UP(LX_DIRENT64_NAME + NAME_MAX + 2, 8)

static int
dents_fill(struct dir_sink *s, const char *name, usize len, u64 ino, u8 type,
    s64 next_off)
{
	struct dents_sink *d = CONTAINER_OF(s, struct dents_sink, s);
	char rec[DENT_MAX] aligned(8);
	struct lx_dirent64 *e = (struct lx_dirent64 *)rec;
	u32 name_at = d->old ? LX_DIRENT64_NAME - 1 : LX_DIRENT64_NAME;
	usize n = ROUND_UP(name_at + len + (d->old ? 2 : 1), 8);

	if (n > d->left) {
		d->small = true;
		return 1;
	}
	*(u64 *)(rec + n - 8) = 0;
	e->d_ino = ino;
	e->d_off = next_off;
	e->d_reclen = n;
	if (d->old)
		rec[n - 1] = type;
	else
		e->d_type = type;
	memcpy(rec + name_at, name, len);
	rec[name_at + len] = '\0';
	if (copy_out_nofault(d->at, rec, n) < n) {
		d->fault = true;
		return 1;
	}
	d->at.addr += n;
	d->left -= n;
	d->done += n;
	return 0;
}

static long
read_dents(struct file *f, struct dents_sink *d)
{
	long rc = file_reserve(f, FOP_READDIR);

	while (rc == 0) {
		d->fault = d->small = false;
		rc = f->ops->readdir(f, &d->s);
		if (rc != 0 || d->done > 0 || !d->fault)
			break;
		rc = user_fault_in(d->at, MIN(d->left, (usize)DENT_MAX),
		    USER_WRITE);
	}
	if (d->done > 0)
		return d->done;
	return rc == 0 && d->small ? -EINVAL : rc;
}

static long
getdents(int fd, uptr_t buf, usize len, bool old)
{
	struct dents_sink d = { .s = { dents_fill }, .at = buf, .left = len,
	    .old = old };
	long rc = 0;
	struct fd_ref r = borrow(fd, FMODE_READ, &rc);

	if (r.file == NULL)
		return rc;
	if (r.file->ops->readdir == NULL)
		rc = -ENOTDIR;
	else if (r.file->inode != NULL && r.file->inode->nlink == 0)
		rc = -ENOENT;
	else
		rc = file_pos_claim(r.file);
	if (rc == 0) {
		rc = read_dents(r.file, &d);
		file_pos_release(r.file);
	}
	fd_return(r);
	return rc;
}

long
sys_getdents64(int fd, uptr_t buf, u32 len)
{
	return getdents(fd, buf, len, false);
}

long
sys_getdents(int fd, uptr_t buf, u32 len)
{
	return getdents(fd, buf, len, true);
}
