/*
 * Descriptor tables.
 *
 * The problem: look-ups by other threads' calls without a lock or a shared
 * write, the lowest free number in a few instructions, a million descriptors
 * without two adjacent frames, and no lock that two threads which open files
 * would fight for.
 *
 *	fdtable -> leaf0				   0 ..      63
 *	        -> top (a frame) -> dir (a frame) -> leaf 64 .. 1048575
 *
 * A leaf holds 64 files and two words: which numbers are taken, and which close
 * on exec. A number is claimed by an atomic bit-set in `open`, then the file is
 * published in its slot; closing takes the file out of the slot, then clears
 * the bit. Between the two the number is taken and the slot empty: the state
 * of a descriptor that is being opened. Leaves and frames are only added, and
 * live as long as the table; adding is what the lock is for.
 *
 * Each dir has a bit per leaf that is full, so that the search for a free
 * number looks at a word per 4096 descriptors. T1: a leaf with a free number
 * has its full bit clear, or somebody is about to clear it: who sets it looks
 * at the leaf again after, and who frees a number looks at the bit after.
 *
 * Look-up in a shared table: load the slot, take a reference unless it is zero,
 * load the slot again. Files are type-stable (file.c), so the reference may be
 * to another file; then the slot differs.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/file/file.h"
#include "kernel/file/lock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"

#define DIR_LEAVES	256u
#define TOP_DIRS	64u
#define NLEAVES		(FD_MAX / FD_LEAF)

/* a atomic; I immutable once set (under fdtable.lock) */
struct fd_dir {
	struct fd_leaf	*leaf[DIR_LEAVES];	/* [I] */
	u64		full[DIR_LEAVES / 64];	/* [a] T1 */
};
struct fd_top {
	struct fd_dir	*dir[TOP_DIRS];		/* [I] */
};
_Static_assert(sizeof(struct fd_dir) <= PAGE_SIZE, "one frame");
_Static_assert(DIR_LEAVES * TOP_DIRS == NLEAVES, "all descriptors");

static KMEM_CACHE(fdtable_cache, "fdtable", struct fdtable);
static KMEM_CACHE(fd_leaf_cache, "fd_leaf", struct fd_leaf);

/* ---- leaves ---- */

static inline struct fd_dir *
dir_of(struct fdtable *t, u32 leaf_no)
{
	struct fd_top *top = rcu_load(t->top);

	return top == NULL ? NULL : rcu_load(top->dir[leaf_no / DIR_LEAVES]);
}

/* The leaf, or NULL if it has not been made. */
static inline struct fd_leaf *
leaf_of(struct fdtable *t, u32 leaf_no)
{
	struct fd_dir *dir;

	if (likely(leaf_no == 0))
		return &t->leaf0;
	if (unlikely(leaf_no >= NLEAVES))
		return NULL;
	dir = dir_of(t, leaf_no);
	return dir == NULL ? NULL : rcu_load(dir->leaf[leaf_no % DIR_LEAVES]);
}

static void *
frame_new(void)
{
	return frame_virt(frame_get_zero(FRAME_BUFFER));
}

/* Make the leaf, with those numbers taken, and what leads to it. */
static struct fd_leaf *
leaf_make_locked(struct fdtable *t, u32 leaf_no, u64 open) REQUIRES(t->lock)
{
	struct fd_leaf *leaf = kmem_get_zero(&fd_leaf_cache);
	struct fd_dir **dir, **first;

	leaf->open = open;
	if (t->top == NULL)
		rcu_store(t->top, (struct fd_top *)frame_new());
	first = &t->top->dir[0];
	dir = &t->top->dir[leaf_no / DIR_LEAVES];
	if (*dir == NULL)
		rcu_store(*dir, (struct fd_dir *)frame_new());
	if (dir == first && (*first)->leaf[0] == NULL)
		rcu_store((*first)->leaf[0], &t->leaf0);
	rcu_store((*dir)->leaf[leaf_no % DIR_LEAVES], leaf);
	return leaf;
}

