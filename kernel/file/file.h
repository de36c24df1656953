/*
 * Open files and what they can do.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/file/uio.h"
#include "kernel/vm/reserve.h"

struct dentry;
struct file;
struct inode;
struct mount;
struct pager;
struct poll_table;
struct lx_stat;

/*
 * The operations whose bound depends on the file's type. The bound of a call on
 * a descriptor is that of the row ops->bound[...], reserved after the look-up.
 * What the others take (mmap a pager) is in the rows of the calls.
 */
enum file_op {
	FOP_READ, FOP_WRITE, FOP_IOCTL, FOP_READDIR, FOP_SETATTR, FOP_SYNC,
	FOP_COUNT
};

/* At file level: FILE_BOUNDS(pipe); defines pipe_bounds[], a type's rows. */
#define FILE_BOUNDS(type) \
	struct bound type##_bounds[FOP_COUNT] BOUND_IN_SET = { \
		[FOP_READ] = { .name = #type ".read" }, \
		[FOP_WRITE] = { .name = #type ".write" }, \
		[FOP_IOCTL] = { .name = #type ".ioctl" }, \
		[FOP_READDIR] = { .name = #type ".readdir" }, \
		[FOP_SETATTR] = { .name = #type ".setattr" }, \
		[FOP_SYNC] = { .name = #type ".sync" }, \
	}

/*
 * All may be NULL unless said otherwise; the caller then returns the errno in
 * brackets. They hold a reference to the file and nothing else, so each may
 * renew its charge. Interruptible waits return -ERESTARTSYS (abi/errno.h: 512)
 * and the signal code turns it into a restart or -EINTR. A write that finds no
 * reader returns -EPIPE; the system call sends the signal.
 */
struct file_ops {
	const char	*name;			/* "pipe", "tmpfs", ... */
	/* FILE_BOUNDS(), or NULL: the operations take no frame, or reserve
	 * for themselves. */
	struct bound	*bound;
	bool		seekable;	/* has a position: pos != NULL */
	/* Transfer at *pos (advance it) or, not seekable, the stream. Bytes
	 * moved, 0 at the end, or an errno. [-EINVAL] */
	isize	(*read)(struct file *f, struct uio *to, s64 *pos);
	isize	(*write)(struct file *f, struct uio *from, s64 *pos);
	s64	(*seek)(struct file *f, s64 off, int whence);	/* [-ESPIPE] */
	long	(*ioctl)(struct file *f, u32 cmd, u64 arg);	/* [-ENOTTY] */
	/* POLL* bits that hold now; if pt != NULL adds waiters to it. [always
	 * readable and writable] */
	u32	(*poll)(struct file *f, struct poll_table *pt);
	/* Entries by sink->fill(), from f->pos on, which it advances.
	 * [-ENOTDIR] */
	int	(*readdir)(struct file *f, struct dir_sink *sink);
	/* The pager to map, with a reference; the offset is checked.
	 * [-ENODEV] */
	int	(*mmap)(struct file *f, u32 prot, u32 flags,
		    struct pager **out);
	int	(*sync)(struct file *f, bool data_only);	/* [-EINVAL] */
	int	(*truncate)(struct file *f, s64 length);	/* [-EINVAL] */
	int	(*allocate)(struct file *f, int mode, s64 off, s64 len);
	int	(*stat)(struct file *f, struct lx_stat *st);	/* by inode */
	int	(*set_flags)(struct file *f, u32 flags);	/* F_SETFL */
	/* F_SETPIPE_SZ and other fcntl(2) commands of one type. [-EINVAL] */
	long	(*fcntl)(struct file *f, int cmd, u64 arg);
	/* Another file of the same nameless object. [-ENXIO] */
	int	(*reopen)(struct file *f, u32 flags, struct file **out);
	/* "pipe:[17]" for /proc/PID/fd; NULL: the path or "anon:[name]". */
	int	(*label)(struct file *f, char *buf, usize len);
	/* A descriptor of the file was closed (POSIX locks, tty). */
	void	(*flush)(struct file *f);
	/* The last reference is gone: release what priv owns. Sleeps. */
	void	(*release)(struct file *f);
};

/*
 * The memory of a file is type-stable: a look-up that holds a stale pointer
 * may take a reference to whatever file lives there now, and then compares the
 * slot again (fdtable.c).
 *
 * I immutable; a atomic; p who holds pos_busy; r freed under RCU
 */
struct file {
	const struct file_ops *ops;	/* [I] */
	u32		refs;		/* [a] 0: being freed */
	u32		flags;		/* [a] O_* status flags */
	u32		mode;		/* [I] FMODE_* */
	u32		pos_busy;	/* [a] claimed: file_pos_claim() */
	s64		pos;		/* [p, or alone when not shared] */
	void		*priv;		/* [I, or p] the type's own */
	/* Frames that the file keeps from being freed, for the killer's score;
	 * or NULL. What it points to may be gone: the reader bounds it. */
	const u32	*pinned;	/* [I, or p] */
	struct inode	*inode;		/* [I] pinned by dentry; may be NULL */
	struct dentry	*dentry;	/* [I] owned reference, or NULL */
	struct mount	*mnt;		/* [I] owned reference, or NULL */
	u32		owner_sig;	/* [a] F_SETSIG, F_SETOWN */
	s32		owner_pid;	/* [a] */
	struct rcu_head	rcu;
};

#define FMODE_READ	BIT(0)
#define FMODE_WRITE	BIT(1)
#define FMODE_PATH	BIT(2)		/* O_PATH: no I/O */
#define FMODE_EXEC	BIT(3)		/* runs: nobody may write the file */
#define FMODE_WRITER	BIT(4)		/* counted in inode.writers */

/* A new file with one reference; priv as given. flags: O_*. */
struct file *file_create(const struct file_ops *ops, void *priv, u32 flags);
static inline void
file_get(struct file *f)
{
	(void)__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}
void	file_free(struct file *f);	/* the last reference is gone; sleeps */
static inline void
file_put(struct file *f)
{
	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0)
		file_free(f);
}

/*
 * Claim the position of a shared file for one read or write. The claimer may
 * renew its charge meanwhile, since who waits for it holds no charge: call it
 * before reserving. -ERESTARTSYS when a signal came.
 */
int	file_pos_claim(struct file *f);
void	file_pos_release(struct file *f);

/*
 * A segment of what op needs on a file of this type begins: reserve_row(). To
 * its end, the operations that are called are those of the type.
 */
static inline int
file_reserve(const struct file *f, enum file_op op)
{
	struct bound *rows = f->ops->bound;
	int rc = 0;

	if (rows != NULL)
		rc = reserve_row(&rows[op]);
	else if (unlikely(current->charge.bound != 0))
		(void)renewal_begin();
	charge_note(rows != NULL ? &rows[op] : NULL, f->ops);
	return rc;
}

/* Generic code is about to call an operation of f: debug kernels look whether
 * the segment, if file_reserve() began it, is for files of that type. */
static inline void
file_check_type(const struct file *f)
{
#if defined(HARDTACK_DEBUG)
	assert(current->charge.ops == NULL || current->charge.ops == f->ops);
#else
	(void)f;
#endif
}

/* What this rank needs from above: fs/vfs and kernel/syscall define them. */
struct file_name_ops {
	void	(*put)(struct file *f);	/* drop dentry, mnt and counts */
};
extern const struct file_name_ops file_name_ops;
struct file_limit_ops {
	u64	(*rlimit)(int which);	/* current's soft limit */
	s32	(*pid)(void);		/* current's: whose a POSIX lock is */
};
extern const struct file_limit_ops file_limit_ops;

/*
 * Descriptor tables: RCU look-up, no lock for changes; chunked so that no
 * allocation is above a frame. Shared by threads with CLONE_FILES. fdtable.c.
 */
#define FD_LEAF_BITS	6
#define FD_LEAF		64u		/* descriptors to a leaf */
#define FD_MAX		1048576u	/* no RLIMIT_NOFILE goes beyond */
struct fd_top;

/* a atomic */
struct fd_leaf {
	u64		open;		/* [a] numbers taken */
	u64		cloexec;	/* [a] */
	struct file	*file[FD_LEAF];	/* [a] NULL while being opened */
};

/* a atomic; g the lock guards growth; I immutable once set */
struct fdtable {
	u32		refs;		/* [a] */
	struct spinlock	lock;		/* LOCK_FDTABLE */
	struct fd_top	*top;		/* [I] set under g */
	struct fd_leaf	leaf0;		/* descriptors below FD_LEAF */
	struct rcu_head	rcu;
};

/* The file of fd with a reference, or NULL. Takes no lock. */
struct file *fd_get(u32 fd);
/* Light look-up: no reference taken when the table is not shared. */
struct fd_ref {
	struct file	*file;		/* NULL: bad descriptor */
	bool		owned;
};
static inline struct fd_ref
fd_borrow(u32 fd)
{
	const struct fdtable *t = current->fds;

	if (likely(READ_ONCE(t->refs) == 1 && fd < FD_LEAF))
		return (struct fd_ref){ t->leaf0.file[fd], false };
	return (struct fd_ref){ fd_get(fd), true };
}
static inline void
fd_return(struct fd_ref r)
{
	if (r.owned && r.file != NULL)
		file_put(r.file);
}
/* Install f (its reference passes to the table) at the lowest free number
 * >= from; -EMFILE (the reference stays the caller's). Draws on the
 * charge. */
int	fd_install(struct file *f, u32 from, bool cloexec);
/* dup2: at fd, closing what was there. -EBADF, -EBUSY as dup2(2). */
int	fd_install_at(struct file *f, u32 fd, bool cloexec);
int	fd_close(u32 fd);
int	fd_set_cloexec(u32 fd, bool cloexec);
int	fd_get_cloexec(u32 fd);
/* close_range(2): [first, last]; or only mark them close-on-exec. */
void	fd_close_range(u32 first, u32 last, bool cloexec_only);
struct fdtable *fdtable_create(void);
/* A copy for fork; renewal points inside. Killed meanwhile: a copy of a part,
 * which the dying caller puts. */
struct fdtable *fdtable_fork(struct fdtable *t);
void	fdtable_get(struct fdtable *t);
bool	fdtable_get_try(struct fdtable *t);	/* found under RCU */
void	fdtable_put(struct fdtable *t);		/* closes all at the last */
void	fdtable_close_on_exec(struct fdtable *t);
int	fdtable_unshare_current(void);		/* exec, CLONE_FILES unshare */
/* For /proc/PID/fd: next used number >= fd of another process' table, or -1. */
int	fdtable_next(struct fdtable *t, u32 fd);
struct file *fdtable_file(struct fdtable *t, u32 fd);	/* referenced */
/* Frames that the table's end would give back, roughly. Any context. */
u64	fdtable_pinned_frames(struct fdtable *t);
u32	fdtable_capacity(struct fdtable *t);	/* FDSize in status */
