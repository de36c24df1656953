/*
 * Start-up: the first root, and the archive that fills it.
 *
 * The archive comes from whoever made the boot image, so nothing in it is
 * believed: cpio.c checks the format, and names are walked like any other
 * (a name with ".." stays in the root; a link's target is not followed when a
 * file is made over it). It runs before the first process, when memory is not
 * reserved yet; the archive's size bounds what it takes.
 *
 * Hard links: cpio gives all names of a file with one (archive, device, inode)
 * and the data with one of them, so the first name is remembered and the
 * others link to it.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/cpio.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"

#define LINK_CHAINS	64u
#define WRITE_CHUNK	65536u

/* A file with several names, by its first. */
struct cpio_link {
	struct cpio_link *next;
	u32		archive, major, minor, ino;
	struct path	path;		/* referenced */
};

static KMEM_CACHE(cpio_link_cache, "cpio_link", struct cpio_link);

void
vfs_init(void)
{
	if (current->cred == NULL)
		current->cred = &root_cred;
	dcache_init();
	mount_init();
	names_init();
	inode_reaper_init();
}

void
vfs_mount_root(void)
{
	struct fs_type *t = fs_find("tmpfs");
	struct superblock *sb;
	struct mount *m;
	int rc;

	if (t == NULL)
		panic("no tmpfs to mount as root");
	rc = t->mount(t, "tmpfs", 0, "mode=755", &sb);
	if (rc == 0)
		rc = mount_attach(sb, sb->root, 0, "tmpfs", NULL, &m);
	if (rc != 0)
		panic("cannot mount the root: error %d", rc);
	init_fs = fs_ctx_first(m);
	current->fs = init_fs;
}

/* ---- the archive ---- */

static struct cpio_link **
link_find(struct cpio_link **chains, const struct cpio_entry *e)
{
	struct cpio_link **l = &chains[e->ino % LINK_CHAINS];

	while (*l != NULL && ((*l)->ino != e->ino ||
	    (*l)->major != e->dev_major || (*l)->minor != e->dev_minor ||
	    (*l)->archive != e->archive))
		l = &(*l)->next;
	return l;
}

static void
link_remember(struct cpio_link **slot, const struct cpio_entry *e,
    const char *name)
{
	struct cpio_link *l;
	struct path p;

	if (path_walk(AT_FDCWD, name, 0, &p) != 0)
		return;
	l = kmem_get(&cpio_link_cache);
	*l = (struct cpio_link){ .archive = e->archive, .ino = e->ino,
	    .major = e->dev_major, .minor = e->dev_minor, .path = p };
	*slot = l;
}

static void
links_free(struct cpio_link **chains)
{
	for (u32 i = 0; i < LINK_CHAINS; i++) {
		while (chains[i] != NULL) {
			struct cpio_link *l = chains[i];

			chains[i] = l->next;
			path_put(&l->path);
			kmem_put(&cpio_link_cache, l);
		}
	}
}

/* The data of a regular file, in chunks, letting others run. */
static int
write_data(const char *name, const u8 *data, usize len)
{
	struct file *f;
	s64 pos = 0;
	int rc = vfs_open(AT_FDCWD, name, O_WRONLY | O_NOFOLLOW, 0, &f);

	if (rc != 0)
		return rc;
	while (rc == 0 && (usize)pos < len) {
		struct uio u = uio_kernel((void *)(data + pos),
		    MIN(len - pos, (usize)WRITE_CHUNK));
		isize n = f->ops->write(f, &u, &pos);

		if (n <= 0)
			rc = n == 0 ? -EIO : n;
		preempt_point();
	}
	file_put(f);
	return rc;
}

