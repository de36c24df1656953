/*
 * Path walk.
 *
 * A walk goes from component to component, in one of two ways with one loop:
 *
 *   under RCU	holds nothing and writes nothing but, at the end, the count of
 *		the one dentry that it gives out. It remembers names_seq from
 *		its start; if that has changed, or a name is not in the cache,
 *		or something must sleep, the walk starts again the other way.
 *   by reference	holds references to the dentry and mount it stands on,
 *		looks names up under their chains' locks, asks file systems,
 *		follows magic links. It may sleep, and renews its charge
 *		between two components when little is left: it holds no lock
 *		there.
 *
 * In a file system that lives in the cache (sb.pins_dentries) a name that is
 * not in the table does not exist, also under RCU.
 *
 * W1 a result or an error found under RCU counts only if names_seq is the same
 *    afterwards.
 * W2 by reference, (mnt, dentry) and root hold references at every step.
 *
 * Link texts: under RCU a link's text is used where it lies, and what stood
 * behind the link is remembered in rest[]. By reference, the text and what
 * stood behind it are put together in a frame of ours; two frames in turn
 * suffice, because only the newest text is ever read.
 */
#include "fs/vfs/calls.h"
#include "fs/vfs/lookup.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"

/* ---- paths and names ---- */

void
path_get(struct path *p)
{
	mount_get(p->mnt);
	dentry_get(p->dentry);
}

void
path_put(struct path *p)
{
	dentry_put(p->dentry);
	mount_put(p->mnt);
}

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

/* ---- start and end ---- */

/* Where an absolute name and another begin, without references. */
static int
base_load(struct walk *w, int dirfd, bool absolute, struct fd_ref *dir)
{
	struct fs_ctx *fs = current->fs;
	u32 seq;

	do {
		seq = seq_read_begin(&fs->seq);
		w->root = fs->root;
		w->mnt = fs->cwd.mnt;
		w->dentry = fs->cwd.dentry;
	} while (seq_read_retry(&fs->seq, seq));
	if (absolute) {
		w->mnt = w->root.mnt;
		w->dentry = w->root.dentry;
		return 0;
	}
	if (dirfd == AT_FDCWD)
		return 0;
	*dir = fd_borrow(dirfd);
	if (dir->file == NULL)
		return -EBADF;
	if (dir->file->dentry == NULL)
		return -ENOTDIR;
	w->mnt = dir->file->mnt;
	w->dentry = dir->file->dentry;
	return 0;
}

/* References to what base_load() found; false: it is going, look again. */
static bool
base_ref(struct walk *w)
{
	bool ok;

	mount_get(w->mnt);
	mount_get(w->root.mnt);
	ok = ref_get_unless_zero(&w->dentry->refs);
	if (ok && !ref_get_unless_zero(&w->root.dentry->refs)) {
		dentry_put(w->dentry);
		ok = false;
	}
	if (!ok || READ_ONCE(w->mnt->state) == MOUNT_DEAD ||
	    READ_ONCE(w->root.mnt->state) == MOUNT_DEAD) {
		if (ok) {
			dentry_put(w->dentry);
			dentry_put(w->root.dentry);
		}
		mount_put(w->mnt);
		mount_put(w->root.mnt);
		return false;
	}
	return true;
}

static int
walk_init(struct walk *w, int dirfd, const char *name, u32 flags, bool rcu,
    struct fd_ref *dir)
{
	int rc;

	w->flags = flags;
	w->rcu = rcu;
	w->parent = false;
	w->dir_wanted = false;
	w->locked = false;
	w->nlinks = w->depth = w->nbuf = 0;
	w->left = current->charge.left;
	w->buf[0] = w->buf[1] = NULL;
	w->last = NULL;
	if (*name == '\0' && !(flags & WALK_EMPTY))
		return -ENOENT;
	do {
		w->seq = seq_read_begin(&names_seq);
		fd_return(*dir);
		*dir = (struct fd_ref){ NULL, false };
		rc = base_load(w, dirfd, *name == '/', dir);
		if (rc != 0)
			return rc;
	} while (!rcu && !base_ref(w));
	return 0;
}

void
walk_end(struct walk *w)
{
	for (u32 i = 0; i < 2; i++)
		if (w->buf[i] != NULL)
			path_name_put(w->buf[i]);
	if (w->rcu)
		return;
	dentry_put(w->dentry);
	mount_put(w->mnt);
	path_put(&w->root);
}

