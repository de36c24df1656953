/*
 * System calls on names: opening, looking, attributes.
 *
 * Looking at a file whose name is short and whose directories are in the cache
 * takes no frame: such calls first try without any reservation, under RCU, and
 * reserve only for the walk that may have to make something.
 *
 * A call that asks by real ids (access) takes on other credentials for its
 * walk. Descriptors and names share one path for attributes: a descriptor's
 * file gives the path that a name would be walked to.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/call_name.h"
#include "kernel/syscall/size_limit.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"
#include "kernel/vm/reserve.h"

/* ---- open ---- */

long
sys_openat(int dirfd, uptr_t name, int flags, u32 mode)
{
	struct call_name n;
	struct file *f;
	int rc = name_in(&n, name, false);

	if (unlikely(rc != 0))
		return rc;
	rc = vfs_open(dirfd, n.text, flags, mode, &f);
	name_out(&n);
	if (unlikely(rc != 0))
		return rc;
	rc = fd_install(f, 0, flags & O_CLOEXEC);
	if (unlikely(rc < 0))
		file_put(f);
	return rc;
}

long
sys_open(uptr_t name, int flags, u32 mode)
{
	return sys_openat(AT_FDCWD, name, flags, mode);
}

long
sys_creat(uptr_t name, u32 mode)
{
	return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- stat ---- */

static int
stat_file(struct file *f, struct lx_stat *st)
{
	struct path p = { f->mnt, f->dentry };

	if (f->ops->stat != NULL)
		return f->ops->stat(f, st);
	if (f->dentry != NULL)
		return vfs_stat(&p, st);
	*st = (struct lx_stat){ .st_mode = 0600, .st_nlink = 1,
	    .st_blksize = PAGE_SIZE };
	return 0;
}

static int
stat_fd(int fd, struct lx_stat *st)
{
	struct fd_ref r = fd_borrow((u32)fd);
	int rc = -EBADF;

	if (r.file != NULL)
		rc = stat_file(r.file, st);
	fd_return(r);
	return rc;
}

static BOUND_ROW(path_look);

static noinline int
stat_slow(int dirfd, uptr_t name, u32 at_flags, struct lx_stat *st)
{
	struct call_name n;
	struct path p;
	int rc = reserve_row(&bound_path_look);

	if (rc == 0)
		rc = name_in(&n, name, at_flags & AT_EMPTY_PATH);
	if (rc != 0)
		return rc;
	if (n.text[0] == '\0' && dirfd != AT_FDCWD) {
		rc = stat_fd(dirfd, st);
	} else {
		rc = path_walk(dirfd, n.text, walk_flags(at_flags), &p);
		if (rc == 0) {
			rc = vfs_stat(&p, st);
			path_put(&p);
		}
	}
	name_out(&n);
	return rc;
}

static int
stat_name(int dirfd, uptr_t name, u32 at_flags, struct lx_stat *st)
{
	struct call_name n;
	int rc = WALK_RETRY_CALL;

	if (likely(name_in_fast(&n, name)))
		rc = vfs_stat_fast(dirfd, n.text, walk_flags(at_flags), st);
	if (unlikely(rc == WALK_RETRY_CALL))
		rc = stat_slow(dirfd, name, at_flags, st);
	return rc;
}

static long
stat_out(int dirfd, uptr_t name, u32 at_flags, uptr_t out)
{
	struct lx_stat st;
	int rc = stat_name(dirfd, name, at_flags, &st);

	if (unlikely(rc != 0))
		return rc;
	return likely(copy_out_nofault(out, &st, sizeof(st)) == sizeof(st)) ?
	    0 : copy_out_obj(out, &st);
}

long
sys_stat(uptr_t name, uptr_t out)
{
	return stat_out(AT_FDCWD, name, 0, out);
}

long
sys_lstat(uptr_t name, uptr_t out)
{
	return stat_out(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, out);
}

long
sys_newfstatat(int dirfd, uptr_t name, uptr_t out, u32 flags)
{
	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH |
	    AT_NO_AUTOMOUNT))
		return -EINVAL;
	return stat_out(dirfd, name, flags, out);
}

long
sys_fstat(int fd, uptr_t out)
{
	struct lx_stat st;
	int rc = stat_fd(fd, &st);

	if (unlikely(rc != 0))
		return rc;
	return likely(copy_out_nofault(out, &st, sizeof(st)) == sizeof(st)) ?
	    0 : copy_out_obj(out, &st);
}

static struct lx_statx_timestamp
statx_time(u64 sec, u64 nsec)
{
	return (struct lx_statx_timestamp){ .tv_sec = (s64)sec,
	    .tv_nsec = (u32)nsec };
}

