/*
 * The name of an inode, for those who only hold the inode: /proc/PID/maps.
 */
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

int
inode_string(struct inode *i, char *buf, usize len)
{
	struct path p = { .mnt = mount_of_sb(i->sb) };
	usize n;
	char *s;

	if (p.mnt == NULL)
		return -ENOENT;
	spin_lock(&names_lock);
	p.dentry = i->alias;
	if (p.dentry != NULL)
		dentry_get(p.dentry);
	spin_unlock(&names_lock);
	if (p.dentry == NULL) {
		mount_put(p.mnt);
		return -ENOENT;
	}
	s = path_string(&p, buf, len);
	n = strlen(s);
	memmove(buf, s, n + 1);
	path_put(&p);
	return n;
}
