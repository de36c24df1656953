/*
 * read(2), write(2) and kin, and copies from file to file.
 *
 * A call borrows the file, then claims its position if it is shared, then
 * reserves what the file's type needs for the operation: in this order, because
 * the claim may wait and must do so without a charge (kernel/file/file.c, F2).
 * Nothing else is held while the file's operation runs, so it may renew its
 * charge as often as it must; a call whose copies all succeed at once takes no
 * lock of this file at all.
 *
 * A write that finds nobody to read gives -EPIPE; the signal is sent here.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/uio.h"
#include "fs/vfs/vfs.h"
#include "kernel/file/file.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/borrow.h"
#include "kernel/syscall/syscall.h"

/* ---- read and write ---- */

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
		signal_send_task(current_task(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	u->left = MIN(u->left, limit - pos);
	return 0;
}

/* The file's type has no such operation. */
static int
transfer_refused(const struct file *f)
{
	return f->inode != NULL && S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
}

/* One function for each operation: what is reserved is what is called. */
static isize
transfer_read(struct file *f, struct uio *to, s64 *pos)
{
	int rc;

	if (unlikely(f->ops->read == NULL))
		return transfer_refused(f);
	rc = file_reserve(f, FOP_READ);
	if (unlikely(rc != 0))
		return rc;
	file_check_type(f);
	return f->ops->read(f, to, pos);
}

static isize
transfer_write(struct file *f, struct uio *from, s64 *pos)
{
	int rc;

	if (unlikely(f->ops->write == NULL))
		return transfer_refused(f);
	if (pos != NULL) {
		rc = limit_size(f, from, *pos);
		if (unlikely(rc != 0))
			return rc;
	}
	rc = file_reserve(f, FOP_WRITE);
	if (unlikely(rc != 0))
		return rc;
	file_check_type(f);
	return f->ops->write(f, from, pos);
}

static inline isize
transfer(struct file *f, struct uio *u, enum file_op op, s64 *pos)
{
	return op == FOP_READ ? transfer_read(f, u, pos) :
	    transfer_write(f, u, pos);
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
		signal_send_task(current_task(), SIGPIPE, NULL);
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

/* ---- from file to file ---- */

/*
 * LIMIT: two calls that copy between the same two files in opposite directions,
 * both at the files' own positions, wait for each other until a signal comes.
 */

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

static BOUND_ROW(file_copy);

/* From a file to a page; at *pos, which moves. */
static isize
copy_read(struct file *f, char *buf, usize len, s64 *pos)
{
	struct uio u = uio_kernel(buf, len);
	int rc = file_reserve(f, FOP_READ);

	return rc != 0 ? rc : f->ops->read(f, &u, pos);
}

static isize
copy_write(struct file *f, char *buf, usize len, s64 *pos)
{
	struct uio u = uio_kernel(buf, len);
	int rc = file_reserve(f, FOP_WRITE);

	return rc != 0 ? rc :
	    f->ops->write(f, &u, f->ops->seekable ? pos : NULL);
}

/* Copy through buf, a page; bytes, or an errno if none. */
static isize
copy_loop(struct copy_end *in, struct copy_end *out, char *buf, usize len)
{
	isize done = 0, n = 0, w;

	while (len > 0) {
		s64 at = in->pos;

		n = copy_read(in->ref.file, buf, MIN(len, PAGE_SIZE), &at);
		if (n <= 0)
			break;
		w = copy_write(out->ref.file, buf, n, &out->pos);
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
	rc = reserve_row(&bound_file_copy);
	if (rc != 0)
		return rc;
	buf = frame_virt(frame_get(FRAME_BUFFER));
	n = copy_loop(in, out, buf, MIN(len, (usize)RW_COUNT_MAX));
	frame_put(frame_of_virt(buf));
	reserve_end();			/* the last was of out's type */
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
