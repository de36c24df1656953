/*
 * System calls on extended attributes, by name, by link and by descriptor.
 *
 * There are four calls of three kinds. Each kind finds a path with references,
 * by a walk or from the descriptor, and the rest is the call's: get, list, set
 * or remove. What goes between the user and the file system passes through one
 * frame of the call's own, because file systems work under the inode's lock,
 * where no user page may be missing: it is filled before the walk, or emptied
 * behind it.
 *
 * LIMIT: a value is at most a page: longer ones are -ENOSPC, as on a file
 * system that keeps them in one block.
 */
#include "fs/vfs/calls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/xattr.h"
#include "kernel/file/file.h"
#include "kernel/mem/frame.h"
#include "kernel/syscall/call_name.h"
#include "kernel/syscall/syscall.h"

/* Whose attributes, and which; buf is a frame. */
struct xattr_call {
	struct path	path;
	char		*buf;
	char		name[XATTR_NAME_MAX + 1];
};

/* ---- whose ---- */

/* The descriptor's path, with references. */
static int
fd_path(int fd, struct path *p)
{
	struct fd_ref r = fd_borrow((u32)fd);
	int rc = 0;

	if (r.file == NULL)
		return -EBADF;
	if (r.file->mode & FMODE_PATH)
		rc = -EBADF;
	else if (r.file->dentry == NULL)
		rc = -EOPNOTSUPP;
	if (rc == 0) {
		*p = (struct path){ r.file->mnt, r.file->dentry };
		path_get(p);
	}
	fd_return(r);
	return rc;
}

/* The attribute's name, or none if there is no address. */
static int
attr_name_in(struct xattr_call *c, uptr_t attr)
{
	isize len;

	if (attr.addr == 0)
		return -EFAULT;
	len = copy_in_str(c->name, attr, sizeof(c->name));
	if (len == -ENAMETOOLONG || len == 0)
		return -ERANGE;
	return len < 0 ? (int)len : 0;
}

static void
call_init(struct xattr_call *c)
{
	c->buf = frame_virt(frame_get(FRAME_BUFFER));
}

static void
call_fini(struct xattr_call *c)
{
	frame_put(frame_of_virt(c->buf));
}

/* ---- get ---- */

/* n bytes of the call's frame to the user, who has room for size; 0: only asks
 * how many there are. */
static long
give(struct xattr_call *c, isize n, uptr_t out, usize size)
{
	int rc;

	if (n <= 0 || size == 0)
		return n;
	if ((usize)n > size)
		return -ERANGE;
	rc = copy_out(out, c->buf, (usize)n);
	return rc != 0 ? rc : n;
}

static long
get_path(struct xattr_call *c, uptr_t out, usize size)
{
	isize n = vfs_getxattr(&c->path, c->name, c->buf, PAGE_SIZE);

	path_put(&c->path);
	return give(c, n, out, size);
}

static long
get_name(uptr_t name, u32 walk, uptr_t attr, uptr_t out, usize size)
{
	struct xattr_call c;
	long rc;

	call_init(&c);
	rc = attr_name_in(&c, attr);
	if (rc == 0)
		rc = walk_user(AT_FDCWD, name, walk, &c.path);
	if (rc == 0)
		rc = get_path(&c, out, size);
	call_fini(&c);
	return rc;
}

long
sys_getxattr(uptr_t name, uptr_t attr, uptr_t out, usize size)
{
	return get_name(name, WALK_FOLLOW, attr, out, size);
}

long
sys_lgetxattr(uptr_t name, uptr_t attr, uptr_t out, usize size)
{
	return get_name(name, 0, attr, out, size);
}

long
sys_fgetxattr(int fd, uptr_t attr, uptr_t out, usize size)
{
	struct xattr_call c;
	long rc;

	call_init(&c);
	rc = attr_name_in(&c, attr);
	if (rc == 0)
		rc = fd_path(fd, &c.path);
	if (rc == 0)
		rc = get_path(&c, out, size);
	call_fini(&c);
	return rc;
}

/* ---- list ---- */

