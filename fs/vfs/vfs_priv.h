/*
 * What the VFS's files share.
 */
#pragma once

#include "fs/vfs/vfs.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/hash.h"
#include "kernel/x86/percpu.h"

/* ---- names: dcache.c ---- */

/*
 * Guards every dentry's name and parent and the mount tree; names_seq changes
 * with them, so that a walk under RCU learns that it may have gone astray.
 */
extern struct spinlock names_lock;
extern struct seqcount names_seq;

void	dcache_init(void);

/* The hashed dentry, exact (see lookup.h), with a reference. */
struct dentry *dentry_find(const struct dentry *parent, const char *s,
	    usize len, u64 hash);
/* Give d its inode (whose reference passes), then or before publish it. */
void	dentry_set_inode(struct dentry *d, struct inode *i);
/* Make d findable; the parent's lock is held. Pinned: it enters the directory.
 * Returns d, or, with a reference, one that another look-up hashed before (d
 * is put then). */
struct dentry *dentry_publish(struct dentry *d);
/* The name is gone: nobody finds d any more. The parent's lock is held. */
void	dentry_unpublish(struct dentry *d);
/* d takes over's name and place; exchange: and over d's. Both directories'
 * locks are held. */
void	dentry_move(struct dentry *d, struct dentry *over, bool exchange);
bool	dentry_is_below(const struct dentry *d, const struct dentry *top);

/* ---- mounts: mount.c ---- */

#define MOUNT_LINES	64u
#define MOUNT_SOURCE	64u

struct mount_refs {
	s64		n;		/* [a] this line's CPUs */
} aligned(CACHE_LINE);

/* I immutable; a atomic; n names_lock, r readable under RCU; M mount_lock */
struct mount {
	struct hlist_node hash_node;	/* [n, r] by parent and mountpoint */
	struct superblock *sb;		/* [I] owned */
	struct dentry	*root;		/* [I] owned */
	struct mount	*parent;	/* [n, r] owned; NULL: none */
	struct dentry	*mountpoint;	/* [n, r] owned */
	u32		flags;		/* [a] MS_RDONLY, NOSUID, NODEV, ... */
	u32		state;		/* [n, a] enum mount_state */
	u32		id;		/* [I] */
	struct list	node;		/* [M, n] all mounts, oldest first */
	struct mount_refs *refs;	/* [a] summed: 0 only when detached */
	struct rcu_head	rcu;
	struct slist_node reap;
	char		source[MOUNT_SOURCE];	/* [I] */
};
enum mount_state { MOUNT_ATTACHED, MOUNT_DETACHED, MOUNT_DEAD };

void	mount_init(void);
void	names_init(void);
void	mount_put_slow(struct mount *m);
static inline void
mount_get(struct mount *m)
{
	atomic_inc(&m->refs[cpu_id % MOUNT_LINES].n);
}

static inline void
mount_put(struct mount *m)
{
	atomic_dec(&m->refs[cpu_id % MOUNT_LINES].n);
	if (unlikely(READ_ONCE(m->state) != MOUNT_ATTACHED))
		mount_put_slow(m);
}

/* What is mounted at d of m, under RCU, or NULL. */
struct mount *mount_find(const struct mount *m, const struct dentry *d);
/* May current make a name at d, in dir? 0, or why not. names.c */
int	may_make(const struct path *dir, const struct dentry *d);
/* A node in dir, whose lock is held for writing, at the negative d: permissions
 * are checked; begun is what sb_begin() said. names.c */
int	node_make_locked(const struct path *dir, struct dentry **d, u32 mode,
	    u64 rdev, int begun);
/* Mount sb (whose reference passes) on *at, or as the first root. */
int	mount_attach(struct superblock *sb, struct dentry *root, u32 flags,
	    const char *source, const struct path *at, struct mount **out);
/* Boot: sb (whose reference passes) is current's root; the first one goes. */
void	mount_replace_root(struct superblock *sb, u32 flags,
	    const char *source);
