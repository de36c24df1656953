/*
 * The VFS: names, inodes, mounts. Path walk under RCU, with a fall-back that
 * takes references and may sleep.
 */
#pragma once

#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/seqlock.h"
#include "kernel/vm/aspace.h"

struct block_dev;
struct buffer;
struct dentry;
struct inode;
struct mount;
struct setattr;
struct superblock;

/* Held with a reference to both. */
struct path {
	struct mount	*mnt;
	struct dentry	*dentry;
};

/* What an inode can do; NULL: see the errno in brackets. Directories' calls are
 * made with the directory's lock held for writing (lookup: for reading). None
 * may renew its charge while it is called with that lock. */
struct inode_ops {
	/* Find name in dir; *out gets the inode with a reference, NULL: none.
	 * [there is none: names are only in the dentry cache (tmpfs)] */
	int	(*lookup)(struct inode *dir, const char *name, usize len,
		    struct inode **out);
	/* Make what d names: any S_IFMT type but links. d stays the caller's;
	 * *out gets a reference. [-EPERM] */
	int	(*create)(struct inode *dir, struct dentry *d, u32 mode,
		    u64 rdev, struct inode **out);
	int	(*symlink)(struct inode *dir, struct dentry *d,
		    const char *target, struct inode **out);
	int	(*link)(struct inode *dir, struct dentry *d, struct inode *i);
	int	(*unlink)(struct inode *dir, struct dentry *d);
	int	(*rmdir)(struct inode *dir, struct dentry *d);
	/* over may be negative; RENAME_EXCHANGE: it is not. */
	int	(*rename)(struct inode *from, struct dentry *d,
		    struct inode *to, struct dentry *over, u32 flags);
	/* Target into buf (size PATH_MAX); its length; -EAGAIN: see warm(). In
	 * memory: may return a pointer valid under RCU through get_link.
	 * [-EINVAL] */
	isize	(*readlink)(struct inode *i, char *buf, usize len);
	const char *(*get_link)(struct inode *i);	/* RCU; may be NULL */
	/* All but the size, where there is a truncate(). The inode's lock is
	 * held for writing. [generic: inode_setattr()] */
	int	(*setattr)(struct inode *i, const struct setattr *sa);
	/* The length of a regular file. Holds nothing, may renew; takes the
	 * inode's lock itself. [setattr() with SETATTR_SIZE] */
	int	(*truncate)(struct inode *i, s64 size);
	/* [generic: inode_fill_stat()] Under RCU: does not sleep, and i may
	 * be without references. */
	int	(*getattr)(struct inode *i, struct lx_stat *st);
	/*
	 * Extended attributes, xattr(7), by whole names: the value's or list's
	 * bytes, or -ERANGE: len is too short (0: only asks how many). set
	 * comes in a handle (SB_XATTR), the lock held for writing, flags
	 * XATTR_*; value NULL takes it away. [-EOPNOTSUPP]
	 */
	isize	(*getxattr)(struct inode *i, const char *name, void *buf,
		    usize len);
	int	(*setxattr)(struct inode *i, const char *name,
		    const void *value, usize len, u32 flags);
	isize	(*listxattr)(struct inode *i, char *buf, usize len);
	/* Revalidate a cached name (procfs): false drops the dentry. RCU.
	 * Asked of the named inode. */
	bool	(*revalidate)(struct dentry *d);
	/* A magic link (/proc/PID/exe, fd/N): gives the path itself, with
	 * references; -EOPNOTSUPP: go by the text. */
	int	(*follow)(struct inode *i, struct path *out);
	/* What it leads to has no name (a pipe): follow() returned FOLLOW_SELF
	 * and the walk ends at the link. Open that anew. [-ELOOP] */
	int	(*reopen)(struct inode *i, u32 flags, struct file **out);
	/* What open() makes: may set f->ops and f->priv (f->flags, f->mode and
	 * f->inode are set). NULL: file_ops of inode. On an error, f->ops must
	 * be as it was. */
	int	(*open)(struct inode *i, struct file *f);
};

