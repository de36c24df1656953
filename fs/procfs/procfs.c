/*
 * /proc, the file system.
 *
 * Two kinds of directories: fixed ones, given by tables of struct pentry (a row
 * a file), and those whose names are numbers: processes, threads, descriptors.
 * An inode is made at each look-up and says what it stands for by kind, numbers
 * and entry; nothing of the kernel is held by it, so a process that ends takes
 * nothing of /proc along: its names fail to revalidate, its files read ESRCH.
 *
 * A read makes the file's text anew and keeps the window that was asked for
 * (struct ptext). A reader in several pieces may see several moments, but no
 * line of two; one read(2) of up to a frame sees one.
 *
 * Locks: none of its own. Show functions take locks of what they show.
 */
#include "fs/procfs/procfs.h"
#include "fs/procfs/procfs_priv.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/task.h"
#include "kernel/trace/panic.h"

#define OFF_NUMBERS	0x10000		/* directory offsets: numbers follow */
#define PROC_SUPER_MAGIC 0x9fa0

/* All [I]. */
struct pnode {
	struct inode	inode;
	enum pkind	kind;
	u32		pid, tid;	/* 0: the whole system */
	u32		fd;
	const struct pentry *entry;	/* PK_ENTRY */
};

static KMEM_CACHE(pnode_cache, "procfs", struct pnode);
static const struct inode_ops proc_inode_ops, proc_magic_ops;
static const struct file_ops proc_dir_ops, proc_file_ops;

static inline struct pnode *
pnode_of(const struct inode *i)
{
	return CONTAINER_OF(i, struct pnode, inode);
}

/* ---- whom it is about ---- */

/* Reference the process of n; -ESRCH when it is gone. */
static int
pctx_get(const struct pnode *n, struct pctx *c)
{
	*c = (struct pctx){ 0 };
	if (n->pid == 0)
		return 0;
	rcu_read_lock();
	c->proc = proc_find(n->pid);
	if (c->proc != NULL)
		proc_get(c->proc);
	rcu_read_unlock();
	if (c->proc == NULL)
		return -ESRCH;
	return 0;
}

static void
pctx_put(struct pctx *c)
{
	if (c->proc != NULL)
		proc_put(c->proc);
}

/* The thread, under RCU: valid until the reader's end. */
static struct task *
pctx_task(const struct pnode *n)
{
	return n->tid != 0 ? task_find(n->tid) : NULL;
}

/* ---- inodes ---- */

static u64
pnode_ino(enum pkind kind, u32 pid, u32 tid, u32 fd, const struct pentry *e)
{
	u64 h = (u64)kind + 1;

	h = h * 1000003 + pid;
	h = h * 1000003 + tid;
	h = h * 1000003 + fd;
	h = h * 1000003 + (e != NULL ? (u64)e >> 3 & 0xffffff : 0);
	return (h & 0x3fffffffffff) + 2;
}

static struct inode *
pnode_create(struct superblock *sb, enum pkind kind, u32 pid, u32 tid, u32 fd,
    const struct pentry *e, u32 mode)
{
	struct pnode *n = kmem_get_zero(&pnode_cache);

	inode_init(&n->inode, sb, mode);
	n->inode.ops = kind == PK_FD || (e != NULL && e->follow != NULL) ?
	    &proc_magic_ops : &proc_inode_ops;
	n->inode.fops = S_ISDIR(mode) ? &proc_dir_ops : &proc_file_ops;
	n->inode.ino = pnode_ino(kind, pid, tid, fd, e);
	n->inode.nlink = S_ISDIR(mode) ? 2 : 1;
	n->kind = kind;
	n->pid = pid;
	n->tid = tid;
	n->fd = fd;
	n->entry = e;
	if (pid != 0) {
		struct proc *p;

		rcu_read_lock();
		p = proc_find(pid);
		if (p != NULL) {
			struct cred *cred = rcu_load(p->cred);

			n->inode.uid = cred->euid;
			n->inode.gid = cred->egid;
		}
		rcu_read_unlock();
	}
	return &n->inode;
}

/* ---- look-up ---- */

