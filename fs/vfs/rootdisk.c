/*
 * The root on a disk: root= on the kernel's command line, as Linux has it.
 *
 *	root=/dev/sda1, root=sda1, root=PARTUUID=...	which device
 *	rootfstype=ext4,ext3	which types to try, in this order; else all
 *	rootflags=commit=30	their mount options
 *	ro, rw			read-only unless it says rw
 *
 * It takes the place of the first root, the archive in memory, which is given
 * up with all that is in it; devfs and proc are mounted where it has /dev and
 * /proc. Without a root there is nothing to run: a panic that says what disks
 * there are.
 *
 * It is the start's last step before the first process; frames are charged by
 * then, so it has segments like any call.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/dev/block.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/vm/reserve.h"

#define WORD_LEN	128u

static BOUND_ROW(root_attach);		/* a mount on the new root, or itself */

struct root_words {
	char	dev[WORD_LEN], types[WORD_LEN], opts[WORD_LEN];
	u32	flags;			/* MS_* */
};

static bool
words_read(const char *cmdline, struct root_words *w)
{
	memset(w, 0, sizeof(*w));
	if (cmdline_get(cmdline, "root", w->dev, sizeof(w->dev)) <= 0)
		return false;
	(void)cmdline_get(cmdline, "rootfstype", w->types, sizeof(w->types));
	(void)cmdline_get(cmdline, "rootflags", w->opts, sizeof(w->opts));
	w->flags = cmdline_has(cmdline, "rw") && !cmdline_has(cmdline, "ro") ?
	    0 : MS_RDONLY;
	return true;
}

static noreturn void
root_missing(const struct root_words *w, const char *why, int rc)
{
	struct block_dev *d = NULL;

	kerr("root=%s: %s (error %d); the disks are:", w->dev, why, -rc);
	while ((d = block_next(d)) != NULL)
		kerr("  %s\t%lu KiB", d->name, d->nsectors / 2);
	panic("cannot mount the root %s: %s (error %d)", w->dev, why, -rc);
}

/* Does name stand in the list "ext4,ext3"? An empty one has all. */
static bool
list_has(const char *list, const char *name)
{
	usize n = strlen(name);

	if (*list == '\0')
		return true;
	for (;;) {
		if (strncmp(list, name, n) == 0 &&
		    (list[n] == '\0' || list[n] == ','))
			return true;
		while (*list != '\0' && *list != ',')
			list++;
		if (*list++ == '\0')
			return false;
	}
}

static int
root_mount_dev(const struct root_words *w, struct block_dev *d,
    struct superblock **out)
{
	struct fs_type *t;
	int rc = -ENODEV;

	for (t = fs_next(NULL); t != NULL && rc != 0; t = fs_next(t))
		if (!t->nodev && list_has(w->types, t->name))
			rc = t->mount_dev(t, d, w->flags, w->opts, out);
	return rc;
}

/* Onto a directory of the new root, if it has that. */
static void
mount_kernel_fs(const char *type, const char *path)
{
	int rc = reserve_row(&bound_root_attach);

	assert(rc == 0);
	rc = vfs_mount_at(type, path);
	if (rc != 0 && rc != -ENOENT)
		kwarn("cannot mount %s on %s: error %d", type, path, -rc);
}

void
vfs_root_disk(const char *cmdline)
{
	static struct root_words w;
	struct superblock *sb;
	struct block_dev *d;
	char source[MOUNT_SOURCE];
	int rc;

	if (!words_read(cmdline, &w))
		return;
	d = block_find_name(w.dev);
	if (d == NULL)
		root_missing(&w, "there is no such disk", -ENODEV);
	rc = root_mount_dev(&w, d, &sb);
	if (rc != 0)
		root_missing(&w, "no file system can be mounted from it", rc);
	rc = reserve_row(&bound_root_attach);
	assert(rc == 0);
	(void)kscnprintf(source, sizeof(source), "/dev/%s", d->name);
	mount_replace_root(sb, w.flags, source);
	mount_kernel_fs("devfs", "/dev");
	mount_kernel_fs("proc", "/proc");
	reserve_end();
	kinfo("root: %s (%s) %s", source, sb->type->name,
	    w.flags & MS_RDONLY ? "read-only" : "read-write");
}
