/*
 * System calls that make, move and remove names, on the working directory and
 * on mounts.
 *
 * Each copies its names in, calls fs/vfs, and gives the names back; the table
 * of bounds covers the longest names and two walks. What needs root is asked
 * here, before anything is looked up. New roots of processes (pivot_root) are
 * set by walking all threads, since a process's root is its own.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/thread.h"
#include "kernel/syscall/call_name.h"
#include "kernel/syscall/syscall.h"

/* ---- making and removing names ---- */

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

/* ---- root and working directory ---- */

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
	else if (n == 1)
		rc = -ENAMETOOLONG;
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

/* ---- file systems ---- */

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

/* All processes that stand in the old root move to the new one. Their old
 * references are dropped behind the RCU section: that may sleep. */
static void
move_roots(const struct path *old, const struct path *fresh)
{
	struct thread *t;
	u32 n = 0;

	rcu_read_lock();
	list_for_each(t, &all_threads, all_node) {
		struct fs_ctx *fs = READ_ONCE(t->fs);

		if (t->x86.is_user && fs != NULL)
			n += fs_ctx_change_root(fs, old, fresh);
	}
	rcu_read_unlock();
	for (; n > 0; n--) {
		struct path p = *old;

		path_put(&p);
	}
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
