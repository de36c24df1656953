/*
 * Anonymous shared memory: MAP_SHARED | MAP_ANONYMOUS.
 *
 * A tree of 512-way nodes, one frame each, as deep as the size needs; below it
 * the pages. Nodes and pages are only added (by compare and exchange, so that
 * readers need no lock) until the last mapping is gone.
 *
 * It outlives whoever made it, if it was forked meanwhile, and so does not die
 * with the worst offender: its size is counted in full when it is made, and all
 * of it together may be half of memory.
 */
#include "kernel/mem/slab.h"
#include "kernel/vm/vm_priv.h"

#define SHM_LEVELS_MAX	4

/* I immutable; a atomic */
struct shm {
	struct pager	pager;
	u32		refs;		/* [a] */
	u32		levels;		/* [I] of nodes above the pages */
	u64		npages;		/* [I] */
	struct frame	*root;		/* [a] node, or the page at level 0 */
};

static KMEM_CACHE(shm_cache, "shm", struct shm);

static u64 shm_promised;		/* [a] pages of all */
static u64 shm_used;			/* [a] pages and nodes taken */

static void
shm_get(struct pager *p)
{
	atomic_inc(&CONTAINER_OF(p, struct shm, pager)->refs);
}

static void
put_frame(struct frame *f)
{
	frame_put(f);
	atomic_dec(&shm_used);
}

/* Depth first without recursion: path holds the node and place per level. */
static void
free_tree(struct shm *s)
{
	struct frame *node[SHM_LEVELS_MAX + 1], *child;
	u32 at[SHM_LEVELS_MAX + 1];
	u32 depth = 0;

	if (!s->root)
		return;
	node[0] = s->root;
	at[0] = 0;
	for (;;) {
		if (depth == s->levels || at[depth] == PT_ENTRIES) {
			put_frame(node[depth]);
			if (depth-- == 0)
				return;
			continue;
		}
		child = ((struct frame **)frame_virt(node[depth]))[at[depth]++];
		if (child) {
			node[++depth] = child;
			at[depth] = 0;
		}
	}
}

static void
shm_put(struct pager *p)
{
	struct shm *s = CONTAINER_OF(p, struct shm, pager);

	if (!atomic_dec_and_test(&s->refs))
		return;
	free_tree(s);
	atomic_sub(&shm_promised, s->npages);
	kmem_put(&shm_cache, s);
}

/* The slot of page index; NULL where a node above it is missing. */
static struct frame **
find_slot(struct shm *s, u64 index)
{
	struct frame **slot = &s->root, *f;

	for (u32 level = s->levels; level > 0; level--) {
		f = rcu_load(*slot);
		if (!f)
			return NULL;
		slot = (struct frame **)frame_virt(f) +
		    (index >> 9 * (level - 1) & (PT_ENTRIES - 1));
	}
	return slot;
}

static struct frame *
shm_find_page(struct pager *p, u64 index)
{
	struct shm *s = CONTAINER_OF(p, struct shm, pager);
	struct frame **slot = index < s->npages ? find_slot(s, index) : NULL;
	struct frame *f = slot ? rcu_load(*slot) : NULL;

	if (f)
		frame_ref(f);
	return f;
}

/* What is in the slot, or a new zeroed frame put there. */
static struct frame *
fill_slot(struct frame **slot, enum frame_use use)
{
	struct frame *f = rcu_load(*slot), *old = NULL;

	if (f)
		return f;
	f = frame_get_zero(use);
	if (atomic_try_cmpxchg(slot, &old, f)) {
		atomic_inc(&shm_used);
		return f;
	}
	frame_put(f);
	return old;
}

static int
shm_get_page(struct pager *p, u64 index, bool writable, struct frame **out)
{
	struct shm *s = CONTAINER_OF(p, struct shm, pager);
	struct frame **slot = &s->root;

	(void)writable;
	if (index >= s->npages)
		return -EFAULT;
	/* A node at a time: the charge is for one frame. */
	for (u32 level = s->levels; level > 0; level--) {
		struct frame *node = rcu_load(*slot);

		if (!node) {
			(void)fill_slot(slot, FRAME_BUFFER);
			return -EAGAIN;
		}
		slot = (struct frame **)frame_virt(node) +
		    (index >> 9 * (level - 1) & (PT_ENTRIES - 1));
	}
	*out = fill_slot(slot, FRAME_FILE);
	frame_ref(*out);
	return 0;
}

static int
shm_path(struct pager *p, char *buf, usize len)
{
	static const char name[] = "/dev/zero (deleted)";
	usize n = MIN(len, sizeof(name));

	(void)p;
	for (usize i = 0; i < n; i++)
		buf[i] = name[i];
	if (n > 0)
		buf[n - 1] = '\0';
	return 0;
}

static void
shm_identity(struct pager *p, u64 *dev, u64 *ino)
{
	*dev = 1;		/* Linux: the first of the nameless ones */
	*ino = virt_to_phys(p) / sizeof(struct shm);
}

static const struct pager_ops shm_ops = {
	.get = shm_get,
	.put = shm_put,
	.get_page = shm_get_page,
	.find_page = shm_find_page,
	.path = shm_path,
	.identity = shm_identity,
};

int
shm_pager_create(u64 nbytes, struct pager **out)
{
	u64 npages = PAGE_UP(nbytes) >> PAGE_SHIFT;
	struct frame_stats fs;
	struct shm *s;

	frame_stats(&fs);
	if (atomic_add_return(&shm_promised, npages) > fs.total / 2) {
		atomic_sub(&shm_promised, npages);
		return -ENOMEM;
	}
	s = kmem_get(&shm_cache);
	pager_init(&s->pager, &shm_ops);
	s->pager.flags = PAGER_RAM | PAGER_SHM;
	s->refs = 1;
	s->npages = npages;
	s->root = NULL;
	for (s->levels = 0; npages > 1ul << 9 * s->levels; s->levels++)
		;
	*out = &s->pager;
	return 0;
}

u64
shm_frames(void)
{
	return atomic_load_relaxed(&shm_used);
}
