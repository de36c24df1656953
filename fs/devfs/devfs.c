/*
 * devfs: a tmpfs that is born with a node for each device.
 *
 * There is one instance, made at boot; each mount shows it. A device that is
 * added later gets its node then (chardev_added). Programs may make, rename and
 * remove nodes as in any tmpfs: what a node opens is decided by its number, not
 * by this folder.
 *
 * Rejected: nodes made at look-up. A tmpfs directory is its dentries, so that
 * making all nodes at once is both less code and no slower.
 */
#include "fs/devfs/devfs.h"
#include "fs/tmpfs/tmpfs.h"
#include "fs/vfs/vfs.h"
#include "kernel/dev/block.h"
#include "kernel/dev/chardev.h"
#include "kernel/lib/assert.h"
#include "kernel/trace/log.h"

#define DISK_GID	6	/* Debian's base-passwd */
#define DEVFS_OPTIONS	"mode=755,size=1m,nr_inodes=4096"

static struct superblock *devfs;	/* [I] set by devfs_init */

static const struct {
	const char	*name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
};

static const struct {
	const char	*name;
	u32		mode;
} dirs[] = {
	{ "pts", 0755 },
	{ "shm", 01777 },
};

static void
make_node(const char *name, u32 mode, u64 rdev, const char *target)
{
	int err = vfs_make(devfs->root, name, mode, rdev, target, NULL);

	if (err != 0)
		kwarn("devfs: no node %s: error %d", name, -err);
}

static void
make_device(struct chardev *d)
{
	make_node(d->name, S_IFCHR | d->mode, LX_MAKEDEV(d->major, d->minor),
	    NULL);
}

/* Disks are root's and group disk's. */
static void
make_disk(struct block_dev *d)
{
	struct dentry *node;
	int err = vfs_make(devfs->root, d->name, S_IFBLK | 0660,
	    LX_MAKEDEV(d->major, d->minor), NULL, &node);

	if (err != 0) {
		kwarn("devfs: no node %s: error %d", d->name, -err);
		return;
	}
	node->inode->gid = DISK_GID;
	dentry_put(node);
}

static int
devfs_mount(struct fs_type *t, const char *source, u32 flags,
    const char *opts, struct superblock **out)
{
	(void)t, (void)source, (void)flags;
	(void)opts;		/* as devtmpfs: they are the first mount's */
	sb_get(devfs);
	*out = devfs;
	return 0;
}

static struct fs_type devfs_type = {
	.name = "devfs", .nodev = true, .mount = devfs_mount,
};
static struct fs_type devtmpfs_type = {
	.name = "devtmpfs", .nodev = true, .mount = devfs_mount,
};

void
devfs_init(void)
{
	int err = tmpfs_mount(&devfs_type, "devfs", 0, DEVFS_OPTIONS, &devfs);

	assert(err == 0);
	for (u32 i = 0; i < ARRAY_LEN(links); i++)
		make_node(links[i].name, 0, 0, links[i].target);
	for (u32 i = 0; i < ARRAY_LEN(dirs); i++)
		make_node(dirs[i].name, S_IFDIR | dirs[i].mode, 0, NULL);
	for (struct chardev *d = chardev_first(); d != NULL; d = d->next)
		make_device(d);
	chardev_added = make_device;
	for (struct block_dev *b = block_next(NULL); b != NULL;
	    b = block_next(b))
		make_disk(b);
	block_added = make_disk;
	fs_register(&devfs_type);
	fs_register(&devtmpfs_type);
}
