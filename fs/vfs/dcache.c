/*
 * The cache of names.
 *
 * A dentry says that a directory has (or, negative, has not) an entry of some
 * name. Walks find it in a hash table by parent and name, under RCU, writing
 * nothing. Three decisions keep that simple:
 *
 * D1 The inode of a dentry is set once and never cleared: deleting a name takes
 *    the dentry out of the table. So who sees d->inode under RCU may use it
 *    until the end of the RCU section: the inode's memory waits as long.
 * D2 Being in the table counts as one reference. So a cached dentry that nobody
 *    uses has refs 1 and costs nothing on its way to and from that state; who
 *    evicts it changes 1 to 0. In file systems that live in this cache (tmpfs)
 *    the same reference pins the entry.
 * D3 Renames and mounts move things under names_lock and change names_seq. A
 *    walk under RCU that went astray on a chain meanwhile sees that at its end.
 *    The walk that takes references looks up under the chain's lock.
 *
 * A name up to DNAME_INLINE - 8 bytes stands in the dentry, padded with zeros,
 * so that names compare by words. A rename swaps the names of the two dentries,
 * and so allocates nothing.
 *
 * Locks: directory's inode lock -> names_lock -> chain lock (one at a time);
 * lru_lock alone.
 */
#include "fs/vfs/lookup.h"
#include "fs/vfs/vfs_priv.h"
#include "kernel/dev/random.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/reserve.h"

#define CHAIN_LOCKS		64u
#define LONG_NAME		512u	/* the kbuf class of long names */
#define SHRINK_BATCH		64u
#define LRU_STEPS		1024u	/* looked at, at once */
#define DENTRIES_PER_FRAME	(PAGE_SIZE / sizeof(struct dentry))

static KMEM_CACHE(dentry_cache, "dentry", struct dentry);

/* Apart: every walk reads the count. */
struct spinlock names_lock aligned(CACHE_LINE) = SPINLOCK_INIT(LOCK_DENTRY);
struct seqcount names_seq aligned(CACHE_LINE);

struct dcache_table dcache_table;

struct chain_lock {
	struct spinlock	lock;
} aligned(CACHE_LINE);
static struct chain_lock chain_locks[CHAIN_LOCKS] = {
	[0 ... CHAIN_LOCKS - 1] = { SPINLOCK_INIT(LOCK_DCACHE) },
};

static struct spinlock lru_lock = SPINLOCK_INIT(LOCK_DCACHE);
static struct list lru = LIST_INIT(lru);	/* [lru_lock] oldest first */
static u64 lru_len;				/* [lru_lock] */

/* ---- finding ---- */

static inline struct spinlock *
chain_lock(u64 no)
{
	return &chain_locks[no % CHAIN_LOCKS].lock;
}

struct dentry *
dentry_find(const struct dentry *parent, const char *s, usize len, u64 hash)
{
	struct spinlock *lock = chain_lock(chain_no(parent, hash));
	struct dentry *d;

	spin_lock(lock);
	d = dentry_find_rcu(parent, s, len, hash);
	if (d != NULL && !ref_get_unless_zero(&d->refs))
		d = NULL;		/* being evicted */
	spin_unlock(lock);
	return d;
}

/* ---- life ---- */

static inline bool
name_is_long(const struct dentry *d)
{
	return d->name != d->inline_name;
}

struct dentry *
dentry_create(struct superblock *sb, struct dentry *parent, const char *name,
    usize len, u64 hash)
{
	struct dentry *d = kmem_get(&dentry_cache);
	char *text = d->inline_name;

	assert(len <= NAME_MAX);
	*d = (struct dentry){ .hash = hash, .name_len = len, .refs = 1,
	    .sb = sb };
	rb_node_init(&d->dir_node);
	list_init(&d->lru);
	if (len > DNAME_INLINE - 8)
		text = kbuf_get(LONG_NAME);
	memcpy(text, name, len);
	memset(text + len, 0, 8);
	d->name = text;
	d->parent = parent != NULL ? parent : d;
	if (parent != NULL)
		dentry_get(parent);
	return d;
}

static void
dentry_free_rcu(struct rcu_head *head)
{
	struct dentry *d = CONTAINER_OF(head, struct dentry, rcu);

	if (name_is_long(d))
		kbuf_put((char *)d->name, LONG_NAME);
	kmem_put(&dentry_cache, d);
}

static void
lru_remove(struct dentry *d)
{
	if (!(READ_ONCE(d->flags) & D_LRU))
		return;
	spin_lock(&lru_lock);
	if (d->flags & D_LRU) {
		list_remove(&d->lru);
		atomic_and(&d->flags, ~(u32)D_LRU);
		lru_len--;
	}
	spin_unlock(&lru_lock);
}

/* refs is 0: give back what it owns, and its parent's if that was the last. */
static void
dentry_free(struct dentry *d, void (*put_inode)(struct inode *))
{
	for (;;) {
		struct dentry *parent = d->parent;
		struct inode *inode = d->inode;

		lru_remove(d);
		if (inode != NULL) {
			spin_lock(&inode->spin);
			if (inode->alias == d)
				inode->alias = NULL;
			spin_unlock(&inode->spin);
			put_inode(inode);
		}
		rcu_call(&d->rcu, dentry_free_rcu);
		if (parent == d || !ref_put(&parent->refs))
			return;
		d = parent;
	}
}

