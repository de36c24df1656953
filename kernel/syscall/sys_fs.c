/*
 * System calls on names.
 *
 * A name is copied to the stack if it is short, else to a frame. Looking at a
 * file whose name is short and whose directories are in the cache takes no
 * frame: such calls first try without any reservation, under RCU, and reserve
 * only for the walk that may have to make something.
 */
#include "bounds.h"
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/size_limit.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"
#include "kernel/vm/reserve.h"

#define NAME_SMALL	120u

struct call_name {
	char	*text;			/* small, or a frame of its own */
	char	small[NAME_SMALL + 8];
};

static int
call_reserve(u32 row)
{
	current->charge.id = row;
	return reserve(bounds[row].frames);
}

/* The name if it is short and its page is there: no frame, no fault. */
static inline bool
name_in_fast(struct call_name *n, uptr_t user)
{
	usize done;

	n->text = n->small;
	return usercopy_str(n->small, user, NAME_SMALL, &done) > 0;
}

/* The name by all means; draws a frame. empty: "" is allowed. */
static int
name_in(struct call_name *n, uptr_t user, bool empty)
{
	int rc;

	if (likely(name_in_fast(n, user)))
		return 0;
	rc = path_name_get(user, &n->text);
	if (rc == 0)
		return 0;
	n->text = n->small;
	n->small[0] = '\0';
	return rc == -ENOENT && empty ? 0 : rc;
}

static inline void
name_out(struct call_name *n)
{
	if (unlikely(n->text != n->small))
		path_name_put(n->text);
}