struct fs_type *fs_find(const char *name);
struct fs_type *fs_next(const struct fs_type *t);	/* NULL: first */
struct fs_ctx *fs_ctx_first(struct mount *m);
/* Some mount of sb, referenced, or NULL. */
struct mount *mount_of_sb(const struct superblock *sb);

extern struct mount *root_mount;	/* [M] */
extern struct mutex mount_lock;		/* the tree of mounts, superblocks */

/* ---- superblocks: super.c ---- */

/* Does anything hold inodes of sb but names in the cache? -EBUSY. Renews. */
int	sb_settle(struct superblock *sb);
/* Until *gone, which sb->gone pointed to, is set. */
void	sb_wait_gone(u32 *gone);

static inline bool
mount_is_readonly(const struct mount *m)
{
	return (READ_ONCE(m->flags) | READ_ONCE(m->sb->flags)) & 1;
}

/* ---- walking: walk.c ---- */

#define WALK_RETRY	1		/* leave RCU, start again */

enum last_type { LAST_NORM, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

struct walk {
	struct mount	*mnt;
	struct dentry	*dentry;
	struct path	root;		/* where ".." and "/" end */
	u32		seq;		/* names_seq at the start (RCU) */
	u32		flags;		/* WALK_* */
	bool		rcu;		/* no references are held */
	bool		parent;		/* stop before the last component */
	bool		dir_wanted;	/* a slash stood behind the last one */
	u32		nlinks;		/* symbolic links followed */
	u32		depth;		/* of rest[] */
	char		*buf[2];	/* link texts, frames (not RCU) */
	u32		nbuf;
	/* parent: what was left */
	const char	*last;
	u32		last_len;
	u64		last_hash;
	enum last_type	last_type;
	const char	*rest[SYMLINKS_MAX];	/* behind links (RCU) */
};

/* Walk to the parent of name; 0: w holds references, end with walk_end(). */
int	walk_parent(struct walk *w, int dirfd, const char *name);
/* Follow the link d (its reference passes), a child of where w stands, in a new
 * segment; then as walk_parent(). On an error w still needs its walk_end(). */
int	walk_link(struct walk *w, struct dentry *d);
void	walk_end(struct walk *w);
/* The child of w->dentry that last names, negative ones too. Referenced. The
 * second has the directory's lock held. */
int	walk_lookup(struct walk *w, struct dentry **out);
int	walk_lookup_locked(struct dentry *dir, const char *name, usize len,
	    u64 hash, struct dentry **out);
/* A link's text by readlink(): its bytes, or why not. Holds nothing, renews. */
isize	link_read(struct inode *i, char *buf, usize len);
/* The same if it is in the cache and positive, else NULL. */
struct dentry *walk_find(struct walk *w);
/* Step from (mnt, d), referenced, onto what covers it. */
void	walk_cross(struct mount **mnt, struct dentry **d);

/* ---- what is not in memory: warm.c ---- */

void	warm_begin(struct warm *w);
/* Said -EAGAIN: 0: try again, in a new segment. Holds nothing. */
int	warm_read(struct warm *w, struct superblock *sb);
void	warm_end(struct warm *w, struct superblock *sb);

/* ---- inodes, opening: inode.c, open.c ---- */

void	inode_reaper_init(void);
void	mount_reap_later(struct mount *m);	/* the reaper calls: */
void	mount_reap(struct mount *m);
void	sb_reap_later(struct superblock *sb);	/* without mounts, then: */
void	sb_reap(struct superblock *sb);
void	sb_shut_later(struct superblock *sb);	/* without inodes, then: */
void	sb_shut(struct superblock *sb);
/* Until it has nothing to do. Sleeps; not for the reaper itself. */
void	inode_reaper_wait(void);
extern const struct file_ops dir_file_ops;
/* May current delete or rename d in dir (sticky directories)? */
int	inode_may_delete(const struct inode *dir, const struct dentry *d,
	    bool is_dir);
int	path_may_write(const struct path *p);	/* -EROFS or 0 */