/* Stand on (mnt, d), whose references (if not RCU) the caller hands over. */
static inline void
walk_to(struct walk *w, struct mount *mnt, struct dentry *d)
{
	if (!w->rcu) {
		dentry_put(w->dentry);
		mount_put(w->mnt);
	}
	w->mnt = mnt;
	w->dentry = d;
}

/*
 * Leave RCU with references to where w stands and to the root. False: names
 * moved meanwhile (W1); w holds nothing.
 */
static bool
walk_leave_rcu(struct walk *w, bool root_too)
{
	mount_get(w->mnt);
	if (unlikely(!ref_get_unless_zero(&w->dentry->refs))) {
		mount_put(w->mnt);
		return false;
	}
	if (root_too) {
		mount_get(w->root.mnt);
		if (!ref_get_unless_zero(&w->root.dentry->refs)) {
			mount_put(w->root.mnt);
			goto undo;
		}
	}
	if (likely(!seq_read_retry(&names_seq, w->seq))) {
		w->rcu = false;
		return true;
	}
	if (root_too)
		path_put(&w->root);
undo:
	dentry_put(w->dentry);
	mount_put(w->mnt);
	return false;
}

/* ---- one step ---- */

void
walk_cross(struct mount **mnt, struct dentry **d)
{
	while (READ_ONCE((*d)->flags) & D_MOUNTED) {
		struct mount *m;

		spin_lock(&names_lock);
		m = mount_find(*mnt, *d);
		if (m != NULL) {
			mount_get(m);
			dentry_get(m->root);
		}
		spin_unlock(&names_lock);
		if (m == NULL)
			return;
		dentry_put(*d);
		mount_put(*mnt);
		*mnt = m;
		*d = m->root;
	}
}

/* ".." of (mnt, d): without references; names_lock is held, or it is RCU. */
static void
walk_up(const struct walk *w, struct mount **mnt, struct dentry **d)
{
	for (;;) {
		struct mount *up;

		if (*d == w->root.dentry && *mnt == w->root.mnt)
			return;
		if (*d != (*mnt)->root) {
			*d = READ_ONCE((*d)->parent);
			return;
		}
		up = READ_ONCE((*mnt)->parent);
		if (up == NULL)
			return;
		*d = READ_ONCE((*mnt)->mountpoint);
		*mnt = up;
		if (unlikely(*d == NULL)) {	/* moved away: W1 */
			*d = up->root;
			return;
		}
	}
}

static void
step_dotdot(struct walk *w)
{
	struct mount *mnt = w->mnt, *m;
	struct dentry *d = w->dentry;

	if (w->rcu) {
		walk_up(w, &mnt, &d);
		while ((READ_ONCE(d->flags) & D_MOUNTED) &&
		    (m = mount_find(mnt, d)) != NULL) {
			mnt = m;
			d = m->root;
		}
	} else {
		spin_lock(&names_lock);
		walk_up(w, &mnt, &d);
		mount_get(mnt);
		dentry_get(d);
		spin_unlock(&names_lock);
		walk_cross(&mnt, &d);
	}
	walk_to(w, mnt, d);
}

int
walk_lookup_locked(struct dentry *dir, const char *name, usize len, u64 hash,
    struct dentry **out)
{
	struct inode *i = dir->inode, *found = NULL;
	struct dentry *d = dentry_find(dir, name, len, hash);
	int rc;

	if (d != NULL && (d->flags & D_REVALIDATE) &&
	    !d->inode->ops->revalidate(d)) {
		dentry_drop(d);
		dentry_put(d);
		d = NULL;
	}
	if (d != NULL) {
		*out = d;
		return 0;
	}
	if (READ_ONCE(i->nlink) == 0)
		return -ENOENT;			/* a removed directory */
	if (i->ops->lookup != NULL) {
		rc = i->ops->lookup(i, name, len, &found);
		if (rc != 0)
			return rc;
	}
	d = dentry_create(dir->sb, dir, name, len, hash);
	if (found == NULL && (dir->sb->pins_dentries || dir->sb->no_negative)) {
		*out = d;			/* found by nobody else */
		return 0;
	}
	dentry_set_inode(d, found);
	*out = dentry_publish(d);
	return 0;
}

/*
 * Between two components: a look-up takes at most half of the walk's frames.
 * What the call needs after the walk is left alone.
 */