static void
statx_fill(const struct lx_stat *st, struct lx_statx *x)
{
	*x = (struct lx_statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = st->st_blksize, .stx_nlink = st->st_nlink,
		.stx_uid = st->st_uid, .stx_gid = st->st_gid,
		.stx_mode = st->st_mode, .stx_ino = st->st_ino,
		.stx_size = st->st_size, .stx_blocks = st->st_blocks,
		.stx_rdev_major = LX_MAJOR(st->st_rdev),
		.stx_rdev_minor = LX_MINOR(st->st_rdev),
		.stx_dev_major = LX_MAJOR(st->st_dev),
		.stx_dev_minor = LX_MINOR(st->st_dev),
	};
	x->stx_atime = statx_time(st->st_atime_sec, st->st_atime_nsec);
	x->stx_mtime = statx_time(st->st_mtime_sec, st->st_mtime_nsec);
	x->stx_ctime = statx_time(st->st_ctime_sec, st->st_ctime_nsec);
}

long
sys_statx(int dirfd, uptr_t name, u32 flags, u32 mask, uptr_t out)
{
	struct lx_statx x;
	struct lx_stat st;
	int rc;

	if ((mask & STATX__RESERVED) || (flags & ~(u32)(AT_SYMLINK_NOFOLLOW |
	    AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE)))
		return -EINVAL;
	rc = stat_name(dirfd, name, flags, &st);
	if (rc != 0)
		return rc;
	statx_fill(&st, &x);
	return copy_out_obj(out, &x);
}

/* ---- access ---- */

/* With the real ids, access(2); the caller has reserved a frame for it. */
static int
access_walk(int dirfd, uptr_t name, u32 mode, u32 at_flags)
{
	struct path p;
	struct inode *i;
	int rc = walk_user(dirfd, name, walk_flags(at_flags), &p);

	if (rc != 0)
		return rc;
	i = p.dentry->inode;
	if (mode != 0 && !inode_may(i, mode))
		rc = -EACCES;
	else if ((mode & MAY_WRITE) && (S_ISREG(i->mode) || S_ISDIR(i->mode)))
		rc = path_is_readonly(&p) ? -EROFS : 0;
	else if ((mode & MAY_EXEC) && S_ISREG(i->mode))
		rc = path_is_noexec(&p) ? -EACCES : 0;
	path_put(&p);
	return rc;
}

long
sys_faccessat2(int dirfd, uptr_t name, u32 mode, u32 flags)
{
	const struct cred *c = current_cred();
	struct cred *real, *old;
	int rc;

	if ((mode & ~7u) || (flags & ~(u32)(AT_EACCESS | AT_EMPTY_PATH |
	    AT_SYMLINK_NOFOLLOW)))
		return -EINVAL;
	if ((flags & AT_EACCESS) ||
	    (c->uid == c->fsuid && c->gid == c->fsgid))
		return access_walk(dirfd, name, mode, flags);
	real = cred_copy(c);
	real->fsuid = c->uid;
	real->fsgid = c->gid;
	old = current->cred;
	cred_get(old);
	cred_commit(real);
	rc = access_walk(dirfd, name, mode, flags);
	cred_commit(old);
	return rc;
}

long
sys_faccessat(int dirfd, uptr_t name, u32 mode)
{
	return sys_faccessat2(dirfd, name, mode, 0);
}

long
sys_access(uptr_t name, u32 mode)
{
	return sys_faccessat2(AT_FDCWD, name, mode, 0);
}

/* ---- attributes ---- */

static long
setattr_at(int dirfd, uptr_t name, u32 walk, struct setattr *sa, bool now)
{
	struct path p;
	int rc = walk_user(dirfd, name, walk, &p);

	if (rc != 0)
		return rc;
	if ((sa->valid & SETATTR_MODE) && S_ISLNK(p.dentry->inode->mode))
		rc = -EOPNOTSUPP;
	else
		rc = vfs_setattr(&p, sa, now);
	path_put(&p);
	return rc;
}

static long
setattr_fd(int fd, struct setattr *sa, bool now)
{
	struct fd_ref r = fd_borrow((u32)fd);
	struct path p;
	int rc;

	if (r.file == NULL)
		return -EBADF;
	p = (struct path){ r.file->mnt, r.file->dentry };
	if (r.file->mode & FMODE_PATH)
		rc = -EBADF;
	else
		rc = p.dentry == NULL ? -EINVAL : vfs_setattr(&p, sa, now);
	fd_return(r);
	return rc;
}

static struct setattr
mode_attr(u32 mode)
{
	return (struct setattr){ .valid = SETATTR_MODE,
	    .mode = mode & S_IALLUGO };
}

long
sys_chmod(uptr_t name, u32 mode)
{
	struct setattr sa = mode_attr(mode);

	return setattr_at(AT_FDCWD, name, WALK_FOLLOW, &sa, false);
}