/* The leaf, made if it is missing. */
static struct fd_leaf *
leaf_grow(struct fdtable *t, u32 leaf_no)
{
	struct fd_leaf *leaf;

	spin_lock(&t->lock);
	leaf = leaf_of(t, leaf_no);
	if (leaf == NULL)
		leaf = leaf_make_locked(t, leaf_no, 0);
	spin_unlock(&t->lock);
	return leaf;
}

/* T1: the leaf may have become full. */
static void
leaf_note_full(struct fdtable *t, struct fd_leaf *leaf, u32 leaf_no)
{
	struct fd_dir *dir = dir_of(t, leaf_no);

	if (dir == NULL)
		return;
	bitmap_set_atomic(dir->full, leaf_no % DIR_LEAVES);
	if (~atomic_load(&leaf->open) != 0)
		bitmap_clear_atomic(dir->full, leaf_no % DIR_LEAVES);
}

/* T1: a number of the leaf was freed. */
static inline void
leaf_note_free(struct fdtable *t, u32 leaf_no)
{
	struct fd_dir *dir = dir_of(t, leaf_no);

	if (unlikely(dir != NULL) &&
	    bitmap_test(dir->full, leaf_no % DIR_LEAVES))
		bitmap_clear_atomic(dir->full, leaf_no % DIR_LEAVES);
}

/* The first leaf >= leaf_no that is not marked full; it may not exist yet. */
static u32
leaf_next(struct fdtable *t, u32 leaf_no)
{
	while (leaf_no < NLEAVES) {
		struct fd_dir *dir = dir_of(t, leaf_no);
		u32 i = leaf_no % DIR_LEAVES;

		if (dir == NULL)
			return leaf_no;
		i = bitmap_find_next_zero(dir->full, DIR_LEAVES, i);
		leaf_no = ROUND_DOWN(leaf_no, DIR_LEAVES) + i;
		if (i < DIR_LEAVES)
			return leaf_no;
	}
	return NLEAVES;
}

/* ---- look-up ---- */

static struct file *
slot_get(struct fdtable *t, u32 fd)
{
	struct fd_leaf *leaf = leaf_of(t, fd >> FD_LEAF_BITS);
	struct file **slot, *f;

	if (unlikely(leaf == NULL))
		return NULL;
	slot = &leaf->file[fd % FD_LEAF];
	for (;;) {
		f = rcu_load(*slot);
		if (f == NULL)
			return NULL;
		if (!ref_get_unless_zero(&f->refs))
			continue;	/* closing: the slot has changed */
		if (likely(rcu_load(*slot) == f))
			return f;
		file_put(f);
	}
}

struct file *
fd_get(u32 fd)
{
	return slot_get(current->fds, fd);
}

struct file *
fdtable_file(struct fdtable *t, u32 fd)
{
	return slot_get(t, fd);
}

int
fdtable_next(struct fdtable *t, u32 fd)
{
	u32 no = fd >> FD_LEAF_BITS;
	u64 mask = ~0ul << fd % FD_LEAF;

	for (; no < NLEAVES; no++, mask = ~0ul) {
		struct fd_leaf *leaf = leaf_of(t, no);
		u64 open;

		if (leaf == NULL) {
			if (no == 0 || dir_of(t, no) != NULL)
				continue;
			no = ROUND_DOWN(no, DIR_LEAVES) + DIR_LEAVES - 1;
			continue;
		}
		open = atomic_load_relaxed(&leaf->open) & mask;
		if (open != 0)
			return no * FD_LEAF + __builtin_ctzl(open);
	}
	return -1;
}

u32
fdtable_capacity(struct fdtable *t)
{
	u32 n = FD_LEAF;

	for (int fd = fdtable_next(t, FD_LEAF); fd >= 0;
	    fd = fdtable_next(t, ROUND_UP(fd + 1u, FD_LEAF)))
		n = ROUND_UP(fd + 1u, FD_LEAF);
	return n;
}