/* What the flags of the *at calls mean for a walk. */
static u32
walk_flags(u32 at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
	    (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* Walk to a user's name; the caller has reserved. */
static int
walk_user(int dirfd, uptr_t user, u32 flags, struct path *p)
{
	struct call_name n;
	int rc = name_in(&n, user, flags & WALK_EMPTY);

	if (rc != 0)
		return rc;
	rc = path_walk(dirfd, n.text, flags, p);
	name_out(&n);
	return rc;
}

/* ---- open --------------------------------------------------------------------------- */

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

/* ---- stat ----------------------------------------------------------------------------- */

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

static noinline int
stat_slow(int dirfd, uptr_t name, u32 at_flags, struct lx_stat *st)
{
	struct call_name n;
	struct path p;
	int rc = call_reserve(BOUND_path_look);

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

/* ---- access ------------------------------------------------------------------------------- */

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

/* ---- attributes ------------------------------------------------------------------------------ */

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

/* ---- making and removing names ------------------------------------------------------------------ */

long
sys_mknodat(int dirfd, uptr_t name, u32 mode, u64 rdev)
{
	struct call_name n;
	int rc;

	if ((mode & S_IFMT) == 0)
		mode |= S_IFREG;
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	rc = name_in(&n, name, false);
	if (rc != 0)
		return rc;
	rc = vfs_mknod(dirfd, n.text, mode, rdev);
	name_out(&n);
	return rc;
}

long
sys_mknod(uptr_t name, u32 mode, u64 rdev)
{
	return sys_mknodat(AT_FDCWD, name, mode, rdev);
}

long
sys_mkdirat(int dirfd, uptr_t name, u32 mode)
{
	struct call_name n;
	int rc = name_in(&n, name, false);

	if (rc != 0)
		return rc;
	rc = vfs_mknod(dirfd, n.text, (mode & 01777) | S_IFDIR, 0);
	name_out(&n);
	return rc;
}

long
sys_mkdir(uptr_t name, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long
sys_unlinkat(int dirfd, uptr_t name, u32 flags)
{
	struct call_name n;
	int rc;

	if (flags & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	rc = name_in(&n, name, false);
	if (rc != 0)
		return rc;
	rc = flags & AT_REMOVEDIR ? vfs_rmdir(dirfd, n.text) :
	    vfs_unlink(dirfd, n.text);
	name_out(&n);
	return rc;
}

long
sys_unlink(uptr_t name)
{
	return sys_unlinkat(AT_FDCWD, name, 0);
}

long
sys_rmdir(uptr_t name)
{
	return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

long
sys_symlinkat(uptr_t target, int dirfd, uptr_t name)
{
	struct call_name t, n;
	int rc = name_in(&t, target, false);

	if (rc != 0)
		return rc;
	rc = name_in(&n, name, false);
	if (rc == 0) {
		rc = vfs_symlink(t.text, dirfd, n.text);
		name_out(&n);
	}
	name_out(&t);
	return rc;
}

long
sys_symlink(uptr_t target, uptr_t name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

/* The descriptor itself by an empty name (O_TMPFILE) is root's only. */
long
sys_linkat(int from_fd, uptr_t from, int to_fd, uptr_t to, u32 flags)
{
	u32 walk = flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0;
	struct call_name f, t;
	int rc;

	if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (!cred_is_root(current_cred()))
			return -ENOENT;
		walk |= WALK_EMPTY;
	}
	rc = name_in(&f, from, flags & AT_EMPTY_PATH);
	if (rc != 0)
		return rc;
	rc = name_in(&t, to, false);
	if (rc == 0) {
		rc = vfs_link(from_fd, f.text, to_fd, t.text, walk);
		name_out(&t);
	}
	name_out(&f);
	return rc;
}

long
sys_link(uptr_t from, uptr_t to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long
sys_renameat2(int from_fd, uptr_t from, int to_fd, uptr_t to, u32 flags)
{
	struct call_name f, t;
	int rc = name_in(&f, from, false);

	if (rc != 0)
		return rc;
	rc = name_in(&t, to, false);
	if (rc == 0) {
		rc = vfs_rename(from_fd, f.text, to_fd, t.text, flags);
		name_out(&t);
	}
	name_out(&f);
	return rc;
}

long
sys_renameat(int from_fd, uptr_t from, int to_fd, uptr_t to)
{
	return sys_renameat2(from_fd, from, to_fd, to, 0);
}

long
sys_rename(uptr_t from, uptr_t to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long
sys_readlinkat(int dirfd, uptr_t name, uptr_t out, int len)
{
	struct path p;
	char *buf;
	long n;
	int rc;

	if (len <= 0)
		return -EINVAL;
	rc = walk_user(dirfd, name, WALK_EMPTY, &p);
	if (rc != 0)
		return rc;
	buf = frame_virt(frame_get(FRAME_BUFFER));
	n = vfs_readlink(&p, buf, PATH_MAX);
	path_put(&p);
	n = MIN(n, (long)len);
	if (n > 0 && copy_out(out, buf, n) != 0)
		n = -EFAULT;
	path_name_put(buf);
	return n;
}

long
sys_readlink(uptr_t name, uptr_t out, int len)
{
	return sys_readlinkat(AT_FDCWD, name, out, len);
}

/* ---- root and working directory ------------------------------------------------------------------- */

/* A directory that may be searched becomes one of current's paths. */
static long
change_dir(struct path *p, void (*set)(struct path *p))
{
	if (!S_ISDIR(p->dentry->inode->mode)) {
		path_put(p);
		return -ENOTDIR;
	}
	if (!inode_may(p->dentry->inode, MAY_EXEC)) {
		path_put(p);
		return -EACCES;
	}
	set(p);
	return 0;
}

long
sys_chdir(uptr_t name)
{
	struct path p;
	int rc = walk_user(AT_FDCWD, name, WALK_FOLLOW | WALK_DIRECTORY, &p);

	return rc != 0 ? rc : change_dir(&p, fs_ctx_set_cwd);
}

long
sys_fchdir(int fd)
{
	struct fd_ref r = fd_borrow((u32)fd);
	struct path p;

	if (r.file == NULL)
		return -EBADF;
	if (r.file->dentry == NULL) {
		fd_return(r);
		return -ENOTDIR;
	}
	p = (struct path){ r.file->mnt, r.file->dentry };
	path_get(&p);
	fd_return(r);
	return change_dir(&p, fs_ctx_set_cwd);
}

long
sys_chroot(uptr_t name)
{
	struct path p;
	int rc;

	if (!cred_is_root(current_cred()))
		return -EPERM;
	rc = walk_user(AT_FDCWD, name, WALK_FOLLOW | WALK_DIRECTORY, &p);
	return rc != 0 ? rc : change_dir(&p, fs_ctx_set_root);
}

long
sys_getcwd(uptr_t out, usize len)
{
	struct path root, cwd;
	char *buf, *s;
	usize n;
	long rc;

	fs_ctx_paths(current->fs, &root, &cwd);
	buf = frame_virt(frame_get(FRAME_BUFFER));
	s = path_string(&cwd, buf, PATH_MAX);
	n = strlen(s) + 1;
	if (cwd.dentry->parent != cwd.dentry &&
	    !(READ_ONCE(cwd.dentry->flags) & D_HASHED))
		rc = -ENOENT;
	else if (n > len)
		rc = -ERANGE;
	else
		rc = copy_out(out, s, n) != 0 ? -EFAULT : (long)n;
	path_name_put(buf);
	path_put(&cwd);
	path_put(&root);
	return rc;
}

long
sys_umask(u32 mask)
{
	u32 old = current->fs->umask;

	current->fs->umask = mask & 0777;
	return old;
}

/* ---- file systems ------------------------------------------------------------------------------------- */

long
sys_statfs(uptr_t name, uptr_t out)
{
	struct lx_statfs st;
	struct path p;
	int rc = walk_user(AT_FDCWD, name, WALK_FOLLOW, &p);

	if (rc != 0)
		return rc;
	rc = vfs_statfs(&p, &st);
	path_put(&p);
	return rc != 0 ? rc : copy_out_obj(out, &st);
}

long
sys_fstatfs(int fd, uptr_t out)
{
	struct fd_ref r = fd_borrow((u32)fd);
	struct lx_statfs st = { .f_type = ANON_INODE_FS_MAGIC,
	    .f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE,
	    .f_namelen = NAME_MAX };
	struct path p;
	int rc = 0;

	if (r.file == NULL)
		return -EBADF;
	p = (struct path){ r.file->mnt, r.file->dentry };
	if (p.dentry != NULL)
		rc = vfs_statfs(&p, &st);
	fd_return(r);
	return rc != 0 ? rc : copy_out_obj(out, &st);
}

/* A string that may be absent: then "". */
static int
text_in(struct call_name *n, uptr_t user)
{
	if (user.addr != 0)
		return name_in(n, user, true);
	n->text = n->small;
	n->small[0] = '\0';
	return 0;
}

#define MS_MGC_MASK	0xffff0000ul	/* an old magic number, mount(2) */
#define MS_MGC_VAL	0xc0ed0000ul

long
sys_mount(uptr_t source, uptr_t target, uptr_t type, u64 flags, uptr_t data)
{
	struct call_name s, t, y, d;
	int rc;

	if (!cred_is_root(current_cred()))
		return -EPERM;
	if ((flags & MS_MGC_MASK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MASK;
	rc = text_in(&s, source);
	if (rc != 0)
		return rc;
	rc = name_in(&t, target, false);
	if (rc != 0)
		goto out_source;
	rc = text_in(&y, type);
	if (rc != 0)
		goto out_target;
	rc = text_in(&d, data);
	if (rc == 0) {
		rc = vfs_mount(s.text, t.text, y.text, flags, d.text);
		name_out(&d);
	}
	name_out(&y);
out_target:
	name_out(&t);
out_source:
	name_out(&s);
	return rc;
}

long
sys_umount2(uptr_t target, u32 flags)
{
	struct call_name n;
	int rc;

	if (!cred_is_root(current_cred()))
		return -EPERM;
	if (flags & ~(u32)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	rc = name_in(&n, target, false);
	if (rc != 0)
		return rc;
	rc = vfs_umount(n.text, flags);
	name_out(&n);
	return rc;
}

/* All processes that stand in the old root move to the new one. */
static void
move_roots(const struct path *old, const struct path *fresh)
{
	struct thread *t;

	rcu_read_lock();
	list_for_each(t, &all_threads, all_node) {
		struct fs_ctx *fs = READ_ONCE(t->fs);

		if (t->x86.is_user && fs != NULL)
			(void)fs_ctx_change_root(fs, old, fresh);
	}
	rcu_read_unlock();
}

long
sys_pivot_root(uptr_t fresh_name, uptr_t old_name)
{
	struct call_name f, o;
	struct path old, fresh;
	int rc;

	if (!cred_is_root(current_cred()))
		return -EPERM;
	rc = name_in(&f, fresh_name, false);
	if (rc != 0)
		return rc;
	rc = name_in(&o, old_name, false);
	if (rc == 0) {
		rc = vfs_pivot_root(f.text, o.text, &old, &fresh);
		name_out(&o);
	}
	name_out(&f);
	if (rc != 0)
		return rc;
	move_roots(&old, &fresh);
	path_put(&old);
	path_put(&fresh);
	return 0;
}