void
dentry_put(struct dentry *d)
{
	if (unlikely(ref_put(&d->refs)))
		dentry_free(d, inode_put);
}

void
dentry_set_inode(struct dentry *d, struct inode *i)
{
	assert(d->inode == NULL);		/* D1 */
	if (i == NULL)
		return;
	if (i->ops->revalidate != NULL)
		atomic_or(&d->flags, D_REVALIDATE);
	spin_lock(&i->spin);
	i->alias = d;
	spin_unlock(&i->spin);
	rcu_store(d->inode, i);
}

/* ---- the table ---- */

static void
dir_tree_insert(struct dentry *d, u64 cookie)
{
	struct rb_root *tree = &d->parent->dir_tree;
	struct rb_node **link = &tree->node, *up = NULL;
	struct rb_node *last = rb_last(tree);

	if (cookie == 0)	/* behind all others; 0 and 1 are the dots */
		cookie = last == NULL ? 2 :
		    RB_ENTRY(last, struct dentry, dir_node)->cookie + 1;
	d->cookie = cookie;
	while (*link != NULL) {
		up = *link;
		link = cookie < RB_ENTRY(up, struct dentry, dir_node)->cookie ?
		    &up->left : &up->right;
	}
	rb_link(&d->dir_node, up, link);
	rb_insert_fix(tree, &d->dir_node);
}

static void
dir_tree_remove(struct dentry *d)
{
	if (!rb_is_linked(&d->dir_node))
		return;
	rb_erase(&d->parent->dir_tree, &d->dir_node);
	rb_node_init(&d->dir_node);
}

static void
chain_add(struct dentry *d)
{
	u64 no = chain_no(d->parent, d->hash);

	spin_lock(chain_lock(no));
	hlist_push(chain_of(no), &d->hash_node);
	spin_unlock(chain_lock(no));
}

static void
chain_remove(struct dentry *d)
{
	u64 no = chain_no(d->parent, d->hash);

	spin_lock(chain_lock(no));
	if (hlist_is_linked(&d->hash_node))
		hlist_remove(&d->hash_node);
	spin_unlock(chain_lock(no));
}

static void
lru_add(struct dentry *d)
{
	spin_lock(&lru_lock);
	list_push_back(&lru, &d->lru);
	atomic_or(&d->flags, D_LRU);
	lru_len++;
	spin_unlock(&lru_lock);
}

struct dentry *
dentry_publish(struct dentry *d)
{
	u64 no = chain_no(d->parent, d->hash);
	struct dentry *other;

	spin_lock(chain_lock(no));
	other = dentry_find_rcu(d->parent, d->name, d->name_len, d->hash);
	if (other != NULL && ref_get_unless_zero(&other->refs)) {
		spin_unlock(chain_lock(no));
		dentry_put(d);
		return other;
	}
	dentry_get(d);				/* D2 */
	atomic_or(&d->flags, D_HASHED | D_USED);
	hlist_push(chain_of(no), &d->hash_node);
	spin_unlock(chain_lock(no));
	if (d->sb->pins_dentries)
		dir_tree_insert(d, 0);
	else
		lru_add(d);
	return d;
}

void
dentry_unpublish(struct dentry *d)
{
	u32 old = atomic_fetch_and(&d->flags, ~(u32)D_HASHED);

	if (!(old & D_HASHED))
		return;
	chain_remove(d);
	dir_tree_remove(d);
	lru_remove(d);
	dentry_put(d);				/* D2 */
}

void
dentry_drop(struct dentry *d)
{
	if (!d->sb->pins_dentries)
		dentry_unpublish(d);
}

static void
names_swap(struct dentry *a, struct dentry *b)
{
	const char *a_name = a->name, *b_name = b->name;
	bool a_long = name_is_long(a), b_long = name_is_long(b);
	char text[DNAME_INLINE];
	u64 hash = a->hash;
	u32 len = a->name_len;

	memcpy(text, a->inline_name, sizeof(text));
	memcpy(a->inline_name, b->inline_name, sizeof(text));
	memcpy(b->inline_name, text, sizeof(text));
	WRITE_ONCE(a->name, b_long ? b_name : a->inline_name);
	WRITE_ONCE(b->name, a_long ? a_name : b->inline_name);
	a->hash = b->hash;
	b->hash = hash;
	WRITE_ONCE(a->name_len, b->name_len);
	WRITE_ONCE(b->name_len, len);
}