#define FOLLOW_SELF	1

struct setattr {
	u32		valid;		/* SETATTR_* */
	u32		mode, uid, gid;
	s64		size;
	u64		atime_ns, mtime_ns, ctime_ns;	/* since 1970 */
};
#define SETATTR_MODE	BIT(0)
#define SETATTR_UID	BIT(1)
#define SETATTR_GID	BIT(2)
#define SETATTR_SIZE	BIT(3)
#define SETATTR_ATIME	BIT(4)
#define SETATTR_MTIME	BIT(5)

/* a atomic; I immutable; l lock; s spin */
struct inode {
	const struct inode_ops *ops;	/* [I] */
	const struct file_ops *fops;	/* [I] for regular files and dirs */
	struct superblock *sb;		/* [I] */
	u32		refs;		/* [a] */
	u32		mode;		/* [l, a] type never changes */
	u32		uid, gid;	/* [l, a] */
	u32		nlink;		/* [l] */
	s32		writers;	/* [a] > 0 writing, < 0 denied */
	u64		ino;		/* [I] */
	u64		rdev;		/* [I] devices: LX_MAKEDEV() */
	s64		size;		/* [l] bytes */
	u64		blocks;		/* [l] of 512 bytes */
	u64		atime_ns, mtime_ns, ctime_ns;	/* [a] since 1970 */
	struct rwlock	lock;		/* LOCK_INODE_DIR or LOCK_INODE */
	struct dentry	*alias;		/* [s] one of its names */
	void		*pipe;		/* [s] a FIFO's pipe while open */
	struct spinlock	spin;
	struct slist_node reap;		/* [o] waiting for the reaper */
	struct rcu_head	rcu;
	/* The file system's own part follows (CONTAINER_OF). */
};

/* What the tries of a call lacked, warm.c; on its stack. What is there to be
 * read, and how, only the file system knows. */
#define WARM_PINS	32u
struct warm {
	u32		turns;
	u32		npins;
	struct buffer	*pin[WARM_PINS];
	u32		what;		/* the newest note: what is missing, */
	u64		at;		/* where, */
	struct inode	*owner;		/* of whom; a reference, or NULL */
};

/* What a change is about, for who counts credits. */
enum sb_change {
	SB_CREATE, SB_SYMLINK, SB_LINK, SB_UNLINK, SB_RMDIR, SB_RENAME,
	SB_SETATTR, SB_XATTR,
};

struct super_ops {
	void	(*free_inode)(struct inode *i);	/* after RCU; memory */
	/* The last reference is gone: out of memory with it. Sleeps; takes no
	 * frames, for it may be called wherever a reference is dropped. */
	void	(*evict)(struct inode *i);
	/* i has lost its last name; the caller's is the last reference but for
	 * the file system's own (of what is dirty): drop what holds those, if
	 * that is so. Holds nothing; sleeps; takes no frames. [nothing] */
	void	(*forget)(struct inode *i);
	/*
	 * Before evict(), where nlink is 0: free what it has on disk. Holds
	 * nothing, has a charge (vfs_retire) and may renew it. -EINTR: killed;
	 * somebody else calls again. [nothing to do]
	 */
	int	(*retire)(struct inode *i);
	/*
	 * Around a call that changes names or attributes: begin() behind all
	 * reservations and before any lock, end() behind the locks. 0, -EROFS,
	 * -EIO. Between them the charge is not renewed. [nothing to do]
	 */
	int	(*begin)(struct superblock *sb, enum sb_change what);
	void	(*end)(struct superblock *sb);
	/*
	 * What the file system noted in w when it said -EAGAIN: lookup(), and
	 * the calls of inode_ops between begin() and end(), may, before they
	 * have changed anything that another try would not accept. Holds
	 * nothing; in a row of its own: reserve again after it. 0, or an error
	 * for the caller. Then cool(): give up what w has. [nothing is read]
	 */
	int	(*warm)(struct superblock *sb, struct warm *w);
	void	(*cool)(struct warm *w);
	/* inode_touch() made i newer than the disk. Any lock; no sleep. */
	void	(*dirty)(struct inode *i);
	/* fsync and kin may renew the charge in these three. */
	int	(*statfs)(struct superblock *sb, struct lx_statfs *st);
	int	(*sync)(struct superblock *sb);
	int	(*remount)(struct superblock *sb, u32 flags, const char *opts);
	/*
	 * The last mount is gone, and so is every inode: make the disk whole
	 * and give it back. In the reaper, which has a charge (vfs_reap); may
	 * renew. Then unmount(). [nothing to do]
	 */
	void	(*shut)(struct superblock *sb);
	/* The last inode is gone: free priv. Any context, unless shut. */
	void	(*unmount)(struct superblock *sb);
	/* Options for /proc/mounts: ",size=10k" */
	int	(*show)(struct superblock *sb, char *buf, usize len);
};