static int
walk_renew(const struct walk *w)
{
	if (likely(current->charge.left >= w->left - PATH_FRAMES / 2) ||
	    w->locked || mem_booting || current->charge.bound == 0)
		return 0;
	return reserve_renew();
}

int
walk_need(s32 n)
{
	return current->charge.left < n && !mem_booting ? reserve_renew() : 0;
}

/* The child by reference; *out may be negative. */
static int
child_by_ref(struct walk *w, const char *s, usize len, u64 hash,
    struct dentry **out)
{
	struct inode *dir = w->dentry->inode;
	struct dentry *d = dentry_find(w->dentry, s, len, hash);
	int rc;

	if (d != NULL && !(d->flags & D_REVALIDATE)) {
		*out = d;
		return 0;
	}
	if (d != NULL)
		dentry_put(d);
	rc = walk_renew(w);
	if (rc != 0)
		return rc;
	rwlock_read_lock(&dir->lock);
	rc = walk_lookup_locked(w->dentry, s, len, hash, out);
	rwlock_read_unlock(&dir->lock);
	return rc;
}

/* What a step found: w has moved there, or *link is a link to follow. */
static int
step_ref(struct walk *w, const char *s, usize len, u64 hash, bool follow,
    struct dentry **link)
{
	struct dentry *d;
	struct mount *mnt = w->mnt;
	int rc = child_by_ref(w, s, len, hash, &d);

	if (rc != 0)
		return rc;
	if (d->inode == NULL) {
		dentry_put(d);
		return -ENOENT;
	}
	if (S_ISLNK(d->inode->mode) && follow) {
		*link = d;
		return 0;
	}
	mount_get(mnt);
	walk_cross(&mnt, &d);
	walk_to(w, mnt, d);
	return 0;
}

static inline int
step_rcu(struct walk *w, const char *s, usize len, u64 hash, bool follow,
    struct dentry **link)
{
	struct dentry *d = dentry_find_rcu(w->dentry, s, len, hash);
	struct mount *m;
	struct inode *i;
	u32 flags;

	if (unlikely(d == NULL))
		return w->dentry->sb->pins_dentries ? -ENOENT : WALK_RETRY;
	flags = READ_ONCE(d->flags);
	i = rcu_load(d->inode);
	if (unlikely(i == NULL))
		return -ENOENT;
	if (unlikely(flags & (D_MOUNTED | D_REVALIDATE))) {
		if ((flags & D_REVALIDATE) && !i->ops->revalidate(d))
			return WALK_RETRY;
		while ((READ_ONCE(d->flags) & D_MOUNTED) &&
		    (m = mount_find(w->mnt, d)) != NULL) {
			w->mnt = m;
			d = m->root;
			i = d->inode;
		}
	}
	if (unlikely((flags & (D_USED | D_LRU)) == D_LRU))
		atomic_or(&d->flags, D_USED);
	if (unlikely(S_ISLNK(i->mode)) && follow)
		*link = d;
	else
		w->dentry = d;
	return 0;
}

/* ---- links ---- */

static void
to_root(struct walk *w)
{
	if (!w->rcu)
		path_get(&w->root);
	walk_to(w, w->root.mnt, w->root.dentry);
}

static int
link_rcu(struct walk *w, struct dentry *d, const char *rest, const char **next)
{
	struct inode *i = d->inode;
	const char *text;

	if (i->ops->get_link == NULL || i->ops->follow != NULL)
		return WALK_RETRY;
	text = i->ops->get_link(i);
	if (text == NULL)
		return WALK_RETRY;
	if (*text == '\0')
		return -ENOENT;
	if (*rest != '\0')
		w->rest[w->depth++] = rest;
	if (*text == '/')
		to_root(w);
	*next = text;
	return 0;
}