static long
list_path(struct xattr_call *c, uptr_t out, usize size)
{
	isize n = vfs_listxattr(&c->path, c->buf, PAGE_SIZE);

	path_put(&c->path);
	return n == -ERANGE ? -E2BIG : give(c, n, out, size);
}

static long
list_name(uptr_t name, u32 walk, uptr_t out, usize size)
{
	struct xattr_call c;
	long rc;

	call_init(&c);
	rc = walk_user(AT_FDCWD, name, walk, &c.path);
	if (rc == 0)
		rc = list_path(&c, out, size);
	call_fini(&c);
	return rc;
}

long
sys_listxattr(uptr_t name, uptr_t out, usize size)
{
	return list_name(name, WALK_FOLLOW, out, size);
}

long
sys_llistxattr(uptr_t name, uptr_t out, usize size)
{
	return list_name(name, 0, out, size);
}

long
sys_flistxattr(int fd, uptr_t out, usize size)
{
	struct xattr_call c;
	long rc;

	call_init(&c);
	rc = fd_path(fd, &c.path);
	if (rc == 0)
		rc = list_path(&c, out, size);
	call_fini(&c);
	return rc;
}

/* ---- set ---- */

/* The value into the call's frame. */
static int
value_in(struct xattr_call *c, uptr_t value, usize size)
{
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (size > PAGE_SIZE)
		return -ENOSPC;
	return size == 0 ? 0 : copy_in(c->buf, value, size);
}

static long
set_path(struct xattr_call *c, usize size, u32 flags)
{
	int rc = vfs_setxattr(&c->path, c->name, c->buf, size, flags);

	path_put(&c->path);
	return rc;
}

static int
set_args(struct xattr_call *c, uptr_t attr, uptr_t value, usize size,
    u32 flags)
{
	int rc;

	if (flags & ~(u32)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	rc = attr_name_in(c, attr);
	return rc != 0 ? rc : value_in(c, value, size);
}

static long
set_name(uptr_t name, u32 walk, uptr_t attr, uptr_t value, usize size,
    u32 flags)
{
	struct xattr_call c;
	long rc;

	call_init(&c);
	rc = set_args(&c, attr, value, size, flags);
	if (rc == 0)
		rc = walk_user(AT_FDCWD, name, walk, &c.path);
	if (rc == 0)
		rc = set_path(&c, size, flags);
	call_fini(&c);
	return rc;
}

long
sys_setxattr(uptr_t name, uptr_t attr, uptr_t value, usize size, u32 flags)
{
	return set_name(name, WALK_FOLLOW, attr, value, size, flags);
}

long
sys_lsetxattr(uptr_t name, uptr_t attr, uptr_t value, usize size, u32 flags)
{
	return set_name(name, 0, attr, value, size, flags);
}

long
sys_fsetxattr(int fd, uptr_t attr, uptr_t value, usize size, u32 flags)
{
	struct xattr_call c;
	long rc;

	call_init(&c);
	rc = set_args(&c, attr, value, size, flags);
	if (rc == 0)
		rc = fd_path(fd, &c.path);
	if (rc == 0)
		rc = set_path(&c, size, flags);
	call_fini(&c);
	return rc;
}

/* ---- remove ---- */

static long
remove_path(struct xattr_call *c)
{
	int rc = vfs_setxattr(&c->path, c->name, NULL, 0, XATTR_REPLACE);

	path_put(&c->path);
	return rc;
}

static long
remove_name(uptr_t name, u32 walk, uptr_t attr)
{
	struct xattr_call c;
	long rc = attr_name_in(&c, attr);

	if (rc == 0)
		rc = walk_user(AT_FDCWD, name, walk, &c.path);
	return rc == 0 ? remove_path(&c) : rc;
}

long
sys_removexattr(uptr_t name, uptr_t attr)
{
	return remove_name(name, WALK_FOLLOW, attr);
}

long
sys_lremovexattr(uptr_t name, uptr_t attr)
{
	return remove_name(name, 0, attr);
}

long
sys_fremovexattr(int fd, uptr_t attr)
{
	struct xattr_call c;
	long rc = attr_name_in(&c, attr);

	if (rc == 0)
		rc = fd_path(fd, &c.path);
	return rc == 0 ? remove_path(&c) : rc;
}
