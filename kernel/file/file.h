/*
 * Open files and what they can do.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "kernel/file/uio.h"

struct cred;
struct dentry;
struct file;
struct inode;
struct mount;
struct pager;
struct poll_table;
struct lx_stat;

/*
 * The operations whose bound depends on the file's type. The bound of a call on
 * a descriptor is ops->bound[...], in frames, reserved after the look-up.
 * Generated: BOUND(pipe_read) is from the table of bounds.
 */
enum file_op {
	FOP_READ, FOP_WRITE, FOP_IOCTL, FOP_MMAP, FOP_READDIR, FOP_SETATTR,
	FOP_SYNC, FOP_CLOSE, FOP_POLL, FOP_COUNT
};

/*
 * All may be NULL unless said otherwise; the caller then returns the errno in
 * brackets. They hold a reference to the file and nothing else, so each may
 * renew its charge. Interruptible waits return -ERESTARTSYS (abi/errno.h: 512)
 * and the signal code turns it into a restart or -EINTR.
 */
struct file_ops {
	const char	*name;			/* "pipe", "tmpfs", ... */
	u16		bound[FOP_COUNT];	/* rows of bounds[] */
	bool		seekable;		/* has a position: pos != NULL */
	/* Transfer at *pos (advance it) or, not seekable, the stream. Bytes
	 * moved, 0 at the end, or an errno. [-EINVAL] */
	isize	(*read)(struct file *f, struct uio *to, s64 *pos);
	isize	(*write)(struct file *f, struct uio *from, s64 *pos);
	s64	(*seek)(struct file *f, s64 off, int whence);	/* [-ESPIPE] */
	long	(*ioctl)(struct file *f, u32 cmd, u64 arg);	/* [-ENOTTY] */
	/* POLL* bits that hold now; if pt != NULL adds waiters to it. [always
	 * readable and writable] */
	u32	(*poll)(struct file *f, struct poll_table *pt);
	/* Entries by fill(); see fs/vfs. [-ENOTDIR] */
	int	(*readdir)(struct file *f, struct dir_sink *sink);
	/* The pager to map, with a reference; offset checks are done. [-ENODEV] */
	int	(*mmap)(struct file *f, u32 prot, u32 flags,
		    struct pager **out);
	int	(*sync)(struct file *f, bool data_only);	/* [-EINVAL] */
	int	(*truncate)(struct file *f, s64 length);	/* [-EINVAL] */
	int	(*allocate)(struct file *f, int mode, s64 off, s64 len);
	int	(*stat)(struct file *f, struct lx_stat *st);	/* by inode */
	int	(*set_flags)(struct file *f, u32 flags);	/* F_SETFL */
	/* A descriptor of the file was closed (POSIX locks, tty). */
	void	(*flush)(struct file *f);
	/* The last reference is gone: release what priv owns. Sleeps. */
	void	(*release)(struct file *f);
};

/* I immutable; a atomic; p pos_lock; r freed under RCU */
struct file {
	const struct file_ops *ops;	/* [I] */
	u32		refs;		/* [a] 0: being freed (RCU look-ups) */
	u32		flags;		/* [a] O_* status flags */
	u32		mode;		/* [I] FMODE_* */
	s64		pos;		/* [p, or alone when not shared] */
	struct mutex	pos_lock;	/* held across read/write if shared */
	void		*priv;		/* [I] the type's own */
	struct inode	*inode;		/* [I] may be NULL (anonymous files) */
	struct dentry	*dentry;	/* [I] owned reference, or NULL */
	struct mount	*mnt;		/* [I] owned reference, or NULL */
	struct cred	*cred;		/* [I] opener's */
	u32		owner_sig;	/* F_SETSIG, F_SETOWN */
	s32		owner_pid;
	struct rcu_head	rcu;
};

#define FMODE_READ	BIT(0)
#define FMODE_WRITE	BIT(1)
#define FMODE_PATH	BIT(2)		/* O_PATH: no I/O */

/* A new file with one reference; priv as given. flags: O_*. */
struct file *file_create(const struct file_ops *ops, void *priv, u32 flags);
static inline void
file_get(struct file *f)
{
	(void)__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}
void	file_put(struct file *f);	/* sleeps when it is the last */

/*
 * Descriptor tables: RCU look-up, one spinlock for changes; chunked so that no
 * allocation is above a frame. Shared by threads with CLONE_FILES.
 */
struct fdtable;

/* The file of fd with a reference, or NULL. Takes no lock. */
struct file *fd_get(u32 fd);
/* Light look-up: no reference taken when the table is not shared. */
struct fd_ref {
	struct file	*file;		/* NULL: bad descriptor */
	bool		owned;
};
struct fd_ref fd_borrow(u32 fd);
static inline void
fd_return(struct fd_ref r)
{
	if (r.owned)
		file_put(r.file);
}
/* Install f (its reference passes to the table) at the lowest free number
 * >= from; -EMFILE. */
int	fd_install(struct file *f, u32 from, bool cloexec);
int	fd_install_at(struct file *f, u32 fd, bool cloexec);	/* dup2 */
int	fd_close(u32 fd);
int	fd_set_cloexec(u32 fd, bool cloexec);
int	fd_get_cloexec(u32 fd);
struct fdtable *fdtable_create(void);
struct fdtable *fdtable_fork(struct fdtable *t);	/* chunked inside */
void	fdtable_get(struct fdtable *t);
void	fdtable_put(struct fdtable *t);		/* closes all at the last */
void	fdtable_close_on_exec(struct fdtable *t);
int	fdtable_unshare_current(void);		/* exec, CLONE_FILES unshare */
/* For /proc/PID/fd: next used number >= fd of another process' table. */
int	fdtable_next(struct fdtable *t, u32 fd);
struct file *fdtable_file(struct fdtable *t, u32 fd);	/* referenced */