static const struct pentry *
entry_find(const struct pentry *table, const char *name, usize len)
{
	for (const struct pentry *e = table; e->name != NULL; e++)
		if (strlen(e->name) == len && memcmp(e->name, name, len) == 0)
			return e;
	return NULL;
}

/* A name that is a decimal number without leading zeros. */
static bool
name_number(const char *name, usize len, u32 *out)
{
	u64 n = 0;

	if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
		return false;
	for (usize i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		n = n * 10 + (name[i] - '0');
	}
	*out = n;
	return true;
}

/* Is tid a thread of pid's? Under RCU. */
static bool
is_thread_of(u32 tid, u32 pid)
{
	struct task *t = task_find(tid);

	return t != NULL && t->proc->pid == pid;
}

/* Under RCU. */
static bool
has_fd(u32 pid, u32 fd)
{
	struct proc *p = proc_find(pid);

	return p != NULL && proc_has_fd(p, fd);
}

static const struct pentry *
pid_entry(const struct pnode *dir, const char *name, usize len)
{
	const struct pentry *e = entry_find(proc_pid_entries, name, len);

	if (e == NULL && dir->tid == 0)
		e = entry_find(proc_pid_only_entries, name, len);
	return e;
}

static struct inode *
entry_inode(const struct pnode *dir, const struct pentry *e)
{
	enum pkind kind = PK_ENTRY;

	if (S_ISDIR(e->mode) && e->children == NULL)
		kind = strcmp(e->name, "task") == 0 ? PK_TASK_DIR : PK_FD_DIR;
	return pnode_create(dir->inode.sb, kind, dir->pid, dir->tid, 0, e,
	    e->mode);
}

static int
proc_lookup(struct inode *i, const char *name, usize len, struct inode **out)
{
	struct pnode *dir = pnode_of(i);
	struct superblock *sb = i->sb;
	const struct pentry *e = NULL;
	u32 n;

	*out = NULL;
	switch (dir->kind) {
	case PK_ROOT:
		if (name_number(name, len, &n) && proc_find(n) != NULL)
			*out = pnode_create(sb, PK_PID, n, 0, 0, NULL,
			    S_IFDIR | 0555);
		else
			e = entry_find(proc_root_entries, name, len);
		break;
	case PK_PID:
		e = pid_entry(dir, name, len);
		break;
	case PK_TASK_DIR:
		if (name_number(name, len, &n) && is_thread_of(n, dir->pid))
			*out = pnode_create(sb, PK_PID, dir->pid, n, 0, NULL,
			    S_IFDIR | 0555);
		break;
	case PK_FD_DIR:
		if (name_number(name, len, &n) && has_fd(dir->pid, n))
			*out = pnode_create(sb, PK_FD, dir->pid, dir->tid, n,
			    NULL, S_IFLNK | 0700);
		break;
	default:
		e = entry_find(dir->entry->children, name, len);
		break;
	}
	if (e != NULL)
		*out = entry_inode(dir, e);
	return 0;
}

/* Does what the name stands for exist still? RCU. */
static bool
proc_revalidate_inode(const struct inode *i)
{
	struct pnode *n = pnode_of(i);

	if (n->kind == PK_FD)
		return has_fd(n->pid, n->fd);
	if (n->tid != 0)
		return is_thread_of(n->tid, n->pid);
	return n->pid == 0 || proc_find(n->pid) != NULL;
}

/* ---- directories ---- */

static u8
type_of_mode(u32 mode)
{
	return mode >> 12 & 15;		/* DT_* are S_IFMT's bits */
}

/* Entries of a table from *off (2 is the first); 1 when the sink is full. */
static int
fill_table(struct dir_sink *sink, const struct pnode *dir,
    const struct pentry *table, u64 base, s64 *off)
{
	u64 k = 0;

	for (const struct pentry *e = table; e->name != NULL; e++, k++) {
		int r;

		if ((u64)*off > base + k)
			continue;
		r = sink->fill(sink, e->name, strlen(e->name),
		    pnode_ino(PK_ENTRY, dir->pid, dir->tid, 0, e),
		    type_of_mode(e->mode), base + k + 1);
		if (r != 0)
			return r;
		*off = base + k + 1;
	}
	return 0;
}

