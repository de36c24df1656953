/*
 * Path walk.
 *
 * A walk goes from component to component, in one of two ways:
 *
 *   under RCU	holds nothing and writes nothing but, at the end, the count of
 *		the one dentry that it gives out. It remembers names_seq from
 *		its start; if that has changed, or a name is not in the cache,
 *		or something must sleep, the walk starts again the other way.
 *   by reference	holds references to the dentry and mount it stands on,
 *		looks names up under their chains' locks, asks file systems,
 *		follows magic links. It may sleep, and renews its charge
 *		before each component that takes memory: it holds no lock
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

/* One component of a name. */
struct component {
	const char	*s;
	usize		len;
	u64		hash;
	const char	*next;		/* where the text goes on behind it */
	bool		last;		/* of the whole walk */
};

static BOUND_ROW(walk);			/* a component, behind a reading */

#define WALK_OVER	2		/* there is no component to step to */

static inline bool
is_followed(const struct walk *w, const struct component *c)
{
	return !c->last || w->dir_wanted || (w->flags & WALK_FOLLOW);
}

/* ---- paths ---- */

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

/* ---- start and end ---- */

/* The directory that dirfd is, if name begins there; for fd_return(). Not under
 * RCU: a descriptor that is being closed may have to be put back. */
static inline struct fd_ref
base_borrow(int dirfd, const char *name)
{
	return *name == '/' || dirfd == AT_FDCWD ?
	    (struct fd_ref){ NULL, false } : fd_borrow(dirfd);
}