/* The link's text with rest behind it, in a frame of ours. */
static int
link_text(struct walk *w, struct dentry *d, const char *rest, const char **next)
{
	struct inode *i = d->inode;
	usize rest_len = strlen(rest);
	const char *text = NULL;
	char **slot, *buf;
	isize len;

	slot = &w->buf[w->nbuf++ & 1];
	if (*slot == NULL)
		*slot = frame_virt(frame_get(FRAME_BUFFER));
	buf = *slot;
	if (i->ops->get_link != NULL)
		text = i->ops->get_link(i);
	if (text != NULL)
		len = strlcpy(buf, text, PATH_MAX);
	else if (i->ops->readlink != NULL)
		len = i->ops->readlink(i, buf, PATH_MAX);
	else
		return -EINVAL;
	if (len <= 0)
		return len == 0 ? -ENOENT : len;
	if (len + rest_len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(buf + len, rest, rest_len + 1);
	if (buf[0] == '/')
		to_root(w);
	*next = buf;
	return 0;
}

/* Follow d, whose reference is given up; go on at *next. */
static int
follow_ref(struct walk *w, struct dentry *d, const char *rest,
    const char **next)
{
	struct inode *i = d->inode;
	struct path to;
	int rc = walk_renew(w);

	if (rc == 0) {
		rc = i->ops->follow == NULL ? -EOPNOTSUPP :
		    i->ops->follow(i, &to);
		if (rc == -EOPNOTSUPP) {
			rc = link_text(w, d, rest, next);
		} else if (rc == 0) {
			walk_to(w, to.mnt, to.dentry);
			*next = rest;
		} else if (rc == FOLLOW_SELF) {
			mount_get(w->mnt);
			dentry_get(d);
			walk_to(w, w->mnt, d);
			*next = rest;
			rc = 0;
		}
	}
	dentry_put(d);
	return rc;
}

/* ---- the loop ---- */

static inline int
may_search(const struct inode *dir)
{
	/* A directory that all may search: the usual case. */
	if (likely((READ_ONCE(dir->mode) & (S_IFMT | 0111)) ==
	    (S_IFDIR | 0111)))
		return 0;
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	return inode_may(dir, MAY_EXEC) ? 0 : -EACCES;
}

static inline enum last_type
dots(const char *s, usize len)
{
	if (s[0] != '.' || len > 2)
		return LAST_NORM;
	if (len == 1)
		return LAST_DOT;
	return s[1] == '.' ? LAST_DOTDOT : LAST_NORM;
}

static int
walk_link_step(struct walk *w, struct dentry *link, const char *rest,
    const char **next)
{
	if (++w->nlinks > SYMLINKS_MAX) {
		if (!w->rcu)
			dentry_put(link);
		return -ELOOP;
	}
	return w->rcu ? link_rcu(w, link, rest, next) :
	    follow_ref(w, link, rest, next);
}

static inline const char *
skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

/* At the end of a text: go on behind the link that it came from, if any. */
static bool
pop_rest(struct walk *w, const char **s)
{
	if (w->depth == 0)
		return false;
	*s = skip_slashes(w->rest[--w->depth]);
	if (**s == '\0' && w->depth == 0)
		w->dir_wanted = true;
	return true;
}

static int
walk_done(struct walk *w)
{
	if (w->parent) {
		w->last_type = LAST_ROOT;
		w->last_len = 0;
	}
	if ((w->dir_wanted || (w->flags & WALK_DIRECTORY)) &&
	    !S_ISDIR(w->dentry->inode->mode))
		return -ENOTDIR;
	return 0;
}

/* One component, no dots; *next is where the text goes on behind it. */
static always_inline int
walk_step(struct walk *w, const char *s, usize len, u64 hash, bool follow,
    const char **next)
{
	struct dentry *link = NULL;
	int rc = w->rcu ? step_rcu(w, s, len, hash, follow, &link) :
	    step_ref(w, s, len, hash, follow, &link);

	if (likely(rc == 0 && link == NULL))
		return 0;
	return rc != 0 ? rc : walk_link_step(w, link, *next, next);
}

static int
walk_run(struct walk *w, const char *s)
{
	const char *next, *after;
	usize len;
	u64 hash;
	bool last;
	int rc;

	for (;; s = next) {
		s = skip_slashes(s);
		while (*s == '\0')
			if (!pop_rest(w, &s))
				return walk_done(w);
		rc = may_search(w->dentry->inode);
		if (unlikely(rc != 0))
			return rc;
		len = name_scan(s, &hash);
		if (unlikely(len > NAME_MAX))
			return -ENAMETOOLONG;
		next = s + len;
		after = *next == '/' ? skip_slashes(next) : next;
		last = *after == '\0' && w->depth == 0;
		if (last && after != next)
			w->dir_wanted = true;
		w->last_type = dots(s, len);
		if (last && w->parent) {
			w->last = s;
			w->last_len = len;
			w->last_hash = hash;
			return 0;
		}
		if (likely(w->last_type == LAST_NORM))
			rc = walk_step(w, s, len, hash, !last ||
			    w->dir_wanted || (w->flags & WALK_FOLLOW), &next);
		else if (w->last_type == LAST_DOTDOT)
			step_dotdot(w);
		if (unlikely(rc != 0))
			return rc;
	}
}

/* ---- the ways in ---- */

static int
walk_by_ref(struct walk *w, int dirfd, const char *name, u32 flags,
    bool parent)
{
	struct fd_ref dir = { NULL, false };
	int rc = walk_init(w, dirfd, name, flags, false, &dir);

	if (rc == 0) {
		w->parent = parent;
		rc = walk_run(w, name);
		if (rc != 0)
			walk_end(w);
	}
	fd_return(dir);
	return rc;
}

/* Under RCU; on 0 w holds references (to the root only for parents). */
static int
walk_by_rcu(struct walk *w, int dirfd, const char *name, u32 flags,
    bool parent)
{
	struct fd_ref dir = { NULL, false };
	int rc;

	rcu_read_lock();
	rc = walk_init(w, dirfd, name, flags, true, &dir);
	if (rc == 0) {
		w->parent = parent;
		rc = walk_run(w, name);
		if (rc == 0)
			rc = walk_leave_rcu(w, parent) ? 0 : WALK_RETRY;
		else if (seq_read_retry(&names_seq, w->seq))
			rc = WALK_RETRY;	/* W1 */
	}
	rcu_read_unlock();
	fd_return(dir);
	return rc;
}

int
path_walk(int dirfd, const char *name, u32 flags, struct path *out)
{
	struct walk w;
	int rc = walk_by_rcu(&w, dirfd, name, flags, false);

	if (unlikely(rc == WALK_RETRY)) {
		rc = walk_by_ref(&w, dirfd, name, flags, false);
		if (rc == 0) {
			*out = (struct path){ w.mnt, w.dentry };
			path_get(out);
			walk_end(&w);
		}
		return rc;
	}
	if (rc == 0)
		*out = (struct path){ w.mnt, w.dentry };
	return rc;
}

int
walk_parent(struct walk *w, int dirfd, const char *name)
{
	int rc = walk_by_rcu(w, dirfd, name, 0, true);

	/* A name behind a link's text would not outlive RCU. */
	if (rc == 0 && w->nlinks > 0 && w->last_type == LAST_NORM &&
	    (w->last < name || w->last > name + PATH_MAX)) {
		walk_end(w);
		rc = WALK_RETRY;
	}
	if (rc == WALK_RETRY)
		rc = walk_by_ref(w, dirfd, name, 0, true);
	return rc;
}

int
walk_link(struct walk *w, struct dentry *d)
{
	const char *next;
	int rc;

	assert(!w->rcu);
	if (++w->nlinks > SYMLINKS_MAX) {
		dentry_put(d);
		return -ELOOP;
	}
	w->dir_wanted = false;
	rc = follow_ref(w, d, "", &next);
	return rc != 0 ? rc : walk_run(w, next);
}

int
walk_lookup(struct walk *w, struct dentry **out)
{
	return child_by_ref(w, w->last, w->last_len, w->last_hash, out);
}

struct dentry *
walk_find(struct walk *w)
{
	struct dentry *d = dentry_find(w->dentry, w->last, w->last_len,
	    w->last_hash);

	if (d == NULL || (d->inode != NULL && !(d->flags & D_REVALIDATE)))
		return d;
	dentry_put(d);
	return NULL;
}

int
vfs_stat_fast(int dirfd, const char *name, u32 flags, struct lx_stat *st)
{
	struct fd_ref dir = { NULL, false };
	struct walk w;
	int rc;

	rcu_read_lock();
	rc = walk_init(&w, dirfd, name, flags, true, &dir);
	if (rc == 0) {
		struct inode *i;

		rc = walk_run(&w, name);
		i = w.dentry->inode;
		if (rc == 0 && i->ops->getattr != NULL)
			rc = WALK_RETRY;
		if (rc == 0)
			inode_fill_stat(i, st);
		if (seq_read_retry(&names_seq, w.seq))
			rc = WALK_RETRY;	/* W1 */
	}
	rcu_read_unlock();
	fd_return(dir);
	return rc;
}