static u64
table_len(const struct pentry *table)
{
	u64 n = 0;

	while (table[n].name != NULL)
		n++;
	return n;
}

static int
fill_number(struct dir_sink *sink, u32 n, u64 ino, u8 type, s64 *off)
{
	struct text_number t = text_of_number(n);
	s64 next = OFF_NUMBERS + (s64)n + 1;
	int r = sink->fill(sink, t.text, strlen(t.text), ino, type, next);

	if (r == 0)
		*off = next;
	return r;
}

static int
fill_processes(struct dir_sink *sink, s64 *off)
{
	u32 from = *off > OFF_NUMBERS ? *off - OFF_NUMBERS : 1;
	struct proc *p;

	while ((p = proc_next(from)) != NULL) {
		u32 pid = p->pid;
		int r;

		proc_put(p);
		r = fill_number(sink, pid,
		    pnode_ino(PK_PID, pid, 0, 0, NULL), DT_DIR, off);
		if (r != 0)
			return r;
		from = pid + 1;
	}
	return 0;
}

/* The lowest tid >= from of the process; 0: none. */
static u32
next_thread(u32 pid, u32 from)
{
	struct proc *p;
	struct task *t;
	u32 best = 0;
	u64 flags;

	rcu_read_lock();
	p = proc_find(pid);
	if (p != NULL) {
		flags = spin_lock_irq(&p->siglock);
		list_for_each(t, &p->threads, thread_node)
			if (t->thread.tid >= from &&
			    (best == 0 || t->thread.tid < best))
				best = t->thread.tid;
		spin_unlock_irq(&p->siglock, flags);
	}
	rcu_read_unlock();
	return best;
}

static int
fill_threads(struct dir_sink *sink, u32 pid, s64 *off)
{
	u32 from = *off > OFF_NUMBERS ? *off - OFF_NUMBERS : 1, tid;

	while ((tid = next_thread(pid, from)) != 0) {
		int r = fill_number(sink, tid,
		    pnode_ino(PK_PID, pid, tid, 0, NULL), DT_DIR, off);

		if (r != 0)
			return r;
		from = tid + 1;
	}
	return 0;
}

static int
fill_fds(struct dir_sink *sink, u32 pid, s64 *off)
{
	u32 from = *off > OFF_NUMBERS ? *off - OFF_NUMBERS : 0;
	struct proc *p;
	struct fdtable *fds = NULL;
	int fd, r = 0;

	rcu_read_lock();
	p = proc_find(pid);
	if (p != NULL)
		fds = proc_fds_get(p);
	rcu_read_unlock();
	if (fds == NULL)
		return 0;
	while (r == 0 && (fd = fdtable_next(fds, from)) >= 0) {
		r = fill_number(sink, fd, pnode_ino(PK_FD, pid, 0, fd, NULL),
		    DT_LNK, off);
		from = fd + 1;
	}
	fdtable_put(fds);
	return r;
}

static int
proc_readdir(struct file *f, struct dir_sink *sink)
{
	const struct pnode *dir = pnode_of(f->inode);
	s64 *off = &f->pos;
	int r = dir_emit_dots(f, sink);

	if (r != 0)
		return r < 0 ? r : 0;
	switch (dir->kind) {
	case PK_ROOT:
		r = fill_table(sink, dir, proc_root_entries, 2, off);
		if (r == 0)
			r = fill_processes(sink, off);
		break;
	case PK_PID:
		r = fill_table(sink, dir, proc_pid_entries, 2, off);
		if (r == 0 && dir->tid == 0)
			r = fill_table(sink, dir, proc_pid_only_entries,
			    2 + table_len(proc_pid_entries), off);
		break;
	case PK_TASK_DIR:
		r = fill_threads(sink, dir->pid, off);
		break;
	case PK_FD_DIR:
		r = fill_fds(sink, dir->pid, off);
		break;
	default:
		r = fill_table(sink, dir, dir->entry->children, 2, off);
		break;
	}
	return r < 0 ? r : 0;
}

/* ---- files ---- */