struct fs_type {
	struct fs_type	*next;
	const char	*name;		/* "tmpfs" */
	bool		nodev;		/* no block device needed */
	/* The same as mount() on a block device, where nodev is false; holds
	 * nothing and may renew. */
	int	(*mount_dev)(struct fs_type *t, struct block_dev *d,
		    u32 flags, const char *opts, struct superblock **out);
	/* A superblock with its root dentry; or one already mounted, with
	 * another reference (sb_get). Draws on the charge. */
	int	(*mount)(struct fs_type *t, const char *source, u32 flags,
		    const char *opts, struct superblock **out);
};
void	fs_register(struct fs_type *t);
/* Line i of /proc/filesystems; 0 at the end. */
int	fs_types_line(u32 i, char *buf, usize len);

/* a atomic; I immutable */
struct superblock {
	const struct super_ops *ops;	/* [I] */
	struct fs_type	*type;		/* [I] */
	u64		dev;		/* [I] st_dev */
	u32		block_bytes;	/* [I] st_blksize */
	struct dentry	*root;		/* [I] */
	u32		flags;		/* [a] MS_RDONLY and kin */
	u32		refs;		/* [a] mounts */
	u64		ninodes;	/* [a] living ones, + 1: mounted */
	void		*priv;
	bool		pins_dentries;	/* [I] tmpfs: dentries are the dir */
	bool		no_negative;	/* [I] procfs: absence is not cached */
	struct list	node;		/* [mount_lock] all superblocks */
	u64		serial;		/* [I] grows along that list */
	struct slist_node reap;		/* [o] waiting for the reaper */
	u32		*gone;		/* [mount_lock, o] set when it is */
};

/* A superblock of type t, refs 1, a fresh st_dev; the caller sets the rest. */
struct superblock *sb_create(struct fs_type *t, const struct super_ops *ops,
	    u32 flags);
void	sb_get(struct superblock *sb);
void	sb_put(struct superblock *sb);
/* Mounting failed: no mount or name has it. Await the end of its inodes (all
 * are put); then, its ops have nothing to do any more, the superblock's own.
 * Both sleep. */
void	sb_settle_failed(struct superblock *sb);
void	sb_abandon(struct superblock *sb);
/* The superblock mounted from dev, with a reference, or NULL. */
struct superblock *sb_find_dev(u64 dev);
static inline int
sb_begin(struct superblock *sb, enum sb_change what)
{
	if (sb->ops->begin != NULL)
		return sb->ops->begin(sb, what);
	handle_enter(&current->handle);
	return 0;
}
static inline void
sb_end(struct superblock *sb)
{
	if (sb->ops->end != NULL)
		sb->ops->end(sb);
	else
		handle_leave(&current->handle);
}
/* Take the unused names of sb out of the cache. Sleeps. */
void	dcache_drop_sb(const struct superblock *sb);
/* Make the root dentry of inode (its reference passes). */
void	sb_set_root(struct superblock *sb, struct inode *root);

/*
 * A name in a directory: see dcache.c.
 *
 * a atomic; I immutable; n names_lock and the parent's inode lock;
 * r readable under RCU
 */