static void
set_attributes(const char *name, const struct cpio_entry *e)
{
	struct setattr sa = {
		.valid = SETATTR_UID | SETATTR_GID | SETATTR_MODE |
		    SETATTR_ATIME | SETATTR_MTIME,
		.uid = e->uid, .gid = e->gid, .mode = e->mode & S_IALLUGO,
		.atime_ns = e->mtime * 1000000000ul,
		.mtime_ns = e->mtime * 1000000000ul,
	};
	struct path p;

	if (path_walk(AT_FDCWD, name, 0, &p) != 0)
		return;
	if (S_ISLNK(p.dentry->inode->mode))
		sa.valid &= ~(u32)SETATTR_MODE;
	rwlock_write_lock(&p.dentry->inode->lock);
	inode_setattr(p.dentry->inode, &sa);
	rwlock_write_unlock(&p.dentry->inode->lock);
	path_put(&p);
}

/* The target stands in the archive without a NUL. */
static int
make_link(const char *name, const struct cpio_entry *e)
{
	char *target;
	int rc;

	if (e->size_bytes == 0 || e->size_bytes >= PATH_MAX)
		return -EINVAL;
	target = frame_virt(frame_get(FRAME_BUFFER));
	memcpy(target, e->data, e->size_bytes);
	target[e->size_bytes] = '\0';
	rc = vfs_symlink(target, AT_FDCWD, name);
	path_name_put(target);
	return rc;
}

static int
make_file(const char *name, const struct cpio_entry *e,
    struct cpio_link **chains)
{
	struct cpio_link **slot = NULL;
	struct path *first = NULL;
	int rc;

	if (e->nlink > 1) {
		slot = link_find(chains, e);
		first = *slot != NULL ? &(*slot)->path : NULL;
	}
	if (first != NULL) {
		char *old = frame_virt(frame_get(FRAME_BUFFER));

		rc = vfs_link(AT_FDCWD, path_string(first, old, PAGE_SIZE),
		    AT_FDCWD, name, 0);
		path_name_put(old);
	} else {
		rc = vfs_mknod(AT_FDCWD, name, S_IFREG | 0600, 0);
		if (rc == 0 && slot != NULL)
			link_remember(slot, e, name);
	}
	if (rc == 0 && e->size_bytes > 0)
		rc = write_data(name, e->data, e->size_bytes);
	return rc;
}

static int
unpack_entry(const char *name, const struct cpio_entry *e,
    struct cpio_link **chains)
{
	struct lx_stat st;
	int rc;

	if (!S_ISDIR(e->mode) && vfs_stat_fast(AT_FDCWD, name, 0, &st) == 0 &&
	    !S_ISDIR(st.st_mode))
		(void)vfs_unlink(AT_FDCWD, name);	/* made anew below */
	switch (e->mode & S_IFMT) {
	case S_IFREG:
		rc = make_file(name, e, chains);
		break;
	case S_IFLNK:
		rc = make_link(name, e);
		break;
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		rc = vfs_mknod(AT_FDCWD, name, e->mode,
		    LX_MAKEDEV(e->rdev_major, e->rdev_minor));
		if (S_ISDIR(e->mode) && rc == -EEXIST)
			rc = 0;
		break;
	default:
		rc = -EINVAL;
	}
	if (rc == 0)
		set_attributes(name, e);
	return rc;
}

int
vfs_unpack_cpio(const void *data, usize len_bytes)
{
	struct cpio_link *chains[LINK_CHAINS] = { NULL };
	struct cpio_iter it;
	struct cpio_entry e;
	u32 umask = current->fs->umask, failed = 0;
	int rc;

	current->fs->umask = 0;
	cpio_start(&it, data, len_bytes);
	while ((rc = cpio_next(&it, &e)) == 1) {
		const char *name = e.name;
		int one;

		while (*name == '/')
			name++;
		if (*name == '\0' || strcmp(name, ".") == 0)
			continue;
		one = unpack_entry(name, &e, chains);
		if (one != 0 && failed++ < 8)
			kwarn("root archive: %s: error %d", name, one);
		preempt_point();
	}
	links_free(chains);
	current->fs->umask = umask;
	if (rc != 0)
		kerr("root archive: %s", it.why);
	if (failed > 0)
		kwarn("root archive: %u entries left out", failed);
	return rc;
}