/* Make the window t; 0 or an errno. */
static int
make_text(const struct pnode *n, struct ptext *t, char *scratch)
{
	struct pctx c;
	int err = pctx_get(n, &c);

	if (err != 0)
		return err;
	c.scratch = scratch;
	rcu_read_lock();
	c.task = pctx_task(n);
	rcu_read_unlock();
	err = n->entry->show(t, &c);
	pctx_put(&c);
	pt_cut(t);
	return err;
}

/* The file's mark is its priv: one word, so that readers who share it see one
 * or another. */
static isize
proc_read(struct file *f, struct uio *to, s64 *pos)
{
	struct pnode *n = pnode_of(f->inode);
	pmark_t mark = (pmark_t)READ_ONCE(f->priv);
	struct ptext t = { .cap = MIN(to->left, PAGE_SIZE) };
	struct frame *window, *scratch;
	usize done = 0;
	int err;

	if (n->kind != PK_ENTRY || n->entry->show == NULL)
		return -EINVAL;
	window = frame_get(FRAME_BUFFER);
	scratch = frame_get(FRAME_BUFFER);
	t.buf = frame_virt(window);
	pt_resume(&t, mark, (u64)*pos);
	err = make_text(n, &t, frame_virt(scratch));
	while (err == 0 && done < t.len) {
		done += uio_put(to, t.buf + done, t.len - done);
		if (done < t.len)
			err = uio_fault_in(to, USER_WRITE);
	}
	WRITE_ONCE(f->priv, (void *)pt_mark(&t, mark, (u64)*pos, done));
	frame_put(scratch);
	frame_put(window);
	*pos += done;
	return done != 0 ? (isize)done : err;
}

static isize
proc_write(struct file *f, struct uio *from, s64 *pos)
{
	struct pnode *n = pnode_of(f->inode);
	usize want = from->left, got = 0;
	struct frame *text;
	struct pctx c;
	int err = 0;

	if (n->kind != PK_ENTRY || n->entry->store == NULL)
		return -EINVAL;
	if (want >= PAGE_SIZE)
		return -EINVAL;
	text = frame_get(FRAME_BUFFER);
	while (err == 0 && got < want) {
		got += uio_get(from, (char *)frame_virt(text) + got,
		    want - got);
		if (got < want)
			err = uio_fault_in(from, USER_READ);
	}
	((char *)frame_virt(text))[got] = '\0';
	if (err == 0)
		err = pctx_get(n, &c);
	if (err == 0) {
		err = n->entry->store(&c, frame_virt(text), got);
		pctx_put(&c);
	}
	frame_put(text);
	if (err == 0)
		*pos += got;
	return err != 0 ? err : (isize)got;
}

/* ---- links ---- */

/* The file that /proc/PID/fd/N stands for, referenced, or NULL. */
static struct file *
fd_file(const struct pnode *n)
{
	struct fdtable *fds = NULL;
	struct file *f = NULL;
	struct proc *p;

	rcu_read_lock();
	p = proc_find(n->pid);
	if (p != NULL)
		fds = proc_fds_get(p);
	rcu_read_unlock();
	if (fds != NULL) {
		f = fdtable_file(fds, n->fd);
		fdtable_put(fds);
	}
	return f;
}

static int
fd_path(const struct pnode *n, struct path *out)
{
	struct file *f = fd_file(n);
	int rc = FOLLOW_SELF;

	if (f == NULL)
		return -ENOENT;
	if (f->dentry != NULL) {
		*out = (struct path){ f->mnt, f->dentry };
		path_get(out);
		rc = 0;
	}
	file_put(f);
	return rc;
}

/* LIMIT: stat(2) of such a link tells of the link, not of the pipe. */
static int
proc_reopen(struct inode *i, u32 flags, struct file **out)
{
	struct pnode *n = pnode_of(i);
	struct file *f;
	int rc = -ENXIO;

	if (n->kind != PK_FD)
		return -ELOOP;
	f = fd_file(n);
	if (f == NULL)
		return -ENOENT;
	if (f->ops->reopen != NULL)
		rc = f->ops->reopen(f, flags, out);
	file_put(f);
	return rc;
}