long
sys_fchmod(int fd, u32 mode)
{
	struct setattr sa = mode_attr(mode);

	return setattr_fd(fd, &sa, false);
}

long
sys_fchmodat(int dirfd, uptr_t name, u32 mode)
{
	struct setattr sa = mode_attr(mode);

	return setattr_at(dirfd, name, WALK_FOLLOW, &sa, false);
}

static struct setattr
owner_attr(u32 uid, u32 gid)
{
	struct setattr sa = { .uid = uid, .gid = gid };

	if (uid != ~0u)
		sa.valid |= SETATTR_UID;
	if (gid != ~0u)
		sa.valid |= SETATTR_GID;
	return sa;
}

long
sys_fchownat(int dirfd, uptr_t name, u32 uid, u32 gid, u32 flags)
{
	struct setattr sa = owner_attr(uid, gid);

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_at(dirfd, name, walk_flags(flags), &sa, false);
}

long
sys_chown(uptr_t name, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

long
sys_lchown(uptr_t name, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long
sys_fchown(int fd, u32 uid, u32 gid)
{
	struct setattr sa = owner_attr(uid, gid);

	return setattr_fd(fd, &sa, false);
}

/* One of the two times; UTIME_NOW and UTIME_OMIT as utimensat(2). */
static int
time_attr(const struct lx_timespec *t, u32 bit, u64 now_ns, u64 *out,
    struct setattr *sa)
{
	if (t->tv_nsec == UTIME_OMIT)
		return 0;
	sa->valid |= bit;
	*out = now_ns;
	return t->tv_nsec == UTIME_NOW ? 0 : timespec_to_ns(t, out);
}

static long
set_times(int dirfd, uptr_t name, const struct lx_timespec *t, u32 flags)
{
	static const struct lx_timespec both_now[2] = {
		{ 0, UTIME_NOW }, { 0, UTIME_NOW },
	};
	struct setattr sa = { .valid = 0 };
	u64 now_ns = vfs_now_ns();
	bool now;
	int rc;

	if (t == NULL)
		t = both_now;
	now = t[0].tv_nsec == UTIME_NOW && t[1].tv_nsec == UTIME_NOW;
	rc = time_attr(&t[0], SETATTR_ATIME, now_ns, &sa.atime_ns, &sa);
	if (rc == 0)
		rc = time_attr(&t[1], SETATTR_MTIME, now_ns, &sa.mtime_ns, &sa);
	if (rc != 0)
		return rc;
	if (name.addr == 0)
		return setattr_fd(dirfd, &sa, now);
	return setattr_at(dirfd, name, walk_flags(flags), &sa, now);
}

long
sys_utimensat(int dirfd, uptr_t name, uptr_t times, u32 flags)
{
	struct lx_timespec t[2];

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times.addr == 0)
		return set_times(dirfd, name, NULL, flags);
	if (copy_in(t, times, sizeof(t)) != 0)
		return -EFAULT;
	if (t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT)
		return 0;
	return set_times(dirfd, name, t, flags);
}

long
sys_futimesat(int dirfd, uptr_t name, uptr_t times)
{
	struct lx_timeval v[2];
	struct lx_timespec t[2];

	if (times.addr == 0)
		return set_times(dirfd, name, NULL, 0);
	if (copy_in(v, times, sizeof(v)) != 0)
		return -EFAULT;
	for (u32 i = 0; i < 2; i++) {
		if (v[i].tv_usec < 0 || v[i].tv_usec >= 1000000)
			return -EINVAL;
		t[i] = (struct lx_timespec){ v[i].tv_sec,
		    v[i].tv_usec * 1000 };
	}
	return set_times(dirfd, name, t, 0);
}

long
sys_utimes(uptr_t name, uptr_t times)
{
	return sys_futimesat(AT_FDCWD, name, times);
}

long
sys_utime(uptr_t name, uptr_t times)
{
	struct lx_utimbuf b;
	struct lx_timespec t[2];

	if (times.addr == 0)
		return set_times(AT_FDCWD, name, NULL, 0);
	if (copy_in_obj(&b, times) != 0)
		return -EFAULT;
	t[0] = (struct lx_timespec){ b.actime, 0 };
	t[1] = (struct lx_timespec){ b.modtime, 0 };
	return set_times(AT_FDCWD, name, t, 0);
}

long
sys_truncate(uptr_t name, s64 length)
{
	struct path p;
	int rc = length < 0 ? -EINVAL :
	    walk_user(AT_FDCWD, name, WALK_FOLLOW, &p);

	if (rc != 0)
		return rc;
	rc = size_limit_check(length, p.dentry->inode->size);
	if (rc == 0)
		rc = vfs_truncate(&p, length);
	path_put(&p);
	return rc;
}