/*
 * A file that several tables hold counts in each by its share. Files are
 * type-stable, and so is the memory that pinned points to; the numbers may be
 * another file's, or rubbish, so they are bounded.
 */
#define PINNED_MAX	256		/* frames, of one file: a pipe's */
#define FILE_BYTES	512		/* a file and what belongs to it */

u64
fdtable_pinned_frames(struct fdtable *t)
{
	u64 bytes = 0;

	rcu_read_lock();
	for (int fd = fdtable_next(t, 0); fd >= 0;
	    fd = fdtable_next(t, fd + 1u)) {
		struct fd_leaf *leaf = leaf_of(t, (u32)fd >> FD_LEAF_BITS);
		struct file *f = rcu_load(leaf->file[fd % FD_LEAF]);
		const u32 *pinned = f == NULL ? NULL : READ_ONCE(f->pinned);
		u64 own = FILE_BYTES;

		if (f == NULL)
			continue;
		if (pinned != NULL)
			own += MIN(READ_ONCE(*pinned), (u32)PINNED_MAX) *
			    PAGE_SIZE;
		bytes += own / MAX(atomic_load_relaxed(&f->refs), 1u);
	}
	rcu_read_unlock();
	return bytes / PAGE_SIZE;
}

/* ---- claiming, installing, closing ---- */

static inline bool
leaf_claim(struct fd_leaf *leaf, u32 bit)
{
	return !(__atomic_fetch_or(&leaf->open, BIT(bit), __ATOMIC_SEQ_CST) &
	    BIT(bit));
}

static inline void
leaf_publish(struct fd_leaf *leaf, u32 bit, struct file *f, bool cloexec)
{
	if (cloexec)
		atomic_or(&leaf->cloexec, BIT(bit));
	else if (READ_ONCE(leaf->cloexec) & BIT(bit))
		atomic_and(&leaf->cloexec, ~BIT(bit));
	rcu_store(leaf->file[bit], f);
}

int
fd_install(struct file *f, u32 from, bool cloexec)
{
	struct fdtable *t = current->fds;
	u64 limit = MIN(file_limit_ops.rlimit(RLIMIT_NOFILE), (u64)FD_MAX);
	u32 no = from >> FD_LEAF_BITS;
	u64 mask = ~0ul << from % FD_LEAF;

	for (; no < NLEAVES; no = leaf_next(t, no + 1), mask = ~0ul) {
		struct fd_leaf *leaf = leaf_of(t, no);
		u32 bit = __builtin_ctzl(mask);
		u64 free;

		if ((u64)no * FD_LEAF + bit >= limit)
			break;
		if (unlikely(leaf == NULL)) {
			/* Who makes a leaf has a number in it: once. */
			spin_lock(&t->lock);
			leaf = leaf_of(t, no);
			if (leaf == NULL) {
				leaf = leaf_make_locked(t, no, BIT(bit));
				spin_unlock(&t->lock);
				leaf_publish(leaf, bit, f, cloexec);
				return no * FD_LEAF + bit;
			}
			spin_unlock(&t->lock);
		}
		while ((free = ~READ_ONCE(leaf->open) & mask) != 0) {
			bit = __builtin_ctzl(free);
			if ((u64)no * FD_LEAF + bit >= limit)
				return -EMFILE;
			if (!leaf_claim(leaf, bit))
				continue;
			if (unlikely(READ_ONCE(leaf->open) == ~0ul))
				leaf_note_full(t, leaf, no);
			leaf_publish(leaf, bit, f, cloexec);
			return no * FD_LEAF + bit;
		}
	}
	return -EMFILE;
}

/* f has left t's slot: what closing a descriptor does to the file. */
static void
fd_forget(struct fdtable *t, struct file *f)
{
	file_check_type(f);
	if (f->ops->flush != NULL)
		f->ops->flush(f);
	file_locks_close(f, t);
	file_put(f);
}

