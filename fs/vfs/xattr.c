/*
 * Extended attributes: who may see and change them, xattr(7). File systems keep
 * them (inode_ops.getxattr and kin).
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/xattr.h"
#include "kernel/lib/string.h"

/* "user." is for files and directories only, and in a sticky directory for its
 * owner. */
static int
may_use_user(const struct inode *i, u32 mask)
{
	u32 uid = current_cred()->fsuid;

	if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
		return mask & MAY_WRITE ? -EPERM : -ENODATA;
	if (S_ISDIR(i->mode) && (i->mode & S_ISVTX) && (mask & MAY_WRITE) &&
	    uid != 0 && uid != i->uid)
		return -EPERM;
	return inode_may(i, mask) ? 0 : -EACCES;
}

static int
may_use(const struct inode *i, const char *name, u32 mask)
{
	bool root = cred_is_root(current_cred());

	if (str_has_prefix(name, "user."))
		return may_use_user(i, mask);
	if (str_has_prefix(name, "trusted."))
		return root ? 0 : mask & MAY_WRITE ? -EPERM : -ENODATA;
	if (str_has_prefix(name, "security."))
		return root || mask == MAY_READ ? 0 : -EPERM;
	return -EOPNOTSUPP;
}

isize
vfs_getxattr(const struct path *p, const char *name, void *buf, usize len)
{
	struct inode *i = p->dentry->inode;
	isize rc = may_use(i, name, MAY_READ);

	if (rc == 0 && i->ops->getxattr == NULL)
		rc = -EOPNOTSUPP;
	if (rc != 0)
		return rc;
	rwlock_read_lock(&i->lock);
	rc = i->ops->getxattr(i, name, buf, len);
	rwlock_read_unlock(&i->lock);
	return rc;
}

static int
set_locked(struct inode *i, const char *name, const void *value, usize len,
    u32 flags)
{
	int rc;

	rwlock_write_lock(&i->lock);
	rc = may_use(i, name, MAY_WRITE);
	if (rc == 0)
		rc = i->ops->setxattr(i, name, value, len, flags);
	rwlock_write_unlock(&i->lock);
	return rc;
}

int
vfs_setxattr(const struct path *p, const char *name, const void *value,
    usize len, u32 flags)
{
	struct inode *i = p->dentry->inode;
	int rc = path_may_write(p);

	if (rc == 0)
		rc = may_use(i, name, MAY_WRITE);
	if (rc == 0 && i->ops->setxattr == NULL)
		rc = -EOPNOTSUPP;
	if (rc == 0)
		rc = sb_begin(i->sb, SB_XATTR);
	if (rc != 0)
		return rc;
	rc = set_locked(i, name, value, len, flags);
	sb_end(i->sb);
	return rc;
}

/* What others may not see goes out of a list of names. */
static isize
drop_trusted(char *buf, usize len)
{
	usize kept = 0, n;

	for (usize at = 0; at < len; at += n) {
		n = strnlen(buf + at, len - at) + 1;
		n = MIN(n, len - at);
		if (str_has_prefix(buf + at, "trusted."))
			continue;
		memmove(buf + kept, buf + at, n);
		kept += n;
	}
	return (isize)kept;
}

isize
vfs_listxattr(const struct path *p, char *buf, usize len)
{
	struct inode *i = p->dentry->inode;
	isize rc;

	if (i->ops->listxattr == NULL)
		return i->ops->getxattr == NULL ? 0 : -EOPNOTSUPP;
	rwlock_read_lock(&i->lock);
	rc = i->ops->listxattr(i, buf, len);
	rwlock_read_unlock(&i->lock);
	if (rc <= 0 || cred_is_root(current_cred()))
		return rc;
	return drop_trusted(buf, (usize)rc);
}
