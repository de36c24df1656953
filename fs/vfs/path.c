/*
 * Names of paths, and each process's root and working directory.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/uaccess.h"

static KMEM_CACHE(fs_ctx_cache, "fs_ctx", struct fs_ctx);

struct fs_ctx *init_fs;

/* ---- names ---- */

int
path_name_get(uptr_t user, char **out)
{
	char *buf = frame_virt(frame_get(FRAME_BUFFER));
	isize len = copy_in_str(buf, user, PATH_MAX);

	if (len > 0) {
		*out = buf;
		return 0;
	}
	path_name_put(buf);
	return len == 0 ? -ENOENT : len;
}

void
path_name_put(char *name)
{
	frame_put(frame_of_virt(name));
}

/* Put text before at; NULL: no room. */
static char *
prepend(char *at, const char *buf, const char *text, usize len)
{
	if (at == NULL || (usize)(at - buf) < len)
		return NULL;
	return memcpy(at - len, text, len);
}

char *
path_string(const struct path *p, char *buf, usize len)
{
	const struct mount *mnt = p->mnt;
	const struct dentry *d = p->dentry;
	struct path root = { NULL, NULL };
	char *at = buf + len - 1, *end = at;

	if (current->fs != NULL)
		root = current->fs->root;	/* compared, not followed */
	*at = '\0';
	if (d != d->parent && !(READ_ONCE(d->flags) & D_HASHED))
		at = end = prepend(at, buf, " (deleted)", 10);
	spin_lock(&names_lock);
	while (at != NULL && !(d == root.dentry && mnt == root.mnt)) {
		if (d == mnt->root || d == d->parent) {
			if (d != mnt->root || mnt->parent == NULL)
				break;
			d = mnt->mountpoint;
			mnt = mnt->parent;
			continue;
		}
		at = prepend(at, buf, d->name, d->name_len);
		at = prepend(at, buf, "/", 1);
		d = d->parent;
	}
	spin_unlock(&names_lock);
	if (at == end)
		at = prepend(at, buf, "/", 1);
	if (at == NULL) {			/* longer than buf: its end */
		at = buf + len - 1;
		*at = '\0';
	}
	return at;
}

int
file_string(struct file *f, char *buf, usize len)
{
	struct path p = { f->mnt, f->dentry };
	char *at;
	usize n;

	if (f->ops->label != NULL)
		return f->ops->label(f, buf, len);
	if (f->dentry == NULL)
		return kscnprintf(buf, len, "anon_inode:[%s]", f->ops->name);
	at = path_string(&p, buf, len);
	n = buf + len - 1 - at;
	memmove(buf, at, n + 1);
	return n;
}

int
inode_string(struct inode *i, char *buf, usize len)
{
	struct path p = { mount_of_sb(i->sb), NULL };
	char *at;
	usize n;

	spin_lock(&i->spin);
	if (i->alias != NULL && ref_get_unless_zero(&i->alias->refs))
		p.dentry = i->alias;
	spin_unlock(&i->spin);
	if (p.dentry == NULL || p.mnt == NULL) {
		n = kscnprintf(buf, len, "(deleted)");
	} else {
		at = path_string(&p, buf, len);
		n = buf + len - 1 - at;
		memmove(buf, at, n + 1);
	}
	if (p.dentry != NULL)
		dentry_put(p.dentry);
	if (p.mnt != NULL)
		mount_put(p.mnt);
	return n;
}

/* ---- root and working directory ---- */

struct fs_ctx *
fs_ctx_copy(struct fs_ctx *from)
{
	struct fs_ctx *fs = kmem_get_zero(&fs_ctx_cache);

	fs->refs = 1;
	spin_init(&fs->lock, LOCK_UPPER);
	spin_lock(&from->lock);
	fs->root = from->root;
	fs->cwd = from->cwd;
	fs->umask = from->umask;
	path_get(&fs->root);
	path_get(&fs->cwd);
	spin_unlock(&from->lock);
	return fs;
}

void
fs_ctx_get(struct fs_ctx *fs)
{
	ref_get(&fs->refs);
}

void
fs_ctx_put(struct fs_ctx *fs)
{
	if (!ref_put(&fs->refs))
		return;
	path_put(&fs->root);
	path_put(&fs->cwd);
	kmem_put(&fs_ctx_cache, fs);
}

void
fs_ctx_paths(struct fs_ctx *fs, struct path *root, struct path *cwd)
{
	spin_lock(&fs->lock);
	*root = fs->root;
	*cwd = fs->cwd;
	path_get(root);
	path_get(cwd);
	spin_unlock(&fs->lock);
}

/* Swap *slot, one of fs's paths, with *p; who walks sees either. */
static void
fs_ctx_swap(struct fs_ctx *fs, struct path *slot, struct path *p)
{
	struct path old;

	spin_lock(&fs->lock);
	old = *slot;
	seq_write_begin(&fs->seq);
	*slot = *p;
	seq_write_end(&fs->seq);
	spin_unlock(&fs->lock);
	*p = old;
}

void
fs_ctx_set_cwd(struct path *p)
{
	fs_ctx_swap(current->fs, &current->fs->cwd, p);
	path_put(p);
}

void
fs_ctx_set_root(struct path *p)
{
	fs_ctx_swap(current->fs, &current->fs->root, p);
	path_put(p);
}

static bool
path_is(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}

u32
fs_ctx_change_root(struct fs_ctx *fs, const struct path *old,
    const struct path *fresh)
{
	struct path *slot[2] = { &fs->root, &fs->cwd };
	u32 n = 0;

	spin_lock(&fs->lock);
	seq_write_begin(&fs->seq);
	for (u32 i = 0; i < 2; i++) {
		if (!path_is(slot[i], old))
			continue;
		*slot[i] = *fresh;
		path_get(slot[i]);
		n++;
	}
	seq_write_end(&fs->seq);
	spin_unlock(&fs->lock);
	return n;
}

/* The first process's: at the root of m. */
struct fs_ctx *
fs_ctx_first(struct mount *m)
{
	struct fs_ctx *fs = kmem_get_zero(&fs_ctx_cache);

	fs->refs = 1;
	spin_init(&fs->lock, LOCK_UPPER);
	fs->root = fs->cwd = (struct path){ m, m->root };
	path_get(&fs->root);
	path_get(&fs->cwd);
	fs->umask = 022;
	return fs;
}