int
fd_install_at(struct file *f, u32 fd, bool cloexec)
{
	struct fdtable *t = current->fds;
	u32 no = fd >> FD_LEAF_BITS, bit = fd % FD_LEAF;
	struct fd_leaf *leaf;
	struct file *old;

	if (fd >= MIN(file_limit_ops.rlimit(RLIMIT_NOFILE), (u64)FD_MAX))
		return -EBADF;
	leaf = leaf_of(t, no);
	if (leaf == NULL)
		leaf = leaf_grow(t, no);
	while (!leaf_claim(leaf, bit)) {
		old = rcu_load(leaf->file[bit]);
		if (old == NULL) {
			if (READ_ONCE(leaf->open) & BIT(bit))
				return -EBUSY;	/* being opened, dup(2) */
			continue;
		}
		if (atomic_cmpxchg(&leaf->file[bit], old, f) != old)
			continue;
		leaf_publish(leaf, bit, f, cloexec);
		fd_forget(t, old);
		return fd;
	}
	if (READ_ONCE(leaf->open) == ~0ul)
		leaf_note_full(t, leaf, no);
	leaf_publish(leaf, bit, f, cloexec);
	return fd;
}

/* Take the file out of its slot and free the number; NULL: none there. */
static inline struct file *
slot_take(struct fdtable *t, struct fd_leaf *leaf, u32 fd)
{
	struct file *f = atomic_xchg(&leaf->file[fd % FD_LEAF], NULL);

	if (unlikely(f == NULL))
		return NULL;
	atomic_and(&leaf->open, ~BIT(fd % FD_LEAF));
	leaf_note_free(t, fd >> FD_LEAF_BITS);
	return f;
}

int
fd_close(u32 fd)
{
	struct fdtable *t = current->fds;
	struct fd_leaf *leaf = leaf_of(t, fd >> FD_LEAF_BITS);
	struct file *f;

	if (unlikely(leaf == NULL))
		return -EBADF;
	f = slot_take(t, leaf, fd);
	if (unlikely(f == NULL))
		return -EBADF;
	fd_forget(t, f);
	return 0;
}

int
fd_set_cloexec(u32 fd, bool cloexec)
{
	struct fd_leaf *leaf = leaf_of(current->fds, fd >> FD_LEAF_BITS);

	if (leaf == NULL || READ_ONCE(leaf->file[fd % FD_LEAF]) == NULL)
		return -EBADF;
	if (cloexec)
		atomic_or(&leaf->cloexec, BIT(fd % FD_LEAF));
	else
		atomic_and(&leaf->cloexec, ~BIT(fd % FD_LEAF));
	return 0;
}

int
fd_get_cloexec(u32 fd)
{
	struct fd_leaf *leaf = leaf_of(current->fds, fd >> FD_LEAF_BITS);

	if (leaf == NULL || READ_ONCE(leaf->file[fd % FD_LEAF]) == NULL)
		return -EBADF;
	return leaf->cloexec >> fd % FD_LEAF & 1;
}

void
fd_close_range(u32 first, u32 last, bool cloexec_only)
{
	struct fdtable *t = current->fds;
	int fd = fdtable_next(t, first);

	for (; fd >= 0 && (u32)fd <= last; fd = fdtable_next(t, fd + 1)) {
		if (cloexec_only)
			(void)fd_set_cloexec(fd, true);	/* closed meanwhile */
		else
			(void)fd_close(fd);		/* the same */
		preempt_point();
	}
}

/* ---- whole tables ---- */

struct fdtable *
fdtable_create(void)
{
	struct fdtable *t = kmem_get_zero(&fdtable_cache);

	t->refs = 1;
	spin_init(&t->lock, LOCK_FDTABLE);
	return t;
}

