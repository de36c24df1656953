/*
 * System calls on an open file's position, length, durability and entries.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/vfs.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/file/file.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/borrow.h"
#include "kernel/syscall/size_limit.h"
#include "kernel/syscall/syscall.h"

/* ---- position, length, durability ---- */

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

static int
truncate_file(struct file *f, s64 length)
{
	int rc;

	if (length < 0 || f->ops->truncate == NULL)
		return -EINVAL;
	rc = size_limit_check(length, f->inode->size);
	if (rc != 0)
		return rc;
	rc = file_reserve(f, FOP_SETATTR);
	return rc != 0 ? rc : f->ops->truncate(f, length);
}

long
sys_ftruncate(int fd, s64 length)
{
	long rc = 0;
	struct fd_ref r = borrow(fd, FMODE_WRITE, &rc);

	if (r.file == NULL)
		return rc == -EBADF && fd_get_cloexec((u32)fd) >= 0 ?
		    -EINVAL : rc;
	rc = truncate_file(r.file, length);
	fd_return(r);
	return rc;
}

static int
allocate_file(struct file *f, int mode, s64 off, s64 len)
{
	int rc;

	if (f->ops->allocate == NULL)
		return f->ops->seekable ? -EOPNOTSUPP : -ESPIPE;
	if (!(mode & FALLOC_FL_KEEP_SIZE)) {
		rc = size_limit_check(off + len, f->inode->size);
		if (rc != 0)
			return rc;
	}
	rc = file_reserve(f, FOP_SETATTR);
	return rc != 0 ? rc : f->ops->allocate(f, mode, off, len);
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
	rc = allocate_file(r.file, mode, off, len);
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

/* ---- directories ---- */

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
		if (rc != 0 || !d->fault)
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