/* Where an absolute name and another begin, without references. */
static int
base_load(struct walk *w, int dirfd, bool absolute, const struct fd_ref *dir)
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
    const struct fd_ref *dir)
{
	int rc;

	w->flags = flags;
	w->rcu = rcu;
	w->parent = false;
	w->dir_wanted = false;
	w->nlinks = w->depth = w->nbuf = 0;
	w->buf[0] = w->buf[1] = NULL;
	w->last = NULL;
	if (*name == '\0' && !(flags & WALK_EMPTY))
		return -ENOENT;
	do {
		w->seq = seq_read_begin(&names_seq);
		rc = base_load(w, dirfd, *name == '/', dir);
	} while (rc == 0 && !rcu && !base_ref(w));
	return rc;
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

/* Stand on (mnt, d), whose references the caller hands over. */
static inline void
walk_to(struct walk *w, struct mount *mnt, struct dentry *d)
{
	dentry_put(w->dentry);
	mount_put(w->mnt);
	w->mnt = mnt;
	w->dentry = d;
}

/* The same under RCU, without references. */
static inline void
walk_to_rcu(struct walk *w, struct mount *mnt, struct dentry *d)
{
	w->mnt = mnt;
	w->dentry = d;
}

/*
 * Under RCU, take references to where w stands and, if root_too, to the root,
 * in the order of walk_refs_put(). How many there were: 2 or 4 are all.
 */
static inline u32
walk_refs_get(struct walk *w, bool root_too)
{
	mount_get(w->mnt);
	if (unlikely(!ref_get_unless_zero(&w->dentry->refs)))
		return 1;
	if (!root_too)
		return 2;
	mount_get(w->root.mnt);
	return ref_get_unless_zero(&w->root.dentry->refs) ? 4 : 3;
}

/* Give the first n back; out of RCU, for the last one of a file may sleep. */
static void
walk_refs_put(struct walk *w, u32 n)
{
	if (n >= 4)
		dentry_put(w->root.dentry);
	if (n >= 3)
		mount_put(w->root.mnt);
	if (n >= 2)
		dentry_put(w->dentry);
	if (n >= 1)
		mount_put(w->mnt);
}

/* ---- links ---- */

static int
link_rcu(struct walk *w, struct dentry *d, const char *rest, const char **next)
{
	struct inode *i = d->inode;
	const char *text;

	if (++w->nlinks > SYMLINKS_MAX)
		return -ELOOP;
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
		walk_to_rcu(w, w->root.mnt, w->root.dentry);
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
	else
		len = link_read(i, buf, PATH_MAX);
	if (len <= 0)
		return len == 0 ? -ENOENT : len;
	if (len + rest_len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(buf + len, rest, rest_len + 1);
	if (buf[0] == '/') {
		path_get(&w->root);
		walk_to(w, w->root.mnt, w->root.dentry);
	}
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
	int rc = reserve_renew();	/* as for a component; always */

	if (rc == 0 && ++w->nlinks > SYMLINKS_MAX)
		rc = -ELOOP;
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
step_dotdot_rcu(struct walk *w)
{
	struct mount *mnt = w->mnt, *m;
	struct dentry *d = w->dentry;

	walk_up(w, &mnt, &d);
	while ((READ_ONCE(d->flags) & D_MOUNTED) &&
	    (m = mount_find(mnt, d)) != NULL) {
		mnt = m;
		d = m->root;
	}
	walk_to_rcu(w, mnt, d);
}

static void
step_dotdot_ref(struct walk *w)
{
	struct mount *mnt = w->mnt;
	struct dentry *d = w->dentry;

	spin_lock(&names_lock);
	walk_up(w, &mnt, &d);
	mount_get(mnt);
	dentry_get(d);
	spin_unlock(&names_lock);
	walk_cross(&mnt, &d);
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

/* The child by reference if it is in the cache and need not be asked for; it
 * may be negative. */
static struct dentry *
child_cached(struct walk *w, const char *s, usize len, u64 hash)
{
	struct dentry *d = dentry_find(w->dentry, s, len, hash);

	if (d == NULL || !(d->flags & D_REVALIDATE))
		return d;
	dentry_put(d);
	return NULL;
}

/* The child by reference, from its directory; *out may be negative. What the
 * disk is asked for comes in segments of its own; then this is the row. */
static int
child_look_up(struct walk *w, const char *s, usize len, u64 hash,
    struct dentry **out)
{
	struct inode *dir = w->dentry->inode;
	struct warm warm;
	int rc;

	warm_begin(&warm);
	for (;;) {
		rwlock_read_lock(&dir->lock);
		rc = walk_lookup_locked(w->dentry, s, len, hash, out);
		rwlock_read_unlock(&dir->lock);
		if (likely(rc != -EAGAIN))
			break;
		rc = warm_read(&warm, dir->sb);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_walk);
		if (rc != 0)
			break;
	}
	warm_end(&warm, dir->sb);
	return rc;
}

/* To the component, or to what it is a link to. */
static int
step_ref(struct walk *w, struct component *c)
{
	struct dentry *d;
	struct mount *mnt = w->mnt;
	int rc;

	d = child_cached(w, c->s, c->len, c->hash);
	if (d == NULL) {
		/* A path may have many components: a segment for each that
		 * takes frames. The last goes on with the rest of the call. */
		rc = reserve_renew();
		if (rc == 0)
			rc = child_look_up(w, c->s, c->len, c->hash, &d);
		if (rc != 0)
			return rc;
	}
	if (d->inode == NULL) {
		dentry_put(d);
		return -ENOENT;
	}
	if (S_ISLNK(d->inode->mode) && is_followed(w, c))
		return follow_ref(w, d, c->next, &c->next);
	mount_get(mnt);
	walk_cross(&mnt, &d);
	walk_to(w, mnt, d);
	return 0;
}

static inline int
step_rcu(struct walk *w, struct component *c)
{
	struct dentry *d = dentry_find_rcu(w->dentry, c->s, c->len, c->hash);
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
	if (unlikely(S_ISLNK(i->mode)) && is_followed(w, c))
		return link_rcu(w, d, c->next, &c->next);
	w->dentry = d;
	return 0;
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

/* The component behind c. 0: w is to step there; WALK_OVER: it has arrived. */
static always_inline int
component_next(struct walk *w, struct component *c)
{
	const char *s = skip_slashes(c->next), *after;
	int rc;

	while (*s == '\0') {
		if (!pop_rest(w, &s)) {
			rc = walk_done(w);
			return rc == 0 ? WALK_OVER : rc;
		}
	}
	rc = may_search(w->dentry->inode);
	if (unlikely(rc != 0))
		return rc;
	c->s = s;
	c->len = name_scan(s, &c->hash);
	if (unlikely(c->len > NAME_MAX))
		return -ENAMETOOLONG;
	c->next = s + c->len;
	after = *c->next == '/' ? skip_slashes(c->next) : c->next;
	c->last = *after == '\0' && w->depth == 0;
	w->last_type = dots(s, c->len);
	if (!c->last)
		return 0;
	if (after != c->next)
		w->dir_wanted = true;
	if (!w->parent)
		return 0;
	w->last = s;
	w->last_len = c->len;
	w->last_hash = c->hash;
	return WALK_OVER;
}

static int
walk_run_rcu(struct walk *w, const char *name)
{
	struct component c = { .next = name };
	int rc;

	while (likely((rc = component_next(w, &c)) == 0)) {
		if (likely(w->last_type == LAST_NORM))
			rc = step_rcu(w, &c);
		else if (w->last_type == LAST_DOTDOT)
			step_dotdot_rcu(w);
		if (unlikely(rc != 0))
			return rc;
	}
	return rc == WALK_OVER ? 0 : rc;
}

static int
walk_run_ref(struct walk *w, const char *name)
{
	struct component c = { .next = name };
	int rc;

	while ((rc = component_next(w, &c)) == 0) {
		if (w->last_type == LAST_NORM)
			rc = step_ref(w, &c);
		else if (w->last_type == LAST_DOTDOT)
			step_dotdot_ref(w);
		if (rc != 0)
			return rc;
	}
	return rc == WALK_OVER ? 0 : rc;
}

/* ---- the ways in ---- */

static int
walk_by_ref(struct walk *w, int dirfd, const char *name, u32 flags,
    bool parent)
{
	struct fd_ref dir = base_borrow(dirfd, name);
	int rc = walk_init(w, dirfd, name, flags, false, &dir);

	if (rc == 0) {
		w->parent = parent;
		rc = walk_run_ref(w, name);
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
	struct fd_ref dir = base_borrow(dirfd, name);
	u32 nrefs = 0;
	int rc;

	rcu_read_lock();
	rc = walk_init(w, dirfd, name, flags, true, &dir);
	if (rc == 0) {
		w->parent = parent;
		rc = walk_run_rcu(w, name);
		if (rc == 0) {
			nrefs = walk_refs_get(w, parent);
			if (unlikely(nrefs < (parent ? 4 : 2)))
				rc = WALK_RETRY;
		}
		if (unlikely(seq_read_retry(&names_seq, w->seq)))
			rc = WALK_RETRY;	/* W1 */
	}
	rcu_read_unlock();
	if (likely(rc == 0))
		w->rcu = false;
	else
		walk_refs_put(w, nrefs);
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
	w->dir_wanted = false;
	rc = follow_ref(w, d, "", &next);
	return rc != 0 ? rc : walk_run_ref(w, next);
}

int
walk_lookup(struct walk *w, struct dentry **out)
{
	*out = child_cached(w, w->last, w->last_len, w->last_hash);
	return *out != NULL ? 0 :
	    child_look_up(w, w->last, w->last_len, w->last_hash, out);
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
	struct fd_ref dir = base_borrow(dirfd, name);
	struct walk w;
	int rc;

	rcu_read_lock();
	rc = walk_init(&w, dirfd, name, flags, true, &dir);
	if (rc == 0) {
		struct inode *i;

		rc = walk_run_rcu(&w, name);
		i = w.dentry->inode;
		if (rc == 0)
			rc = inode_stat(i, st);
		if (seq_read_retry(&names_seq, w.seq))
			rc = WALK_RETRY;	/* W1 */
	}
	rcu_read_unlock();
	fd_return(dir);
	return rc;
}