static int
proc_follow(struct inode *i, struct path *out)
{
	struct pnode *n = pnode_of(i);
	struct pctx c;
	int err;

	if (n->kind == PK_FD)
		return fd_path(n, out);
	err = pctx_get(n, &c);
	if (err != 0)
		return err;
	err = n->entry->follow(&c, out);
	pctx_put(&c);
	return err;
}

/* The text of a link that leads somewhere at once: the path's name. */
static isize
path_text(struct path *p, char *buf, usize len)
{
	char *s = path_string(p, buf, len);
	usize n = strlen(s);

	memmove(buf, s, n + 1);
	path_put(p);
	return n;
}

static isize
fd_text(const struct pnode *n, char *buf, usize len)
{
	struct file *f = fd_file(n);
	isize r;

	if (f == NULL)
		return -ENOENT;
	if (f->dentry != NULL) {
		struct path path = { f->mnt, f->dentry };

		path_get(&path);
		r = path_text(&path, buf, len);
	} else {
		r = ksnprintf(buf, len, "%s:[%lu]", f->ops->name,
		    (u64)f >> 6 & 0xffffffff);
	}
	file_put(f);
	return r;
}

static isize
proc_readlink(struct inode *i, char *buf, usize len)
{
	struct pnode *n = pnode_of(i);
	struct path path;
	struct pctx c;
	isize r;
	int err;

	if (n->kind == PK_FD)
		return fd_text(n, buf, len);
	err = pctx_get(n, &c);
	if (err != 0)
		return err;
	if (n->entry->follow != NULL) {
		r = n->entry->follow(&c, &path);
		if (r == 0)
			r = path_text(&path, buf, len);
	} else {
		r = n->entry->link(&c, buf, len);
	}
	pctx_put(&c);
	return r;
}

/* ---- the file system ---- */

static bool
proc_revalidate(struct dentry *d)
{
	struct inode *i = rcu_load(d->inode);

	return i != NULL && proc_revalidate_inode(i);
}

static const struct inode_ops proc_inode_ops = {
	.lookup = proc_lookup,
	.revalidate = proc_revalidate,
	.readlink = proc_readlink,
};

/* Links that lead to a file at once, whatever its name is now. */
static const struct inode_ops proc_magic_ops = {
	.revalidate = proc_revalidate,
	.follow = proc_follow,
	.reopen = proc_reopen,
	.readlink = proc_readlink,
};

static FILE_BOUNDS(procfs);

static const struct file_ops proc_dir_ops = {
	.name = "procfs",
	.bound = procfs_bounds,
	.readdir = proc_readdir,
	.seek = dir_seek,
	.seekable = true,
};

static const struct file_ops proc_file_ops = {
	.name = "procfs",
	.bound = procfs_bounds,
	.seekable = true,
	.read = proc_read,
	.write = proc_write,
	.seek = dir_seek,
};

static void
proc_free_inode(struct inode *i)
{
	kmem_put(&pnode_cache, pnode_of(i));
}

static int
proc_statfs(struct superblock *sb, struct lx_statfs *st)
{
	(void)sb;
	*st = (struct lx_statfs){ .f_type = PROC_SUPER_MAGIC,
	    .f_bsize = PAGE_SIZE, .f_namelen = 255 };
	return 0;
}

static const struct super_ops proc_super_ops = {
	.free_inode = proc_free_inode,
	.statfs = proc_statfs,
};

static int
proc_mount(struct fs_type *t, const char *source, u32 flags, const char *opts,
    struct superblock **out)
{
	struct superblock *sb;
	struct inode *root;

	(void)source, (void)opts;
	sb = sb_create(t, &proc_super_ops, flags);
	sb->no_negative = true;
	root = pnode_create(sb, PK_ROOT, 0, 0, 0, NULL, S_IFDIR | 0555);
	sb_set_root(sb, root);
	*out = sb;
	return 0;
}

static struct fs_type proc_type = {
	.name = "proc", .nodev = true, .mount = proc_mount,
};

void
procfs_init(void)
{
	fs_register(&proc_type);
}