#define DNAME_INLINE	40
struct dentry {
	struct hlist_node hash_node;	/* [bucket, r] */
	u64		hash;		/* [n, r] of the name */
	struct dentry	*parent;	/* [n, r] owned; a root's is itself */
	struct inode	*inode;		/* [r] owned, set once; NULL: none */
	const char	*name;		/* [n, r] inline_name or a long one */
	u32		name_len;	/* [n, r] */
	u32		refs;		/* [a] being hashed counts as one */
	u32		flags;		/* [a] D_* */
	struct superblock *sb;		/* [I] */
	/* Where dentries are the directory (sb.pins_dentries): */
	struct rb_node	dir_node;	/* [parent's inode lock] */
	u64		cookie;		/* [same] its place: readdir's offset */
	struct rb_root	dir_tree;	/* [this inode's lock] */
	union {
		struct list	lru;	/* [dcache lock] */
		struct rcu_head	rcu;
	};
	char		inline_name[DNAME_INLINE] aligned(8);
};
#define D_HASHED	BIT(0)		/* can be found */
#define D_MOUNTED	BIT(1)		/* something is mounted on it */
#define D_USED		BIT(2)		/* looked up since the last shrink */
#define D_LRU		BIT(3)		/* on the list of evictable ones */
#define D_REVALIDATE	BIT(4)		/* ask its inode's revalidate() */

/* current->fs: root, working directory, umask. Shared by CLONE_FS. */
struct fs_ctx {
	u32		refs;		/* [a] */
	struct spinlock	lock;		/* LOCK_UPPER: guards what follows */
	struct seqcount	seq;		/* RCU readers of root and cwd */
	struct path	root, cwd;
	u32		umask;
};
struct fs_ctx *fs_ctx_copy(struct fs_ctx *fs);
void	fs_ctx_get(struct fs_ctx *fs);
void	fs_ctx_put(struct fs_ctx *fs);
/* Root and working directory of fs, with references. */
void	fs_ctx_paths(struct fs_ctx *fs, struct path *root, struct path *cwd);
extern struct fs_ctx *init_fs;		/* of the first process */

void	vfs_init(void);
/* Mount the first root (tmpfs) and make init_fs; current gets it. Boot. */
void	vfs_mount_root(void);
/* root= on the command line: a disk takes the root's place, or a panic. The
 * last step of boot; frames are charged. */
void	vfs_root_disk(const char *cmdline);
/* Unpack an archive into the root. 0, or -EINVAL (logged). Boot. */
int	vfs_unpack_cpio(const void *data, usize len_bytes);

#define WALK_FOLLOW		BIT(0)	/* a link at the end too */
#define WALK_DIRECTORY		BIT(1)	/* -ENOTDIR for other things */
#define WALK_EMPTY		BIT(2)	/* AT_EMPTY_PATH */
#define WALK_NO_MOUNT		BIT(3)	/* not onto what covers the end */

/*
 * Path names of calls: copied in by path_name_get (one frame), and freed.
 * -EFAULT, -ENAMETOOLONG, -ENOENT (empty). A renewal point.
 */
int	path_name_get(uptr_t user, char **out);
void	path_name_put(char *name);
/*
 * Walk. Draws on the charge, and renews it for each component that is not in
 * the cache: the caller holds nothing. Errors as in path_resolution(7), -EINTR
 * (killed).
 */
int	path_walk(int dirfd, const char *name, u32 flags, struct path *out);
void	path_put(struct path *p);
void	path_get(struct path *p);
/* The absolute name, at the end of buf; returns where it starts. */
char	*path_string(const struct path *p, char *buf, usize len);
/* The same for a file: its path, or "pipe:[3]". Length. */
int	file_string(struct file *f, char *buf, usize len);
/* The same by inode, for who has no path (mappings): one of its names. */
int	inode_string(struct inode *i, char *buf, usize len);
bool	inode_may(const struct inode *i, u32 mask);	/* MAY_* of current */
#define MAY_EXEC	1
#define MAY_WRITE	2
#define MAY_READ	4

