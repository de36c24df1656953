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
#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/seqlock.h"
#include "kernel/vm/aspace.h"

struct dentry;
struct inode;
struct mount;
struct superblock;

/* Held with a reference to both. */
struct path {
	struct mount	*mnt;
	struct dentry	*dentry;
};

/* What an inode can do; NULL: see the errno in brackets. Directories' calls are
 * made with the directory's lock held for writing (lookup: for reading). */
struct inode_ops {
	/* Find name in dir; *out gets the inode with a reference, NULL: none. */
	int	(*lookup)(struct inode *dir, const char *name, usize len,
		    struct inode **out);
	int	(*create)(struct inode *dir, struct dentry *d, u32 mode,
		    u64 rdev, struct inode **out);	/* any S_IFMT type */
	int	(*symlink)(struct inode *dir, struct dentry *d,
		    const char *target, struct inode **out);
	int	(*link)(struct inode *dir, struct dentry *d, struct inode *i);
	int	(*unlink)(struct inode *dir, struct dentry *d);
	int	(*rmdir)(struct inode *dir, struct dentry *d);
	int	(*rename)(struct inode *from, struct dentry *d,
		    struct inode *to, struct dentry *over, u32 flags);
	/* Target into buf (size PATH_MAX); its length. In memory: may return a
	 * pointer valid under RCU through get_link. */
	isize	(*readlink)(struct inode *i, char *buf, usize len);
	const char *(*get_link)(struct inode *i);	/* RCU; may be NULL */
	int	(*setattr)(struct inode *i, const struct setattr *sa);
	int	(*getattr)(struct inode *i, struct lx_stat *st); /* [generic] */
	/* Revalidate a cached name (procfs): false drops the dentry. RCU. */
	bool	(*revalidate)(struct dentry *d);
	/* A magic link (/proc/PID/exe, fd/N): gives the path itself. */
	int	(*follow)(struct inode *i, struct path *out);
	/* What open() makes: fills ops and priv. NULL: file_ops of inode. */
	int	(*open)(struct inode *i, struct file *f);
};

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
	u32		mode;		/* [l] type never changes */
	u32		uid, gid;	/* [l] */
	u32		nlink;		/* [l] */
	u64		ino;		/* [I] */
	u64		rdev;		/* [I] devices: lx_makedev() */
	s64		size;		/* [l] bytes */
	u64		blocks;		/* [l] of 512 bytes */
	u64		atime_ns, mtime_ns, ctime_ns;	/* [a] since 1970 */
	struct rwlock	lock;		/* LOCK_INODE_DIR or LOCK_INODE */
	struct pager	pager;		/* mapped regular files */
	void		*pipe;		/* [s] a FIFO's pipe while open */
	struct spinlock	spin;
	struct rcu_head	rcu;
	/* The file system's own part follows (CONTAINER_OF). */
};

struct super_ops {
	void	(*free_inode)(struct inode *i);	/* after RCU; memory */
	/* Last reference gone and nlink is 0, or eviction. Sleeps. */
	void	(*evict)(struct inode *i);
	int	(*statfs)(struct superblock *sb, struct lx_statfs *st);
	int	(*sync)(struct superblock *sb);
	int	(*remount)(struct superblock *sb, u32 flags, const char *opts);
	void	(*unmount)(struct superblock *sb);
};

struct fs_type {
	struct fs_type	*next;
	const char	*name;		/* "tmpfs" */
	bool		nodev;		/* no block device needed */
	int	(*mount)(struct fs_type *t, const char *source, u32 flags,
		    const char *opts, struct superblock **out);
};
void	fs_register(struct fs_type *t);

struct superblock {
	const struct super_ops *ops;	/* [I] */
	struct fs_type	*type;		/* [I] */
	u64		dev;		/* [I] st_dev */
	struct dentry	*root;		/* [I] */
	u32		flags;		/* [a] MS_RDONLY and kin */
	u32		refs;		/* [a] mounts */
	void		*priv;
	bool		pins_dentries;	/* [I] tmpfs: dentries are the dir */
};

/* current->fs: root, working directory, umask. Shared by CLONE_FS. */
struct fs_ctx {
	u32		refs;		/* [a] */
	struct spinlock	lock;		/* LOCK_UPPER: guards what follows */
	struct seqcount	seq;		/* RCU readers of root and cwd */
	struct path	root, cwd;
	u32		umask;
};
struct fs_ctx *fs_ctx_copy(struct fs_ctx *fs);
void	fs_ctx_put(struct fs_ctx *fs);

void	vfs_init(void);
/* Mount the first root (tmpfs) and unpack a cpio archive into it. */
void	vfs_mount_root(void);
int	vfs_unpack_cpio(const void *data, usize len_bytes);

#define AT_FDCWD_		(-100)
#define WALK_FOLLOW		BIT(0)	/* a link at the end too */
#define WALK_DIRECTORY		BIT(1)	/* -ENOTDIR for other things */
#define WALK_EMPTY		BIT(2)	/* AT_EMPTY_PATH */

/*
 * Path names of calls: copied in by path_name_get (one frame), and freed.
 * -EFAULT, -ENAMETOOLONG, -ENOENT (empty).
 */
int	path_name_get(uptr_t user, char **out);
void	path_name_put(char *name);
int	path_walk(int dirfd, const char *name, u32 flags, struct path *out);
void	path_put(struct path *p);
void	path_get(struct path *p);
/* The absolute name, at the end of buf; returns where it starts. */
char	*path_string(const struct path *p, char *buf, usize len);
bool	inode_may(const struct inode *i, u32 mask);	/* MAY_* of current */
#define MAY_EXEC	1
#define MAY_WRITE	2
#define MAY_READ	4

int	vfs_open(int dirfd, const char *name, u32 flags, u32 mode,
	    struct file **out);
/* For exec: a regular file that may be executed, open for reading. */
int	vfs_open_exec(const char *name, struct file **out);
/* Read from a file at pos into kernel memory. Bytes or errno. */
isize	vfs_read_kernel(struct file *f, void *buf, usize len, s64 pos);

void	inode_get(struct inode *i);
void	inode_put(struct inode *i);		/* sleeps */
void	inode_init(struct inode *i, struct superblock *sb, u32 mode);
void	dentry_get(struct dentry *d);
void	dentry_put(struct dentry *d);
u64	vfs_now_ns(void);			/* wall clock for stamps */