static void
leaf_copy(struct fd_leaf *to, struct fd_leaf *from)
{
	u64 open = atomic_load_relaxed(&from->open);

	to->cloexec = atomic_load_relaxed(&from->cloexec);
	for (; open != 0; open &= open - 1) {
		u32 bit = __builtin_ctzl(open);
		struct file *f = rcu_load(from->file[bit]);

		/* NULL: being opened or closed; the copy has it free. */
		while (f != NULL && !ref_get_unless_zero(&f->refs))
			f = rcu_load(from->file[bit]);
		if (f == NULL)
			continue;
		if (unlikely(rcu_load(from->file[bit]) != f)) {
			file_put(f);
			continue;
		}
		to->file[bit] = f;
		to->open |= BIT(bit);
	}
	to->cloexec &= to->open;
}

struct fdtable *
fdtable_fork(struct fdtable *from)
{
	struct fdtable *t = fdtable_create();
	int fd;

	leaf_copy(&t->leaf0, &from->leaf0);
	for (fd = fdtable_next(from, FD_LEAF); fd >= 0;
	    fd = fdtable_next(from, ROUND_UP(fd + 1u, FD_LEAF))) {
		u32 no = (u32)fd >> FD_LEAF_BITS;
		struct fd_leaf *leaf;

		if (reserve_renew() != 0)
			break;
		leaf = leaf_grow(t, no);
		leaf_copy(leaf, leaf_of(from, no));
		if (leaf->open == ~0ul)
			leaf_note_full(t, leaf, no);
		preempt_point();
	}
	if (t->leaf0.open == ~0ul)
		leaf_note_full(t, &t->leaf0, 0);
	return t;
}

void
fdtable_get(struct fdtable *t)
{
	ref_get(&t->refs);
}

bool
fdtable_get_try(struct fdtable *t)
{
	return ref_get_unless_zero(&t->refs);
}

static void
fdtable_free_rcu(struct rcu_head *head)
{
	struct fdtable *t = CONTAINER_OF(head, struct fdtable, rcu);

	for (u32 d = 0; t->top != NULL && d < TOP_DIRS; d++) {
		struct fd_dir *dir = t->top->dir[d];

		if (dir == NULL)
			continue;
		for (u32 i = 0; i < DIR_LEAVES; i++)
			if (dir->leaf[i] != NULL && dir->leaf[i] != &t->leaf0)
				kmem_put(&fd_leaf_cache, dir->leaf[i]);
		frame_put(frame_of_virt(dir));
	}
	if (t->top != NULL)
		frame_put(frame_of_virt(t->top));
	kmem_put(&fdtable_cache, t);
}

void
fdtable_put(struct fdtable *t)
{
	if (!ref_put(&t->refs))
		return;
	for (int fd = fdtable_next(t, 0); fd >= 0;
	    fd = fdtable_next(t, fd + 1)) {
		struct file *f = slot_take(t,
		    leaf_of(t, (u32)fd >> FD_LEAF_BITS), fd);

		if (f != NULL)
			fd_forget(t, f);
		preempt_point();
	}
	rcu_call(&t->rcu, fdtable_free_rcu);
}

void
fdtable_close_on_exec(struct fdtable *t)
{
	for (int fd = fdtable_next(t, 0); fd >= 0;
	    fd = fdtable_next(t, fd + 1)) {
		struct fd_leaf *leaf = leaf_of(t, (u32)fd >> FD_LEAF_BITS);
		struct file *f;

		if (!(leaf->cloexec >> fd % FD_LEAF & 1))
			continue;
		f = slot_take(t, leaf, fd);
		if (f != NULL)
			fd_forget(t, f);
		preempt_point();
	}
}

int
fdtable_unshare_current(void)
{
	struct fdtable *old = current->fds;

	if (ref_read(&old->refs) == 1)
		return 0;
	current->fds = fdtable_fork(old);
	fdtable_put(old);
	return thread_is_killed(current) ? -EINTR : 0;
}