int	vfs_open(int dirfd, const char *name, u32 flags, u32 mode,
	    struct file **out);
/* A file open on path, which stays the caller's. */
int	vfs_open_path(const struct path *p, u32 flags, struct file **out);
/* For exec: a regular file that may be executed, open for reading. */
int	vfs_open_exec(const char *name, struct file **out);
int	vfs_open_exec_at(int dirfd, const char *name, u32 flags,
	    struct file **out);
/* Read from a file at pos into kernel memory. Bytes or errno. */
isize	vfs_read_kernel(struct file *f, void *buf, usize len, s64 pos);
/* Set-id bits count there (the mount is not nosuid). */
bool	file_may_setid(const struct file *f);

void	inode_get(struct inode *i);
/* Sleeps. Who has no name any more is left to the reaper if it must retire. */
void	inode_put(struct inode *i);
/* The same where nothing is held: retires it here, in a segment of its own. */
void	inode_put_retire(struct inode *i);
/* The same, never sleeping: the reaper evicts it. */
void	inode_put_later(struct inode *i);
/* Fields that every file system sets; refs 1, times now, owner current. */
void	inode_init(struct inode *i, struct superblock *sb, u32 mode);
/* Owner, group and mode of a new inode in dir (setgid directories). */
void	inode_init_owner(struct inode *i, const struct inode *dir, u32 mode);
void	inode_fill_stat(const struct inode *i, struct lx_stat *st);
static inline int
inode_stat(struct inode *i, struct lx_stat *st)
{
	if (i->ops->getattr != NULL)
		return i->ops->getattr(i, st);
	inode_fill_stat(i, st);
	return 0;
}
void	inode_touch(struct inode *i, u32 which);	/* SETATTR_?TIME */
/* f was read: its access time, as relatime, noatime and O_NOATIME say. */
void	file_note_read(struct file *f);
/* Apply sa but its size; the caller checked, holds the lock for writing. */
void	inode_setattr(struct inode *i, const struct setattr *sa);
static inline u8
inode_dirent_type(const struct inode *i)
{
	return i->mode >> 12 & 15;		/* IFTODT(3) */
}

static inline void
dentry_get(struct dentry *d)
{
	ref_get(&d->refs);
}
void	dentry_put(struct dentry *d);
/* The root of a file system, or a name that is hashed nowhere. */
struct dentry *dentry_create(struct superblock *sb, struct dentry *parent,
	    const char *name, usize len, u64 hash);
static inline bool
dentry_is_empty_dir(const struct dentry *d)	/* pinned file systems */
{
	return rb_is_empty(&d->dir_tree);
}
/* Entries of a pinned directory from f->pos on: a file_ops.readdir. */
int	dir_readdir(struct file *f, struct dir_sink *sink);
s64	dir_seek(struct file *f, s64 off, int whence);
/* "." and ".." for other readdirs: from *pos 0, 1; 1 when the sink is full. */
int	dir_emit_dots(struct file *f, struct dir_sink *sink);
/* Forget the names below dir that nobody uses (procfs: a process is gone). */
void	dentry_drop(struct dentry *d);

/*
 * Make a node below parent, for file systems that fill themselves (devfs):
 * no permission is asked. rdev for devices, target for links. -EEXIST.
 */
int	vfs_make(struct dentry *parent, const char *name, u32 mode, u64 rdev,
	    const char *target, struct dentry **out);
/* The same by absolute path, boot only: mkdir, mknod. */
int	vfs_make_path(const char *path, u32 mode, u64 rdev);
/* Mount type on the directory at path: boot. */
int	vfs_mount_at(const char *type, const char *path);

u64	vfs_now_ns(void);			/* wall clock for stamps */

/* Line i of /proc/mounts as seen from current's root; 0 at the end. */
int	mounts_line(u32 i, char *buf, usize len);
/* The same for /proc/self/mountinfo. */
int	mountinfo_line(u32 i, char *buf, usize len);