void
dentry_move(struct dentry *d, struct dentry *over, bool exchange)
{
	struct dentry *from = d->parent, *to = over->parent;
	bool pins = d->sb->pins_dentries;
	bool was_hashed;

	spin_lock(&names_lock);
	seq_write_begin(&names_seq);		/* D3 */
	was_hashed = atomic_fetch_and(&over->flags,
	    exchange ? ~0u : ~(u32)D_HASHED) & D_HASHED;
	chain_remove(d);
	chain_remove(over);
	if (pins) {
		dir_tree_remove(d);
		dir_tree_remove(over);
	}
	names_swap(d, over);
	/* The references to the parents change owners with the parents. */
	WRITE_ONCE(d->parent, to);
	WRITE_ONCE(over->parent, from);
	chain_add(d);
	if (exchange)
		chain_add(over);
	if (pins) {
		dir_tree_insert(d, 0);
		if (exchange)
			dir_tree_insert(over, 0);
	}
	seq_write_end(&names_seq);
	spin_unlock(&names_lock);
	if (!exchange && was_hashed) {
		lru_remove(over);
		dentry_put(over);		/* D2 */
	}
}

bool
dentry_is_below(const struct dentry *d, const struct dentry *top)
{
	bool below = false;

	spin_lock(&names_lock);
	for (; !below && d != d->parent; d = d->parent)
		below = d == top;
	below = below || d == top;
	spin_unlock(&names_lock);
	return below;
}

/* ---- giving memory back ---- */

static u64
dcache_count(void)
{
	return READ_ONCE(lru_len) / DENTRIES_PER_FRAME;
}

/* Take up to max dead dentries off the list, oldest unused first. */
static u32
lru_reap(struct dentry *dead[], u32 max)
{
	u64 look = READ_ONCE(lru_len);
	u32 n = 0;

	if (!spin_trylock(&lru_lock))
		return 0;
	while (n < max && look-- > 0 && !list_is_empty(&lru)) {
		struct dentry *d = list_first(&lru, struct dentry, lru);

		list_remove(&d->lru);
		if (!(d->flags & D_USED) &&
		    atomic_cmpxchg(&d->refs, 1u, 0u) == 1) {
			atomic_and(&d->flags, ~(u32)(D_LRU | D_HASHED));
			lru_len--;
			dead[n++] = d;
			continue;
		}
		atomic_and(&d->flags, ~(u32)D_USED);
		list_push_back(&lru, &d->lru);
	}
	spin_unlock(&lru_lock);
	return n;
}

static u64
dcache_shrink(u64 want)
{
	struct dentry *dead[SHRINK_BATCH];
	u64 goal = want * DENTRIES_PER_FRAME, done = 0;

	while (done < goal) {
		u32 n = lru_reap(dead, MIN(goal - done, (u64)SHRINK_BATCH));

		for (u32 i = 0; i < n; i++) {
			chain_remove(dead[i]);
			dentry_free(dead[i], inode_put_later);
		}
		if (n == 0)
			break;
		done += n;
	}
	return done / DENTRIES_PER_FRAME;
}

/* Take up to max unused dentries of sb off the list, of the first *look on it,
 * the others of which go to its end; *look: how many are left to look at. */
static u32
lru_reap_sb(const struct superblock *sb, struct dentry *dead[], u32 max,
    u64 *look)
{
	u32 n = 0, steps = LRU_STEPS;

	spin_lock(&lru_lock);
	while (n < max && *look > 0 && steps-- > 0 && !list_is_empty(&lru)) {
		struct dentry *d = list_first(&lru, struct dentry, lru);

		(*look)--;
		list_remove(&d->lru);
		if (d->sb == sb && atomic_cmpxchg(&d->refs, 1u, 0u) == 1) {
			atomic_and(&d->flags, ~(u32)(D_LRU | D_HASHED));
			lru_len--;
			dead[n++] = d;
		} else {
			list_push_back(&lru, &d->lru);
		}
	}
	if (list_is_empty(&lru))
		*look = 0;
	spin_unlock(&lru_lock);
	return n;
}

/* A pass frees those that nothing refers to; then their parents are such. */
void
dcache_drop_sb(const struct superblock *sb)
{
	struct dentry *dead[SHRINK_BATCH];
	u64 look, done;
	u32 n;

	do {
		done = 0;
		look = READ_ONCE(lru_len);
		while (look > 0) {
			n = lru_reap_sb(sb, dead, SHRINK_BATCH, &look);
			for (u32 i = 0; i < n; i++) {
				chain_remove(dead[i]);
				dentry_free(dead[i], inode_put);
			}
			done += n;
			preempt_point();
		}
	} while (done > 0);
}

static struct shrinker dcache_shrinker = {
	.name = "dentries",
	.count = dcache_count,
	.shrink = dcache_shrink,
};

void
dcache_init(void)
{
	u32 chains = CHAINS_PER_FRAME;

	/* A chain for each 32 frames of memory. */
	while (chains < nframes / 32 &&
	    chains < TABLE_FRAMES_MAX * CHAINS_PER_FRAME)
		chains *= 2;
	for (u32 i = 0; i < chains / CHAINS_PER_FRAME; i++)
		dcache_table.frame[i] =
		    frame_virt(frame_get_zero(FRAME_KERNEL));
	dcache_table.shift = 64 - __builtin_ctz(chains);
	dcache_table.seed = random_u64();
	reserve_add_shrinker(&dcache_shrinker);
}
